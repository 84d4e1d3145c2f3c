"""A bounded store of what was used last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """Holds values up to a total weight; the one used longest ago goes first."""

    def __init__(self, limit: int, weigh: Callable[[V], int] = lambda _: 1) -> None:
        self._limit, self._weigh = limit, weigh
        self._held: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._weight = 0

    def __len__(self) -> int:
        return len(self._held)

    def held(self) -> list[K]:
        """The keys of all that is held now."""
        return list(self._held)

    def get(self, key: K) -> V | None:
        found = self._held.get(key)
        if found is None:
            return None
        self._held.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V) -> None:
        """Hold a value; one that has grown is put again, to be weighed again."""
        _, before = self._held.pop(key, (None, 0))
        weight = self._weigh(value)
        self._held[key] = (value, weight)
        self._weight += weight - before
        while self._weight > self._limit and len(self._held) > 1:
            _, (_, gone) = self._held.popitem(last=False)
            self._weight -= gone
