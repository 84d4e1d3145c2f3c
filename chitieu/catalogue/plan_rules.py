"""Rules for plans, their rows and their tables. Pure. Targets: `target_rules`; results:
`result_rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from chitieu.catalogue.faults import Both, Fact, Flaw, Here, Path
from chitieu.catalogue.formula_rules import Known
from chitieu.catalogue.model import Party, Plan, Row, Table, Target
from chitieu.catalogue.result_rules import result_flaws
from chitieu.catalogue.target_rules import Clause, target_flaws
from chitieu.periods import parse_period

# Paths under a target's own in the API.
RESERVED_SEGMENTS: Final = frozenset({"result", "history", "units", "explanation", "receipt"})
PLACEHOLDER: Final = "0" * 64
# How a document prints that a column sets nothing.
_DASHES: Final = frozenset({"", "-", "–", "—"})


def plan_flaws(plan: Plan, known: Known) -> Iterator[Flaw]:
    """Flaws of a plan with all its rows, targets and results."""
    here = Here(("plan", plan.name))
    if plan.last_day < plan.in_force_from:
        yield here.at("in_force_from").flaw(
            "plan_days", found=str(plan.in_force_from), last_day=str(plan.last_day)
        )
    yield from unit_flaws(plan.issuer_unit, known, here.at("issuer_unit"))
    yield from _reserved_flaws(plan.name, here.at("name"))
    yield from _table_flaws(plan, here)
    for index, day in enumerate(plan.reporting):
        place = here.at("reporting", index)
        if parse_period(day.period) is None:
            yield place.at("period").flaw("bad_period", found=day.period)
        yield from lines_flaws(day.lines, place.at("lines"))
    yield from _named_row_flaws(plan, here)
    yield from _uniqueness_flaws(plan, here)
    for index, row in enumerate(plan.rows):
        yield from _row_flaws(plan, row, known, here.at("rows", index))


def unit_flaws(code: str | None, known: Known, here: Here) -> Iterator[Flaw]:
    """A flaw when a code is given and no unit has it."""
    units = known.catalogue.units
    if code is not None and known.missing("unit", code, units):
        yield here.flaw("unknown_unit", known=units, found=code)


def lines_flaws(lines: Sequence[int], here: Here) -> Iterator[Flaw]:
    """A flaw when [first, last] does not ascend from 1."""
    first, last = lines
    if not 1 <= first <= last:
        yield here.flaw("lines_descend", found=f"[{first}, {last}]")


def table_of(plan: Plan, row: Row) -> Table | None:
    """The printed table in which a row stands: the one with the longest key before the row's."""
    holding = [table for table in plan.tables if row.key.startswith(f"{table.key}/")]
    return max(holding, key=lambda table: len(table.key), default=None)


def _row_flaws(plan: Plan, row: Row, known: Known, here: Here) -> Iterator[Flaw]:
    yield from _reserved_flaws(row.key, here.at("key"))
    yield from lines_flaws(row.lines, here.at("lines"))
    if row.sha256 == PLACEHOLDER:
        yield here.at("sha256").flaw("placeholder_hash")
    if row.target is not None and row.targets:
        yield here.at("targets").flaw("target_and_targets", at_key=True)
    yield from _indicator_flaws(row, known, here)
    for key, parties in (("responsible", row.responsible), ("coordinating", row.coordinating)):
        yield from _party_flaws(parties, known, here.at(key))
    yield from _cell_flaws(plan, row, here)
    indicator = known.catalogue.indicators.get(row.indicator or "")
    for path, target_id, target in _targets(plan, row):
        clause = Clause(plan, row, target_id, indicator)
        yield from target_flaws(target, clause, known, here.at(*path))
    for key in row.targets:
        yield from _reserved_flaws(key, here.at("targets", key), at_key=True)
    for index, result in enumerate(row.results):
        yield from result_flaws(result, row, indicator, known, here.at("results", index))


def _targets(plan: Plan, row: Row) -> Iterator[tuple[tuple[str, ...], str, Target]]:
    row_id = f"{plan.name}/{row.key}"
    if row.target is not None:
        yield ("target",), row_id, row.target
    for key, target in row.targets.items():
        yield ("targets", key), f"{row_id}/{key}", target


def _indicator_flaws(row: Row, known: Known, here: Here) -> Iterator[Flaw]:
    sets_targets = row.target is not None or bool(row.targets)
    if row.indicator is None:
        if sets_targets:
            yield here.at("indicator").flaw("target_without_indicator")
        return
    indicators = known.catalogue.indicators
    if known.missing("indicator", row.indicator, indicators):
        yield here.at("indicator").flaw("unknown_indicator", known=indicators, found=row.indicator)
    if not sets_targets:
        yield here.at("indicator").flaw("row_without_target", indicator=row.indicator)


