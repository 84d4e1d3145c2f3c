"""The catalogue's files: each fault where it stands, and the real ones without any.

`bad_catalogue/<code>` is a file (or folder) with exactly that fault, laid over
`bad_catalogue/base`; `expected.csv` says where it is and what is said.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from chitieu.catalogue import source
from chitieu.catalogue.catalogue import BUILT_IN, Catalogue
from chitieu.catalogue.command import check, coverages_of, show
from chitieu.catalogue.coverage import coverage_faults, read_coverage
from chitieu.catalogue.faults import WORDING, Fault, Language
from chitieu.catalogue.generate import generated
from chitieu.catalogue.load import Loaded, load
from chitieu.catalogue.location import default_root
from chitieu.catalogue.result_rules import printed_percent, rounded

ROOT = Path(__file__).parents[1]
BAD = Path(__file__).parent / "bad_catalogue"
BASE = BAD / "base"
SECONDS_MAX = 5.0

with (BAD / "expected.csv").open(encoding="utf-8", newline="") as _file:
    EXPECTED = {row["code"]: row for row in csv.DictReader(_file)}


@pytest.fixture(scope="module")
def real() -> Loaded:
    return load([default_root()])


def faults_of(bad: Path) -> list[Fault]:
    if bad.suffix != ".csv":
        return list(load([BASE, bad]).faults)
    # A coverage file is named like its document; only one of them is named wrongly.
    document = "other-document" if bad.stem == "coverage-document" else "base-document"
    coverage = read_coverage(bad.read_bytes(), bad.name, document)
    return list(coverage_faults(load([BASE]).catalogue, coverage))


def bad_files() -> list[Path]:
    return sorted(path for path in BAD.iterdir() if path.name not in ("base", "expected.csv"))


# --- faults ----------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", bad_files(), ids=lambda path: str(path.stem))
def test_a_bad_file_has_its_fault_at_its_place(bad: Path) -> None:
    code = bad.stem.replace("-", "_")
    expected = EXPECTED[code]
    faults = faults_of(bad)
    assert [fault.code for fault in faults] == [code]
    fault = faults[0]
    assert (fault.line, fault.column) == (int(expected["line"]), int(expected["column"]))
    assert expected["vi"] in fault.message.vi
    assert expected["en"] in fault.message.en
    assert fault.hint.vi != fault.hint.en


def test_every_code_has_a_bad_file_and_every_file_a_code() -> None:
    assert {path.stem.replace("-", "_") for path in bad_files()} == set(WORDING) == set(EXPECTED)


def test_the_good_files_under_the_bad_ones_have_no_fault() -> None:
    assert load([BASE]).faults == ()


def test_all_faults_are_named_at_once_and_sorted() -> None:
    loaded = load([BASE, BAD / "due-too-late.yaml", BAD / "agrees-wrong.yaml", BAD / "tab.yaml"])
    assert [fault.code for fault in loaded.faults] == ["agrees_wrong", "due_too_late", "tab"]


def test_a_file_that_cannot_be_read_makes_no_second_fault(tmp_path: Path) -> None:
    for file in BASE.iterdir():
        text = file.read_text(encoding="utf-8")
        broken = file.name in ("cashless-share.yaml", "units.yaml", "payments.yaml")
        text = text.replace("version: 1", "version: 2") if broken else text
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    codes = [fault.code for fault in load([tmp_path]).faults]
    assert codes == ["unknown_version"] * 3


def test_a_fault_is_shown_with_its_line_a_caret_and_a_hint() -> None:
    (fault,) = load([BASE, BAD / "unknown-indicator.yaml"]).faults
    first, excerpt, caret, hint = fault.render("en").split("\n")
    assert first.endswith(
        "unknown-indicator.yaml:23:16: unknown_indicator: there is no indicator “cashles-share”"
    )
    assert excerpt[caret.index("^") :] == "cashles-share"
    assert hint.strip().startswith("→ Did you mean “cashless-share”?")
    assert "Ý bạn là “cashless-share”?" in fault.render("vi")


# --- reading ---------------------------------------------------------------------------------


def data_of(text: str) -> dict[str, Any]:
    read = source.read(text.encode(), "x.yaml")
    assert read.faults == ()
    assert read.data is not None
    return read.data


def test_scalars_follow_yaml_1_2() -> None:
    text = "{a: no, b: on, c: 2025-12-31, d: true, e: ~, f: 85, g: '85', h: 58F01, 1: y, i: 0x1F}"
    assert data_of(text) == {
        "a": "no",
        "b": "on",
        "c": "2025-12-31",
        "d": True,
        "e": None,
        "f": 85,
        "g": "85",
        "h": "58F01",
        "1": "y",
        "i": 31,
    }


def test_texts_and_keys_become_nfc() -> None:
    decomposed = unicodedata.normalize("NFD", "hồ sơ")
    assert data_of(f"{decomposed}: {decomposed}") == {"hồ sơ": "hồ sơ"}
    twice = source.read(f"hồ sơ: 1\n{decomposed}: 2".encode(), "x.yaml")
    assert [fault.code for fault in twice.faults] == ["duplicate_key"]


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    read = source.read("\ufeffa: 1\r\nb: 2\r\n".encode(), "x.yaml")
    assert (read.data, read.locate(("b",))) == ({"a": 1, "b": 2}, (2, 4))


@pytest.mark.parametrize("text", ["a: *x", "a: &x 1", "a: !!int x", "a: !x y", "a: [*x, *y]"])
def test_anchors_aliases_and_tags_are_refused(text: str) -> None:
    read = source.read(text.encode(), "x.yaml")
    assert {fault.code for fault in read.faults} == {"anchor"}


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: [1", (2, 1), "bracket opened at 1:4"),
        ('a: "x', (2, 1), "quotation opened at 1:4"),
        ("a: 'it's'", (1, 8), "inside '…' is written ''"),
        ("a: - b", (1, 4), "new line before the dash"),
        ("a: @b", (1, 4), "Put the value in quotes"),
        ('a: "\\q"', (1, 5), "Use single quotes"),
        ("- a\nb: c", (2, 1), "indented alike"),
        ("a: 1\n b: 2", (2, 3), "indent keys of one level alike"),
    ],
)
def test_syntax_is_explained(text: str, place: tuple[int, int], words: str) -> None:
    read = source.read(f"{text}\n".encode(), "x.yaml")
    (fault,) = read.faults
    assert (fault.code, fault.line, fault.column) == ("yaml_syntax", *place)
    assert words in fault.hint.en


@pytest.mark.parametrize("text", ["", "# only", "just text", "[1]"])
def test_a_file_without_keys_is_a_fault(text: str) -> None:
    assert [f.code for f in source.read(text.encode(), "x.yaml").faults] == ["empty_file"]


def test_without_libyaml_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = (default_root() / "plans" / "byt-1366-2025.yaml").read_bytes()
    fast = source.read(content, "x.yaml")
    monkeypatch.setattr(source, "_LOADER", yaml.BaseLoader)
    slow = source.read(content, "x.yaml")
    assert fast.root is not None
    assert fast == slow


# --- the real catalogue ----------------------------------------------------------------------


def test_the_real_catalogue_has_no_faults(real: Loaded) -> None:
    shown = [fault.render("en") for fault in real.faults]
    for coverage in coverages_of(default_root()):
        shown += [fault.render("en") for fault in coverage_faults(real.catalogue, coverage)]
    assert shown == []


def test_every_document_of_a_plan_is_covered(real: Loaded) -> None:
    documents = {plan.document for plan in real.catalogue.plans.values()}
    assert {coverage.document for coverage in coverages_of(default_root())} == documents


def test_the_check_takes_less_than_five_seconds_with_its_process() -> None:
    program = (
        "import sys; from chitieu.catalogue.command import check; "
        "sys.exit(check([], json=False, stream=sys.stdout))"
    )
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False
    )
    seconds = time.perf_counter() - start
    assert run.returncode in (0, 1), run.stderr.decode()
    assert seconds < SECONDS_MAX


def test_57_of_60_printed_percentages_agree_with_their_fraction(real: Loaded) -> None:
    results = [
        (f"{plan.name}/{row.key}", result.agrees)
        for plan in real.catalogue.plans.values()
        for row in plan.rows
        for result in row.results
        if result.agrees is not None
    ]
    assert Counter(agrees for _, agrees in results) == {True: 57, False: 3}
    assert [key for key, agrees in results if not agrees] == [
        "br-vt-2025/annex-2/I.8",
        "quang-ngai-2023/part-1/I.2/1-vaccination-cleaning",
        "quang-ninh-2025/annex-2/3/207",
    ]


def test_files_fit_the_schemas_that_editors_use() -> None:
    for name, text in generated(default_root()).items():
        if not name.startswith("schemas/"):
            continue
        kind = Path(name).name.removesuffix(".schema.json")
        validator = jsonschema.Draft202012Validator(json.loads(text))
        folder = default_root() / ("units" if kind == "units" else f"{kind}s")
        files = sorted(folder.glob("[!.]*.yaml"))
        assert files, kind
        for file in files:
            data = source.read(file.read_bytes(), file.name).data
            assert list(validator.iter_errors(data)) == [], file.name


def test_what_is_generated_is_what_is_committed() -> None:
    stale = [
        name
        for name, text in generated(default_root()).items()
        if not (ROOT / name).is_file() or (ROOT / name).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run python -m chitieu.catalogue.generate"


def test_the_coverage_page_counts_every_token(real: Loaded) -> None:
    page = generated(default_root())["docs/catalogue-coverage.md"]
    rows = [row for coverage in coverages_of(default_root()) for row in coverage.rows]
    recorded = sum(bool(row.entry) for row in rows)
    assert f"| {len(rows)} | {recorded} | {len(rows) - recorded} |" in page
    assert "`br-vt-2025/annex-2/I.7/province` (Phụ lục II, mục I.7)" in page


# --- one value -------------------------------------------------------------------------------


def reordered(value: Any, *, keep: bool = False) -> Any:
    """The same data with the keys of every mapping reversed, but for `targets`, whose order is the
    document's."""
    if isinstance(value, dict):
        items = list(value.items())
        return {
            key: reordered(item, keep=key == "targets")
            for key, item in (items if keep else reversed(items))
        }
    return [reordered(item) for item in value] if isinstance(value, list) else value


