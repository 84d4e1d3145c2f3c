"""What `chitieu catalogue check --semantic` and `letter` do; the command line is `chitieu.cli`."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from chitieu.catalogue import command
from chitieu.catalogue.catalogue import Catalogue
from chitieu.catalogue.faults import Language, nearest
from chitieu.catalogue.load import load
from chitieu.catalogue.semantic.contradiction import KINDS, Contradiction
from chitieu.catalogue.semantic.letter import document, letter, places


@dataclass(frozen=True)
class Compared:
    """What was found against what the plans acknowledge, by `plan id`."""

    found: tuple[Contradiction, ...]
    new: frozenset[str]
    gone: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Nothing new, and nothing acknowledged that is no longer so."""
        return not (self.new or self.gone)


def compare(catalogue: Catalogue) -> Compared:
    """Contradictions that no plan's `acknowledged` names, and names that nothing answers to."""
    found = {_name(one): one for one in catalogue.contradictions}
    known = [
        f"{plan.name} {name}" for plan in catalogue.plans.values() for name in plan.acknowledged
    ]
    new = frozenset(found).difference(known)
    return Compared(tuple(found.values()), new, tuple(n for n in known if n not in found))


def check(paths: Sequence[Path], *, json: bool, stream: TextIO, language: Language = "vi") -> int:
    """Print every contradiction of the catalogue with these paths laid over it.

    0 when exactly the acknowledged ones are found: documents stay as they are for ever. 1 when one
    is new or no longer there, or the catalogue has faults; these are printed instead. 2 when a path
    does not exist.
    """
    try:
        loaded = load(command.roots_of(paths))
    except FileNotFoundError as error:
        stream.write(f"{error}\n")
        return 2
    if loaded.faults:
        return command.check(paths, json=json, stream=stream, language=language)
    compared = compare(loaded.catalogue)
    if json:
        text = json_text.dumps(_wire(compared), ensure_ascii=False, indent=1)
        stream.write(f"{text}\n")
    else:
        for line in _told(loaded.catalogue, compared, language):
            stream.write(f"{line}\n")
    return 0 if compared.agrees else 1


def draft(name: str, catalogue: Catalogue, language: Language = "vi") -> str | None:
    """The letter to the issuer of a plan; None where there is nothing to ask.

    LookupError with the nearest name when there is no such plan.
    """
    plan = catalogue.plans.get(name)
    if plan is None:
        near = nearest(name, list(catalogue.plans))
        vi, en = f"Không có kế hoạch “{name}”.", f"There is no plan “{name}”."
        if near:
            vi, en = f"{vi} Ý bạn là “{near}”?", f"{en} Did you mean “{near}”?"
        raise LookupError(vi if language == "vi" else en)
    found = [one for one in catalogue.contradictions if one.plan == name]
    return letter(plan, found, language) if found else None


def _name(one: Contradiction) -> str:
    return f"{one.plan} {one.id}"


def _wire(compared: Compared) -> Mapping[str, object]:
    return {
        "contradictions": [
            {**one.to_wire(), "acknowledged": _name(one) not in compared.new}
            for one in compared.found
        ],
        "no_longer_found": [
            dict(zip(("plan", "id"), name.split(" ", 1), strict=True)) for name in compared.gone
        ],
    }


def _told(catalogue: Catalogue, compared: Compared, language: Language) -> Iterator[str]:
    vi = language == "vi"
    for plan in catalogue.plans.values():
        found = [one for one in compared.found if one.plan == plan.name]
        if found:
            yield f"{plan.name}: {document(plan, language)}"
        for one in found:
            mark = (" (mới)" if vi else " (new)") if _name(one) in compared.new else ""
            yield f"  {one.id}: {getattr(KINDS[one.code], language)}{mark}"
            yield f"    {getattr(one.text, language)}"
            for clause in one.clauses:
                yield f"    - {places(clause, language)}: “{clause.printed}”"
            yield f"    → {getattr(one.reading, language)}"
    for name in compared.gone:
        told = "đã ghi nhận mà không còn thấy" if vi else "acknowledged, but no longer found"
        yield f"{name}: {told}"
    counts = len(compared.found), len(compared.new), len(compared.gone)
    yield (
        "{} mâu thuẫn; {} chưa ghi nhận, {} không còn" if vi
        else "{} contradictions; {} not acknowledged, {} no longer found"
    ).format(*counts)  # fmt: skip
