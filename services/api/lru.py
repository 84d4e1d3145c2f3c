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
        self._held: OrderedDict[K, V] = OrderedDict()
        self._weight = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: K) -> V | None:
        value = self._held.get(key)
        if value is not None:
            self._held.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        before = self._held.pop(key, None)
        if before is not None:
            self._weight -= self._weigh(before)
        self._held[key] = value
        self._weight += self._weigh(value)
        while self._weight > self._limit and len(self._held) > 1:
            _, gone = self._held.popitem(last=False)
            self._weight -= self._weigh(gone)
