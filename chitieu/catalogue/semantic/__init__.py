"""Contradictions inside and between documents, found by computing over a catalogue. Pure.

One module per family of rules; a rule takes a `View` of one plan and gives its contradictions.
Nothing here reads the recorded findings: what a person found is found again, or it is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from chitieu.catalogue.catalogue import Catalogue, TargetEntry
from chitieu.catalogue.model import Finding, Text
from chitieu.catalogue.semantic import (
    printed,
    repeats,
    reporting,
    separators,
    states,
    tables,
    tiers,
    values,
    wholes,
)
from chitieu.catalogue.semantic.contradiction import KINDS, Clause, Contradiction, View

Rule = Callable[[View], Iterator[Contradiction]]

RULES: Final[tuple[Rule, ...]] = (
    tables.rows_that_do_not_add_up,
    tables.columns_that_do_not_add_up,
    values.one_duty,
    values.one_scope,
    values.facts,
    tables.budgets,
    wholes.wholes_and_parts,
    tiers.lower_tier_laxer,
    printed.fractions,
    printed.denominators,
    printed.references,
    tables.columns_of_one_name,
    reporting.before_the_period_ends,
    reporting.after_what_contains_them,
    wholes.larger_than_population,
    wholes.larger_than_whole,
    repeats.rows_repeat,
    repeats.rows_exchange,
    separators.mixed,
    separators.misplaced,
    states.note_and_result,
    states.joined_statements,
)


def find(catalogue: Catalogue) -> tuple[Contradiction, ...]:
    """Every contradiction: plans by name, in each by kind and place. Ids are unique in a plan."""
    entries: dict[str, list[TargetEntry]] = {name: [] for name in catalogue.plans}
    for entry in catalogue.targets.values():
        entries[entry.plan.name].append(entry)
    found: list[Contradiction] = []
    for name, plan in catalogue.plans.items():
        view = View(catalogue, plan, tuple(entries[name]))
        found += _numbered(one for rule in RULES for one in rule(view))
    return tuple(found)


def recorded(finding: Finding, contradiction: Contradiction) -> bool:
    """Whether a finding that a person recorded tells this contradiction: one kind, one place."""
    lines = [clause.lines for clause in contradiction.clauses if clause.document is None]
    return finding.code == contradiction.code and any(
        first <= line <= last for line in finding.lines for first, last in lines
    )


def _numbered(found: Iterable[Contradiction]) -> Iterator[Contradiction]:
    """In the order of the kinds; a second contradiction of one kind and place gets a number."""
    order = list(KINDS)
    seen: Counter[str] = Counter()
    for one in sorted(found, key=lambda one: order.index(one.code)):
        seen[one.id] += 1
        again = seen[one.id]
        anchor = f"{one.anchor}#{again}" if again > 1 else one.anchor
        # An address that begins a sentence.
        text = Text(**{name: said[:1].upper() + said[1:] for name, said in one.text})
        yield replace(one, anchor=anchor, text=text)


__all__ = ["KINDS", "RULES", "Clause", "Contradiction", "View", "find", "recorded"]
