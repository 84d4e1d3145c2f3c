"""What `chitieu catalogue check` and `show` do; the command line itself is `chitieu.cli`."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, TextIO

from chitieu.catalogue.catalogue import Catalogue, TargetEntry
from chitieu.catalogue.coverage import Coverage, coverage_faults, read_coverage
from chitieu.catalogue.faults import Fault, Language, nearest
from chitieu.catalogue.load import Loaded, load, shown_path
from chitieu.catalogue.location import default_root
from chitieu.catalogue.model import Indicator, Metric, Plan, Text
from chitieu.text import decimal_text

# What `show` calls the keys of files, in Vietnamese.
_LABELS: Final = {
    "indicator": "chỉ số",
    "value": "mức",
    "each": "mức của từng đơn vị",
    "due": "hạn",
    "tier": "cấp đặt",
    "force": "mức ràng buộc",
    "scope": "phạm vi",
    "units": "đơn vị",
    "where": "điều kiện",
    "condition": "chỉ khi",
    "same_as": "nhắc lại",
    "part_of": "là phần của",
    "citation": "trích dẫn",
    "document": "văn bản",
    "number": "số",
    "issued": "ban hành",
    "issuer": "cơ quan",
    "place": "địa bàn",
    "in force": "hiệu lực",
    "rows": "dòng",
    "findings": "điểm không khớp",
    "formula": "công thức",
    "metric": "số liệu",
    "numerator": "tử số",
    "denominator": "mẫu số",
    "achieved": "đạt khi",
    "inner": "tỷ lệ riêng",
    "window": "cửa sổ",
    "min_reported": "tỷ lệ báo cáo tối thiểu",
    "concerns": "đối tượng",
    "form": "dạng",
    "cadence": "nhịp báo cáo",
    "states": "trạng thái",
    "assumed": "cách hiểu",
    "finding": "không khớp",
}


def check(paths: Sequence[Path], *, json: bool, stream: TextIO, language: Language = "vi") -> int:
    """Check the bundled catalogue with these paths laid over it; 0 without faults, 1 with, 2 when a
    path does not exist. Prints every fault and a last line with counts, or with `json` a list.
    """
    roots = roots_of(paths)
    try:
        loaded = load(roots)
    except FileNotFoundError as error:
        stream.write(f"{error}\n")
        return 2
    faults = [*loaded.faults, *_coverage_faults(loaded.catalogue, roots)]
    if json:
        text = json_text.dumps([fault.to_wire() for fault in faults], ensure_ascii=False, indent=1)
        stream.write(f"{text}\n")
    else:
        for fault in faults:
            stream.write(f"{fault.render(language)}\n")
        stream.write(f"{summary(loaded, len(faults), language)}\n")
    return 1 if faults else 0


def summary(loaded: Loaded, faults: int, language: Language) -> str:
    """One line: how much was read and how much of it is wrong."""
    catalogue = loaded.catalogue
    rows = sum(len(plan.rows) for plan in catalogue.plans.values())
    counts = (
        loaded.files, len(catalogue.plans), rows, len(catalogue.targets),
        len(catalogue.indicators), len(catalogue.metrics), len(catalogue.units),
    )  # fmt: skip
    if language == "vi":
        words = "tệp", "kế hoạch", "dòng", "mục tiêu", "chỉ số", "số liệu", "đơn vị"
        end = f"{faults} lỗi" if faults else "không có lỗi"
    else:
        words = "files", "plans", "rows", "targets", "indicators", "metrics", "units"
        end = f"{faults} fault{'s' * (faults > 1)}" if faults else "no faults"
    told = ", ".join(f"{count} {word}" for count, word in zip(counts, words, strict=True))
    return f"{told}: {end}"


def show(name: str, catalogue: Catalogue, language: Language = "vi") -> str:
    """A target, indicator, metric or plan in words, with its citation.

    LookupError with the nearest name when there is none of that name.
    """
    if entry := catalogue.targets.get(name):
        return _target_text(entry, language)
    if plan := catalogue.plans.get(name):
        return _plan_text(plan, language)
    found = [table[name] for table in (catalogue.indicators, catalogue.metrics) if name in table]
    if found:
        # `task` is both an indicator and a metric: show both.
        return "\n\n".join(
            _indicator_text(one, language)
            if isinstance(one, Indicator)
            else _metric_text(one, language)
            for one in found
        )
    names = [*catalogue.targets, *catalogue.plans, *catalogue.indicators, *catalogue.metrics]
    near = nearest(name, names)
    vi, en = f"Không có “{name}”.", f"There is no “{name}”."
    if near:
        vi, en = f"{vi} Ý bạn là “{near}”?", f"{en} Did you mean “{near}”?"
    raise LookupError(vi if language == "vi" else en)


def coverages_of(root: Path) -> list[Coverage]:
    """The coverage files of a catalogue folder, by document; none when it has no `coverage`."""
    files = sorted((root / "coverage").glob("*.csv"))
    return [read_coverage(file.read_bytes(), shown_path(file), file.stem) for file in files]


def roots_of(paths: Iterable[Path]) -> list[Path]:
    """The bundled catalogue, and the paths that it does not hold already."""
    root = default_root()
    return [root, *(path for path in paths if not path.resolve().is_relative_to(root))]


def _coverage_faults(catalogue: Catalogue, roots: Iterable[Path]) -> Iterable[Fault]:
    for root in roots:
        for coverage in coverages_of(root):
            yield from coverage_faults(catalogue, coverage)


def _said(text: Text, language: Language) -> str:
    said: str = getattr(text, language)
    return said


def _lines(pairs: Iterable[tuple[str, object]], language: Language) -> str:
    """`label: value` for each value there is, labels in the reader's language."""
    shown = []
    for name, value in pairs:
        if value in (None, "", ()):
            continue
        label = _LABELS.get(name, name) if language == "vi" else name
        text = json_text.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
        shown.append(f"  {label}: {text}")
    return "\n".join(shown)


