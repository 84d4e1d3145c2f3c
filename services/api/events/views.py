"""What became of an event: where it stands, whether it counts, in which results. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from chitieu.periods import known_text
from chitieu.postgres.entry_facts import note_of
from chitieu.reports import Report
from chitieu.scoring.world import Fallen
from services.api.evaluations import Seen
from services.api.events.repository import Accepted, Amendment

Positions = Mapping[int, str]


class Verdicts:
    """Of every report of a unit's provinces: whether it is the measurement of its key, who uses it.

    The first province is where the unit was first; those that followed it may use it too.
    """

    def __init__(self, provinces: Sequence[Seen], as_of: dt.date) -> None:
        self._as_of = as_of
        self._groups: defaultdict[int, list[tuple[Report, Fallen | None]]] = defaultdict(list)
        self._last: dict[tuple[Any, ...], Report] = {}
        self._counted: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
        self._left: defaultdict[tuple[int, str], list[tuple[str, str]]] = defaultdict(list)
        for report, fallen in provinces[0].world.reports.every():
            self._groups[report.seq].append((report, fallen))
            if fallen is None:
                self._take(report)
        for outcome in (o for seen in provinces for o in seen.evaluated.outcomes):
            name, figures = outcome.asked.id, outcome.judgement.figures
            for item in figures.counted:
                if item.report is not None:
                    self._counted[item.report.seq, item.report.group].append(name)
            for left in figures.left_out:
                self._left[left.report.seq, left.report.group].append((name, left.why))

    def _take(self, report: Report) -> None:
        """The last of a key among the reports that count on the day."""
        if report.covers > self._as_of:
            return
        key = _key(report)
        held = self._last.get(key)
        if held is None or report.rank > held.rank:
            self._last[key] = report

    def ended(self, seq: int) -> set[int]:
        """The positions at which groups of an event ceased to stand."""
        return {fallen.at_seq for _, fallen in self._groups.get(seq, ()) if fallen is not None}

    def groups_json(self, seq: int, positions: Positions) -> list[dict[str, Any]]:
        """Each field group of an event."""
        found = sorted(self._groups.get(seq, ()), key=lambda item: item[0].group)
        return [self._group(report, fallen, positions) for report, fallen in found]

    def _group(self, report: Report, fallen: Fallen | None, positions: Positions) -> dict[str, Any]:
        why, by = self._why(report, fallen)
        used = (report.seq, report.group)
        return {
            "group": report.group,
            "fields": dict(report.fields),
            "counts": why is None,
            "why": why,
            "by": by if fallen is None else {
                "position": positions[fallen.at_seq], "known": known_text(fallen.at_known),
            },
            "counted_in": sorted(set(self._counted[used])),
            "left_out_of": [
                {"target": target, "reason": reason}
                for target, reason in sorted(set(self._left[used]))
            ],
        }  # fmt: skip

    def _why(
        self, report: Report, fallen: Fallen | None
    ) -> tuple[str | None, dict[str, Any] | None]:
        if fallen is not None:
            return fallen.why, None
        if report.covers > self._as_of:
            return "not_yet_covered", None
        last = self._last[_key(report)]
        if last is report:
            return None, None
        return "superseded", {"source": last.source, "id": last.event_id}


def _key(report: Report) -> tuple[Any, ...]:
    return (
        report.unit, report.metric, report.item, report.first, report.last, report.group
    )  # fmt: skip


def _without_recorded(body: dict[str, Any]) -> dict[str, Any]:
    """The data of a retraction, as it was sent."""
    return {name: value for name, value in body.items() if name != "recordedtime"}


def _amendment(event: Accepted, item: Amendment) -> dict[str, Any]:
    """`applies`: a correction of another metric, or that is not the later one, has no effect."""
    later = (item.time, item.source.encode(), item.event_id.encode()) > (
        event.time, event.source.encode(), event.event_id.encode(),
    )  # fmt: skip
    return {
        "source": item.source,
        "id": item.event_id,
        "time": item.time.isoformat().replace("+00:00", "Z"),
        "position": item.position,
        "known": known_text(item.known),
        "note": note_of(json.loads(item.body)),
        "applies": item.kind == "retraction" or (item.type == event.type and later),
    }


def told_positions(events: Sequence[Accepted], verdicts: Verdicts | None) -> set[int]:
    """Every position that the JSON of these events names by its number alone."""
    placed = {event.seq for event in events if event.seq is not None}
    return placed.union(*(verdicts.ended(seq) for seq in placed)) if verdicts else placed


def event_json(
    event: Accepted, verdicts: Verdicts | None, positions: Positions, scored: int,
    amended: Sequence[Amendment] = (),
) -> dict[str, Any]:  # fmt: skip
    """An event; `verdicts` are of its unit's province, None for a retraction.

    `positions`: of all in `told_positions`. `corrected_by` names what corrects it directly,
    `retracted_by` the first that retracts it.
    """
    body = json.loads(event.body)
    done = event.seq is not None and event.seq <= scored
    told = [(item.kind, _amendment(event, item)) for item in amended]
    groups = verdicts.groups_json(event.seq or 0, positions) if verdicts and done else []
    return {
        "source": event.source,
        "id": event.event_id,
        "sender": event.sender,
        "type": event.type,
        "subject": event.subject,
        "time": event.time.isoformat().replace("+00:00", "Z"),
        "corrects": event.corrects,
        "corrected_by": [item for kind, item in told if kind == "event"],
        "retracted_by": next((item for kind, item in told if kind == "retraction"), None),
        "note": note_of(body),
        "recordedtime": body.get("recordedtime"),
        "received_at": event.received_at.isoformat().replace("+00:00", "Z"),
        "position": None if event.seq is None else positions[event.seq],
        "known": None if event.known is None else known_text(event.known),
        "status": "scored" if done else ("placed" if event.seq is not None else "accepted"),
        "period": body.get("period"),
        "data": body["data"] if "data" in body else _without_recorded(body),
        "counts": any(group["counts"] for group in groups) if done else None,
        "groups": groups,
    }
