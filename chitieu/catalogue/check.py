"""All cross checks of a catalogue. Pure: the loader gives the flaws their places.

One file per subject: `formula_rules`, `plan_rules`, `target_rules`, `result_rules`, `event_rules`,
`unit_rules`. No rule stops another, so one run names everything that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from chitieu.catalogue.catalogue import BUILT_IN, Catalogue
from chitieu.catalogue.faults import EntryKey, Flaw
from chitieu.catalogue.formula_rules import Known, indicator_flaws, metric_flaws
from chitieu.catalogue.plan_rules import plan_flaws
from chitieu.catalogue.unit_rules import unit_flaws


def check(catalogue: Catalogue, unread: frozenset[EntryKey] = frozenset()) -> tuple[Flaw, ...]:
    """Everything that is wrong between the entries of a catalogue, and inside them.

    `unread` names entries whose files could not be read: what refers to them is not a fault. Paths
    of a unit's flaws begin at its record, whose entry key is `("unit", "<code>@<from>")`.
    """
    return tuple(_flaws(catalogue, Known(catalogue, unread)))


def _flaws(catalogue: Catalogue, known: Known) -> Iterator[Flaw]:
    for metric in catalogue.metrics.values():
        if metric.name not in BUILT_IN:
            yield from metric_flaws(metric)
    for indicator in catalogue.indicators.values():
        yield from indicator_flaws(indicator, known)
    for plan in catalogue.plans.values():
        yield from plan_flaws(plan, known)
    for code, records in catalogue.units.items():
        yield from unit_flaws(code, records)
