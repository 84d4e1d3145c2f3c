"""All cross checks of a catalogue. Pure: the loader gives the flaws their places.

One file per subject: `formula_rules`, `plan_rules`, `target_rules`, `result_rules`, `event_rules`,
`unit_rules`, `scheme_rules`. No rule stops another, so one run names everything that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from chitieu.catalogue.catalogue import BUILT_IN, Catalogue
from chitieu.catalogue.faults import EntryKey, Flaw, Here
from chitieu.catalogue.formula_rules import Known, indicator_flaws, metric_flaws
from chitieu.catalogue.plan_rules import plan_flaws
from chitieu.catalogue.scheme_rules import scheme_flaws
from chitieu.catalogue.unit_rules import unit_flaws


def check(
    catalogue: Catalogue,
    unread: frozenset[EntryKey] = frozenset(),
    provinces: frozenset[str] = frozenset(),
) -> tuple[Flaw, ...]:
    """Everything that is wrong between the entries of a catalogue, and inside them.

    `provinces` are the codes that a province ever bore; none given: they are not checked.

    `unread` names entries whose files could not be read: what refers to them is not a fault. Paths
    of a unit's flaws begin at its record, whose entry key is `("unit", "<code>@<from>")`.
    """
    flaws = tuple(_flaws(catalogue, Known(catalogue, unread)))
    return flaws + (tuple(_province_flaws(catalogue, provinces)) if provinces else ())


def _province_flaws(catalogue: Catalogue, provinces: frozenset[str]) -> Iterator[Flaw]:
    for plan in catalogue.plans.values():
        if plan.place is not None and plan.place not in provinces:
            here = Here(("plan", plan.name)).at("place")
            yield here.flaw("unknown_province", found=plan.place)
    for code, records in catalogue.units.items():
        for record in records:
            if record.province not in provinces:
                here = Here(("unit", f"{code}@{record.from_}")).at("province")
                yield here.flaw("unknown_province", found=record.province)


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
    for scheme in catalogue.schemes.values():
        yield from scheme_flaws(scheme, known)