def _party_flaws(parties: Iterable[Party], known: Known, here: Here) -> Iterator[Flaw]:
    for index, party in enumerate(parties):
        yield from unit_flaws(party.unit, known, here.at(index, "unit"))


def _cell_flaws(plan: Plan, row: Row, here: Here) -> Iterator[Flaw]:
    """Cells stand in columns of the row's table; tier columns and targets tell the same."""
    table = table_of(plan, row)
    columns = {column.key: column for column in table.columns} if table else {}
    for key in row.cells:
        if key not in columns:
            place = here.at("cells", key)
            yield place.flaw("unknown_column", known=columns, at_key=True, found=key)
    tiers = {column.tier for column in columns.values() if column.tier}
    if not tiers or table is None:
        return
    set_tiers = set()
    for path, _, target in _targets(plan, row):
        set_tiers.add(target.tier)
        if target.tier not in tiers:
            yield here.at(*path, "tier").flaw(
                "tier_not_in_table", known=sorted(tiers), found=target.tier, table=table.key
            )
    for key, text in row.cells.items():
        tier = columns[key].tier if key in columns else None
        if tier and text.strip() not in _DASHES and tier not in set_tiers:
            yield here.at("cells", key).flaw(
                "tier_without_target", column=key, found=text, tier=tier
            )


def _reserved_flaws(key: str, here: Here, *, at_key: bool = False) -> Iterator[Flaw]:
    for segment in key.split("/"):
        if segment in RESERVED_SEGMENTS:
            yield here.flaw("reserved_segment", at_key=at_key, found=segment)


def _named_row_flaws(plan: Plan, here: Here) -> Iterator[Flaw]:
    """Rows that tables, facts and other rows name are there; statements have lines."""
    keys = {row.key for row in plan.rows}
    named: list[tuple[Here, str]] = []
    for index, table in enumerate(plan.tables):
        named += [(here.at("tables", index, "total"), table.total)] if table.total else []
    for index, fact in enumerate(plan.facts):
        place = here.at("facts", index)
        named += [(place.at("rows", number), key) for number, key in enumerate(fact.rows)]
        for number, statement in enumerate(fact.statements):
            yield from lines_flaws(statement.lines, place.at("statements", number, "lines"))
    for index, row in enumerate(plan.rows):
        place = here.at("rows", index, "refers_to")
        named += [(place.at(number), key) for number, key in enumerate(row.refers_to)]
    for place, key in named:
        if key not in keys:
            yield place.flaw("unknown_row", known=keys, found=key)


def _table_flaws(plan: Plan, here: Here) -> Iterator[Flaw]:
    tables: set[str] = set()
    for index, table in enumerate(plan.tables):
        place = here.at("tables", index)
        if table.key in tables:
            yield _duplicate(place.at("key"), Both("bảng", "table"), table.key, plan.name)
        tables.add(table.key)
        columns: set[str] = set()
        for number, column in enumerate(table.columns):
            if column.key in columns:
                what = Both("cột", "column")
                yield _duplicate(place.at("columns", number, "key"), what, column.key, table.key)
            columns.add(column.key)


def _uniqueness_flaws(plan: Plan, here: Here) -> Iterator[Flaw]:
    """Row keys, target ids, orders and clause addresses stand once in a plan."""
    ids: dict[str, str] = {}
    orders: dict[int, str] = {}
    clauses: dict[str, str] = {}
    for index, row in enumerate(plan.rows):
        place = here.at("rows", index)
        row_id = f"{plan.name}/{row.key}"
        own: list[tuple[Path, str]] = [(("key",), row_id)]
        own += [(("targets", key), f"{row_id}/{key}") for key in row.targets]
        for path, found in own:
            if found in ids:
                what = Both("mục tiêu hoặc dòng", "target or row")
                at_key = path[0] == "targets"
                yield _duplicate(place.at(*path), what, found, ids[found], at_key=at_key)
            ids.setdefault(found, row.clause)
        if row.order in orders:
            yield place.at("order").flaw("duplicate_order", found=row.order, row=orders[row.order])
        if row.clause in clauses:
            yield place.at("clause").flaw(
                "duplicate_clause", found=row.clause, row=clauses[row.clause]
            )
        orders.setdefault(row.order, row.key)
        clauses.setdefault(row.clause, row.key)


def _duplicate(place: Here, what: Both, found: str, other: Fact, *, at_key: bool = False) -> Flaw:
    return place.flaw("duplicate_id", at_key=at_key, what=what, found=found, place=other)