def _target_text(entry: TargetEntry, language: Language) -> str:
    plan, row, target = entry.plan, entry.row, entry.target
    value = "–" if target.value is None else f"{target.comparator} {decimal_text(target.value)}"
    lines = target.lines or row.lines
    head = f"{entry.id}\n  {_said(row.title, language)}"
    body = _lines(
        [
            ("indicator", entry.indicator),
            ("value", f"{value} ({target.printed})"),
            ("each", target.each and f"{target.each.comparator} {decimal_text(target.each.value)}"),
            ("due", f"{target.due or '–'} ({target.due_text})"),
            ("tier", f"{target.tier} ({target.set_by})"),
            ("force", target.force),
            ("scope", _said(target.scope.label, language)),
            ("units", ", ".join(target.scope.units)),
            ("where", target.scope.where),
            ("condition", target.condition and _said(target.condition, language)),
            ("same_as", target.same_as),
            ("part_of", target.part_of),
            ("citation", f"{plan.document}, {row.clause}, {lines[0]}–{lines[1]}"),
        ],
        language,
    )
    assumed = (*target.assumed, *row.assumed, *plan.assumed)
    notes = [
        ("assumed", f"{one.about}: {_said(one.reading, language)} {_said(one.reason, language)}")
        for one in assumed
    ]
    findings = (*target.findings, *row.findings)
    notes += [("finding", f"{one.code}: {_said(one.text, language)}") for one in findings]
    return "\n".join(part for part in (head, body, _lines(notes, language)) if part)


def _plan_text(plan: Plan, language: Language) -> str:
    head = f"{plan.name}\n  {_said(plan.title, language)}"
    body = _lines(
        [
            ("document", plan.document),
            ("number", plan.number),
            ("issued", plan.issued),
            ("issuer", plan.issuer),
            ("place", plan.place),
            ("in force", f"{plan.in_force_from} – {plan.last_day}"),
            ("rows", len(plan.rows)),
            ("findings", len(plan.findings)),
        ],
        language,
    )
    return f"{head}\n{body}"


def _indicator_text(indicator: Indicator, language: Language) -> str:
    head = f"{indicator.name}\n  {_said(indicator.title, language)}"
    body = _lines(
        [
            ("formula", indicator.formula),
            ("metric", indicator.metric),
            ("numerator", indicator.numerator),
            ("denominator", indicator.denominator),
            (
                "achieved",
                indicator.achieved and indicator.achieved.model_dump(exclude_defaults=True),
            ),
            ("inner", indicator.inner),
            ("window", indicator.window),
            ("min_reported", decimal_text(indicator.min_reported)),
            ("concerns", indicator.concerns),
        ],
        language,
    )
    return f"{head}\n{body}"


def _metric_text(metric: Metric, language: Language) -> str:
    head = f"{metric.name}\n  {_said(metric.title, language)}\n  {_said(metric.counts, language)}"
    fields = [
        (f"{group.name}.{field.name}", f"{field.type}, {_said(field.title, language)}")
        for group in metric.groups
        for field in group.fields
    ]
    body = _lines(
        [
            ("form", metric.form),
            ("cadence", metric.cadence),
            ("states", ", ".join(metric.states)),
            *fields,
        ],
        language,
    )
    return f"{head}\n{body}"
