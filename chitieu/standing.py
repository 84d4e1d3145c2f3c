"""Which events stand: corrections and retractions, in whatever order they arrive. Pure.

An event stands unless a retraction of its sender names it, or an event of the same sender and
source that is not itself retracted corrects it, directly or through a chain of which each link is
later than what it corrects by (time, source, id) and of the same metric.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal, NamedTuple

from chitieu.reports import OrderKey


class Identity(NamedTuple):
    """Sender, source and id of an event."""

    organisation: int
    source: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Node:
    """What standing needs to know of an event."""

    identity: Identity
    seq: int
    unit: str
    metric: str
    sent: OrderKey
    corrects: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """An event begins or ceases to stand by the entry that is being applied."""

    seq: int
    unit: str
    metric: str
    stands: bool
    why: Literal["corrected", "retracted", "restored"]


class Standing:
    """Holds only events that amend or are amended, so it stays small beside the log."""

    def __init__(self) -> None:
        self._nodes: dict[Identity, Node] = {}
        self._corrections: defaultdict[Identity, list[Identity]] = defaultdict(list)
        self._retracted: set[Identity] = set()
        self._fallen: set[Identity] = set()

    def is_named(self, identity: Identity) -> bool:
        """True when an amendment that came earlier names this event."""
        return identity in self._retracted or identity in self._corrections

    def knows(self, identity: Identity) -> bool:
        """True when the event itself was given."""
        return identity in self._nodes

    def node(self, identity: Identity) -> Node | None:
        """The event, if it was given here."""
        return self._nodes.get(identity)

    def named_by(self, node: Node) -> Identity | None:
        """The event that this one corrects."""
        if node.corrects is None:
            return None
        return Identity(node.identity.organisation, node.identity.source, node.corrects)

    def stands(self, identity: Identity) -> bool:
        """True unless it was given here and has fallen."""
        return identity not in self._fallen

    def add(self, node: Node) -> list[Change]:
        """Give an event; returns every event whose standing this changes, itself included."""
        self._nodes[node.identity] = node
        named = self.named_by(node)
        if named is not None:
            self._corrections[named].append(node.identity)
        return self._settle(node.identity)

    def retract(self, identity: Identity) -> list[Change]:
        """A retraction names this event, given already or not."""
        if identity in self._retracted:
            return []
        self._retracted.add(identity)
        return self._settle(identity)

    def _settle(self, start: Identity) -> list[Change]:
        """Recompute an event and all that it corrects, up the chain."""
        changes: list[Change] = []
        seen: set[Identity] = set()
        current: Identity | None = start
        while current is not None and current not in seen:
            seen.add(current)
            node = self._nodes.get(current)
            if node is None:
                break
            fell, was = self._reason(node), current in self._fallen
            if fell and not was:
                self._fallen.add(current)
                changes.append(Change(node.seq, node.unit, node.metric, False, fell))
            elif was and not fell:
                self._fallen.discard(current)
                changes.append(Change(node.seq, node.unit, node.metric, True, "restored"))
            current = self.named_by(node)
        return changes

    def _reason(self, node: Node) -> Literal["corrected", "retracted"] | None:
        if node.identity in self._retracted:
            return "retracted"
        ahead, seen = [node], {node.identity}
        while ahead:
            corrected = ahead.pop()
            for identity in self._corrections.get(corrected.identity, ()):
                other = self._nodes.get(identity)
                if (
                    other is None
                    or identity in seen
                    or other.metric != node.metric
                    or other.sent <= corrected.sent
                ):
                    continue
                if identity not in self._retracted:
                    return "corrected"
                seen.add(identity)
                ahead.append(other)
        return None