def relaid(folder: Path) -> Iterator[tuple[str, str]]:
    """The files of a catalogue as JSON, which is YAML too, with other order and comments."""
    for file in folder.rglob("[!.]*.yaml"):
        data = source.read(file.read_bytes(), file.name).data
        yield file.name, f"# laid out anew\n{json.dumps(reordered(data), indent=1)}\n"


def test_the_digest_does_not_depend_on_layout(real: Loaded, tmp_path: Path) -> None:
    for index, (name, text) in enumerate(relaid(default_root())):
        # Units of several plans share file names with the plans: folders keep them apart.
        (tmp_path / f"{index:03}").mkdir()
        (tmp_path / f"{index:03}" / name).write_text(text, encoding="utf-8")
    again = load([tmp_path])
    assert again.faults == ()
    assert again.catalogue.digest == real.catalogue.digest
    assert again.catalogue == real.catalogue


@pytest.mark.parametrize(
    ("old", "new"),
    [('value: "85"', 'value: "86"'), ("order: 1", "order: 2"), ("en: Cashless", "en: Cash")],
)
def test_the_digest_changes_with_what_is_said(tmp_path: Path, old: str, new: str) -> None:
    text = (BASE / "base-plan.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "base-plan.yaml").write_text(text.replace(old, new), encoding="utf-8")
    changed = load([BASE, tmp_path])
    assert changed.faults == ()
    assert changed.catalogue.digest != load([BASE]).catalogue.digest


def test_json_brings_back_the_same_catalogue(real: Loaded) -> None:
    body = real.catalogue.to_json()
    # A jsonb column keeps neither spacing nor the order of keys.
    stored = json.dumps(reordered(json.loads(body)), indent=1)
    for text in (body, body.decode(), stored):
        again = Catalogue.from_json(text)
        assert again == real.catalogue
        assert list(again.targets) == list(real.catalogue.targets)
        assert again.digest == real.catalogue.digest
        assert again.to_json() == body


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "metrics": [{}]}', '{"format": 1}']
)
def test_other_json_is_no_catalogue(body: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Catalogue.from_json(body)


def test_targets_stand_in_the_documents_order(real: Loaded) -> None:
    targets = list(real.catalogue.targets)
    assert targets.index("br-vt-2025/annex-2/I.1/national") < targets.index(
        "br-vt-2025/annex-2/I.1/ministry"
    )
    entry = real.catalogue.targets["br-vt-2025/annex-2/I.7/province"]
    assert (entry.plan.name, entry.row.key, entry.target.value, entry.indicator) == (
        "br-vt-2025",
        "annex-2/I.7",
        Decimal(85),
        "online-payment-dossier-share",
    )
    assert entry.target.due == dt.date(2025, 12, 31)


def test_a_folder_of_ones_own_adds_and_replaces(tmp_path: Path) -> None:
    base = load([BASE]).catalogue
    plan = (BASE / "base-plan.yaml").read_text(encoding="utf-8")
    own = plan.replace("base-plan", "own-plan").replace("cashless-share", "visits-total")
    own = own[: own.index("    results:")]
    metric = (BASE / "payments.yaml").read_text(encoding="utf-8")
    indicator = (BASE / "cashless-share.yaml").read_text(encoding="utf-8")
    total = indicator.replace("cashless-share", "visits-total").replace(
        "formula: ratio", "formula: total"
    )
    total = total.replace("metric: payments", "metric: visits").replace(
        "denominator: payments\n", ""
    )
    files = {
        "own-plan.yaml": own,
        "visits.yaml": metric.replace("name: payments\n", "name: visits\n", 1),
        "visits-total.yaml": total,
        "cashless-share.yaml": indicator.replace("en: Cashless share", "en: Another title"),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    both = load([BASE, tmp_path])
    assert both.faults == ()
    assert set(both.catalogue.targets) == {"base-plan/I.1", "own-plan/I.1"}
    assert set(both.catalogue.metrics) == {*base.metrics, "visits"}
    assert both.catalogue.indicators["cashless-share"].title.en == "Another title"
    assert both.catalogue.units == base.units


def test_built_in_metrics_are_always_there() -> None:
    assert set(Catalogue().metrics) == set(BUILT_IN) == {"task", "published-rate"}
    assert set(Catalogue.from_json(Catalogue().to_json()).metrics) == set(BUILT_IN)


# --- figures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("87%", "87"),
        ("98,6%", "98.6"),
        ("4.8 %", "4.8"),
        ("776/897 (86,5%)", "86.5"),
        ("% 30", "30"),
        ("77,1", "77.1"),
        ("Đang thực hiện", None),
        ("1.118.430", None),
    ],
)
def test_a_printed_percentage_is_read(text: str, percent: str | None) -> None:
    assert printed_percent(text) == (None if percent is None else Fraction(percent))


