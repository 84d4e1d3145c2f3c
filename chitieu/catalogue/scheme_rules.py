"""Rules for summary schemes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from chitieu.catalogue.faults import Flaw, Here
from chitieu.catalogue.formula_rules import Known
from chitieu.catalogue.plan_rules import lines_flaws
from chitieu.catalogue.scheme_model import Scheme
from chitieu.text import decimal_text


def scheme_flaws(scheme: Scheme, known: Known) -> Iterator[Flaw]:
    """Flaws of one scheme."""
    here = Here(("scheme", scheme.name))
    if scheme.each is None and not scheme.weights:
        yield here.at("name").flaw("scheme_empty")
    if scheme.each is not None and not scheme.assumed:
        yield here.at("each").flaw("scheme_reason", found=decimal_text(scheme.each))
    plans = known.catalogue.plans
    if scheme.plan is not None and known.missing("plan", scheme.plan, plans):
        yield here.at("plan").flaw("unknown_plan", known=plans, found=scheme.plan)
        return
    seen: set[str] = set()
    for index, weight in enumerate(scheme.weights):
        place = here.at("weights", index)
        yield from lines_flaws(weight.lines, place.at("lines"))
        plan = weight.target.partition("/")[0]
        if plan != scheme.plan:
            yield place.at("target").flaw(
                "weight_plan", found=weight.target, plan=scheme.plan or "–"
            )
        elif weight.target in seen:
            yield place.at("target").flaw("duplicate_weight", found=weight.target)
        elif plan in plans and weight.target not in known.catalogue.targets:
            targets = [name for name in known.catalogue.targets if name.startswith(f"{plan}/")]
            yield place.at("target").flaw("unknown_target", known=targets, found=weight.target)
        seen.add(weight.target)
