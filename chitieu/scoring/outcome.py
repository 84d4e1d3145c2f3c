"""A target evaluated at (`as_of`, known): verdict, whether it is final, since when it is met."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from chitieu.periods import ONE_DAY, Period, containing, whole_periods
from chitieu.reports import Report
from chitieu.scoring.asked import Asked
from chitieu.scoring.compare import EXACT, count_gap, total_gap
from chitieu.scoring.judge import judge
from chitieu.scoring.judgement import Judgement
from chitieu.scoring.outlook import Ahead, Outlook, look_ahead
from chitieu.scoring.relevant import covered_days, newest_known
from chitieu.scoring.world import World
from chitieu.text import decimal_text


@dataclass
class Outcome:
    """One result before it is written down. Dates are None where they do not apply."""

    world: World
    asked: Asked
    as_of: dt.date
    judgement: Judgement
    final: bool
    met_on: dt.date | None = None
    days_late: int | None = None

    @property
    def evaluated_on(self) -> dt.date:
        return self.judgement.on

    @property
    def in_force(self) -> bool:
        return self.judgement.verdict != "not_in_force"

    @cached_property
    def ahead(self) -> Ahead:
        """The outlook with its forecast, made when first asked for."""
        return look_ahead(self.world, self.asked, self.judgement, self.final)

    @property
    def outlook(self) -> Outlook | None:
        return self.ahead.outlook

    @property
    def gap_count(self) -> int | None:
        judgement, target = self.judgement, self.asked.target
        if judgement.numerator is None or target.value is None:
            return 0 if judgement.met else None
        if judgement.met:
            return 0
        comparator, value = self.asked.required
        if judgement.denominator is None:
            return total_gap(judgement.numerator, comparator, value)
        return count_gap(judgement.numerator, judgement.denominator, comparator, value)

    @property
    def gap_points(self) -> str | None:
        judgement, target = self.judgement, self.asked.target
        if judgement.actual is None or target.value is None:
            return None
        if judgement.met:
            return "0"
        return decimal_text(abs(EXACT.subtract(self.asked.required[1], judgement.actual)))

    @cached_property
    def changed(self) -> int:
        """Known time of the newest entry that this result rests on."""
        asked, on = self.asked, self.evaluated_on
        registry = self.world.registry
        known = [registry.defined_known.get(asked.id, registry.catalogue_known)]
        known.append(newest_known(self.world, asked, on))
        for unit in asked.units_ever:
            known += [version.known for version in unit.versions]
            for waiver, withdrawn in registry.waivers.history_of(unit.codes):
                if waiver.frees_of(asked.reported):
                    known += [waiver.known, withdrawn.known if withdrawn else 0]
        condition = registry.conditions.get(asked.id)
        if condition:
            known.append(condition.known)
        return max(known)


def evaluate(world: World, asked: Asked, as_of: dt.date) -> Outcome:
    """The result of a target at the end of `as_of`."""
    outcome = judged(world, asked, as_of)
    _since(outcome)
    return outcome


def judged(world: World, asked: Asked, as_of: dt.date) -> Outcome:
    """`evaluate` without what looks at other days: since when it is met."""
    limit = asked.judged_on
    on = min(as_of, limit)
    ongoing = asked.indicator.formula == "task" and asked.target.due is None
    final = as_of > (max(limit, asked.plan.last_day) if ongoing else limit)
    judgement = judge(world, asked, on)
    outcome = Outcome(world, asked, as_of, judgement, final)
    _in_force(outcome)
    if judgement.reason == "no_report" and asked.issuer_ended and final:
        judgement.reason = "issuer_ended"
    return outcome


def _in_force(outcome: Outcome) -> None:
    """Whether the target binds on `as_of`; its figures are shown whatever the answer."""
    asked, judgement = outcome.asked, outcome.judgement
    if judgement.verdict == "not_applicable" and judgement.reason == "no_target":
        return
    if asked.waits(outcome.as_of):
        judgement.verdict, judgement.reason = "not_in_force", "condition"
    elif outcome.as_of < asked.in_force_from:
        judgement.verdict, judgement.reason = "not_in_force", "not_yet"


def _change_days(outcome: Outcome, last: dt.date) -> list[dt.date]:
    """Days up to `last` on which the verdict can change, newest first."""
    world, asked = outcome.world, outcome.asked
    first, registry = asked.in_force_from, world.registry
    days = {first, last} | covered_days(world, asked, last)
    for unit in registry.units_ever_in(asked.place):
        days |= {version.from_ for version in unit.versions}
        days |= {version.closed + ONE_DAY for version in unit.versions if version.closed}
    for unit in asked.units_ever:
        for waiver in registry.waivers.of_any(unit.codes, asked.reported):
            days |= {waiver.days.first, waiver.days.last + ONE_DAY}
    cadence = asked.metric.cadence if asked.metric else "none"
    # An ongoing task goes stale with the quarter.
    ongoing = "quarter" if asked.indicator.formula == "task" else "none"
    for name in {cadence, ongoing, asked.plan.reporting_period} - {"none", "day"}:
        for period in whole_periods(name, Period(containing(name, first).first, last)):
            days |= {period.last, period.last + ONE_DAY}
    return sorted((day for day in days if first <= day <= last), reverse=True)


def _since(outcome: Outcome) -> None:
    """`met_on`: first day of the unbroken stretch in which it is met; looked for up to `as_of`."""
    judgement, asked = outcome.judgement, outcome.asked
    end = outcome.evaluated_on
    if not judgement.met:
        late = outcome.final and judgement.verdict == "not_met" and asked.target.due
        if not late or asked.target.maintain or not judge(outcome.world, asked, outcome.as_of).met:
            return
        end = outcome.as_of
    since = end
    for day in _change_days(outcome, end)[1:]:
        if not judge(outcome.world, asked, day).met:
            break
        since = day
    outcome.met_on = since
    due = asked.target.due
    if not judgement.met and due is not None and since > due:
        outcome.days_late = (since - due).days


__all__ = ["Outcome", "Report", "evaluate"]