def test_rounding_is_exact_at_the_half() -> None:
    assert rounded(Fraction(1), Fraction(8), "half_up/0") == 13
    assert rounded(Fraction(1), Fraction(8), "half_up/1") == Fraction("12.5")
    assert rounded(Fraction(1), Fraction(800), "half_up/2") == Fraction("0.13")
    assert rounded(Fraction(999), Fraction(1000), "truncated/0") == 99
    assert rounded(Fraction(0), Fraction(0), "half_up/0") is None


# --- commands --------------------------------------------------------------------------------


def test_check_prints_faults_and_counts_in_both_languages() -> None:
    languages: tuple[tuple[Language, str], ...] = (("vi", "1 lỗi"), ("en", "1 fault"))
    for language, words in languages:
        stream = io.StringIO()
        assert check([BAD / "tab.yaml"], json=False, stream=stream, language=language) == 1
        lines = stream.getvalue().strip().split("\n")
        assert ":5:1: tab: " in lines[0]
        assert lines[-1].endswith(words)


def test_check_prints_json() -> None:
    stream = io.StringIO()
    assert check([BAD / "tab.yaml"], json=True, stream=stream) == 1
    (fault,) = json.loads(stream.getvalue())
    assert (fault["line"], fault["column"], fault["code"]) == (5, 1, "tab")
    assert set(fault["message"]) == set(fault["hint"]) == {"vi", "en"}


def test_check_says_when_a_path_is_not_there(tmp_path: Path) -> None:
    stream = io.StringIO()
    assert check([tmp_path / "nothing"], json=False, stream=stream) == 2
    assert "nothing" in stream.getvalue()


def test_show_tells_what_a_name_is(real: Loaded) -> None:
    text = show("br-vt-2025/annex-2/I.7/province", real.catalogue)
    assert "mức: >= 85 (85%)" in text
    assert "Phụ lục II, mục I.7" in text
    assert "value: >= 85 (85%)" in show("br-vt-2025/annex-2/I.7/province", real.catalogue, "en")
    for name in ("br-vt-2025", "task", "published-rate", "emr-hospital-share", "emr"):
        assert show(name, real.catalogue).startswith(name)
    with pytest.raises(LookupError, match="emr-hospital-share"):
        show("emr-hospital-shar", real.catalogue)
