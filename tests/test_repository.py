"""Rules that hold for every file. Each is a function from a text to its faults, and is itself
tested on a text that breaks it: a rule that cannot fail is no rule."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import chitieu
import services

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

MAX_FUNCTION_LINES = 70
MAX_FILE_LINES = 400
MAX_TEST_FILE_LINES = 600

OURS = {"chitieu", "services", "tests", "benchmarks", "tools"}
CLOCK_AND_CHANCE = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "time.time",
    "time.time_ns",
    "uuid.uuid1",
    "uuid.uuid4",
}
# The edges, where a clock and chance may be read. Everything else is handed them.
EDGES = (
    "chitieu/cli.py",
    "chitieu/cli/*",
    "chitieu/clock.py",
    "chitieu/embedded*",
    "chitieu/postgres/*",
    "services/*",
)
# Written in pieces, so that this file passes its own rule.
HOSTS = (
    "pypi org, pythonhosted org, npmjs org, maven org, deb debian org, crates io, proxy golang org"
)
REGISTRIES = re.compile(HOSTS.replace(" ", ".").replace(",.", "|").replace(".", r"\."))
FLOORS = {"fastapi": "0.165", "h11": "0.16.0", "orjson": "3.11.6", "starlette": "1.6.0"}


def repository_files() -> list[Path]:
    """Every file that git tracks or would track; without git, all but what is hidden."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        found = [p.relative_to(ROOT) for p in ROOT.rglob("*")]
        hidden = {"__pycache__", "build", "dist", "node_modules"}
        kept = [p for p in found if not any(x in hidden or x[0] == "." for x in p.parts)]
    else:
        kept = [Path(os.fsdecode(name)) for name in run.stdout.split(b"\0") if name]
    return sorted(p for p in kept if (ROOT / p).is_file() and not (ROOT / p).is_symlink())


FILES = repository_files()
PYTHON = [path for path in FILES if path.suffix == ".py"]


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def size_faults(text: str, limit: int) -> Iterator[str]:
    if (lines := len(text.splitlines())) > limit:
        yield f"{lines} lines, at most {limit}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield f"{node.name}: {lines} lines, at most {MAX_FUNCTION_LINES}"


def private_import_faults(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module or ''}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for parts in (name.split(".") for name in names):
            private = any(part[:1] == "_" and not part.endswith("__") for part in parts[1:])
            if parts[0] in OURS and private:
                yield ".".join(parts)


def clock_faults(text: str) -> Iterator[str]:
    tree = ast.parse(text)
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {a.asname: a.name for a in node.names if a.asname}
        elif isinstance(node, ast.ImportFrom):
            known |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}

    def dotted(node: ast.AST) -> str:
        if isinstance(node, ast.Attribute):
            return f"{dotted(node.value)}.{node.attr}"
        return known.get(node.id, node.id) if isinstance(node, ast.Name) else "?"

    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and dotted(node) in CLOCK_AND_CHANCE:
            yield f"line {node.lineno}: {dotted(node)}"


def foreign_faults(text: str) -> Iterator[str]:
    """What is imported and is no part of Python."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            names = [f"{'.' * node.level}{node.module or ''}"]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (n for n in names if n.partition(".")[0] not in sys.stdlib_module_names)


def make_faults(readme: str, makefile: str) -> Iterator[str]:
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|^\s*\$? ?)make ([a-z-]+)", readme, re.MULTILINE))
    yield from (f"make {name} is not in the Makefile" for name in sorted(named - targets))
    yield from (f"make {name} is not in README.md" for name in sorted({"up", "test"} - named))


def decision_faults(folder: Path, root: Path) -> Iterator[str]:
    paths = sorted(folder.glob("[0-9]*.md"))
    for number, path in enumerate(paths, start=1):
        text = path.read_text(encoding="utf-8")
        if not re.fullmatch(rf"{number:04}-[a-z0-9-]+\.md", path.name):
            yield f"{path.name}: expected {number:04}-words.md"
        if not re.search(r"^\**Status:\** *\w", text, re.MULTILINE):
            yield f"{path.name}: no Status: line"
        enforced = re.search(r"^\**Enforced by:\**(.*)$", text, re.MULTILINE)
        named = re.findall(r"`([^`:]+)[^`]*`", enforced[1]) if enforced else []
        if not named:
            yield f"{path.name}: no Enforced by: line that names a `file`"
        yield from (f"{path.name}: no file {x}" for x in named if not (root / x).exists())


def locked(name: str) -> dict[str, Version]:
    """The pins of a lock; raises when a requirement is not pinned or has no hash."""
    pins: dict[str, Version] = {}
    for entry in re.split(r"\n(?=[a-z0-9])", read(Path(name)).split("make lock\n")[1].strip()):
        requirement = Requirement(entry.split("\\\n")[0])
        assert entry.count("--hash=sha256:") >= 1, f"{requirement} has no hash"
        pins[canonicalize_name(requirement.name)] = Version(
            str(requirement.specifier).removeprefix("==")
        )
    return pins


def faults_of(rule: Callable[[str], Iterator[str]], paths: Iterable[Path]) -> dict[str, list[str]]:
    return {str(path): faults for path in paths if (faults := list(rule(read(path))))}


def test_files_and_functions_are_short() -> None:
    tests = [path for path in PYTHON if path.parts[0] == "tests"]
    code = [path for path in PYTHON if path not in tests]
    assert faults_of(lambda text: size_faults(text, MAX_FILE_LINES), code) == {}
    assert faults_of(lambda text: size_faults(text, MAX_TEST_FILE_LINES), tests) == {}


def test_private_names_stay_in_their_file() -> None:
    assert faults_of(private_import_faults, PYTHON) == {}


def test_only_the_edges_read_a_clock_or_chance() -> None:
    inside = [p for p in PYTHON if not any(fnmatch(p.as_posix(), edge) for edge in EDGES)]
    assert faults_of(clock_faults, inside) == {}


def test_the_oracle_shares_no_code() -> None:
    assert list(foreign_faults(read(Path("tests/oracle/oracle.py")))) == []


def test_no_file_names_a_registry() -> None:
    found = {
        str(path): match[0]
        for path in FILES
        if (match := REGISTRIES.search((ROOT / path).read_bytes().decode("latin-1")))
    }
    assert found == {}


def test_the_commands_of_the_readme_exist() -> None:
    assert list(make_faults(read(Path("README.md")), read(Path("Makefile")))) == []


def test_decisions_are_numbered_and_enforced() -> None:
    assert list(decision_faults(ROOT / "docs" / "decisions", ROOT)) == []


@pytest.mark.parametrize("package", [chitieu, services], ids=lambda package: package.__name__)
def test_our_packages_come_from_this_folder(package: ModuleType) -> None:
    assert Path(str(package.__file__)).resolve() == ROOT / package.__name__ / "__init__.py"


def test_the_version_stands_once() -> None:
    assert chitieu.__version__ == PROJECT["project"]["version"]


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = PROJECT["project"]
    runtime, everything = locked("requirements.lock"), locked("requirements-dev.lock")
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    for pins, lines in ((runtime, project["dependencies"]), (everything, extras)):
        for requirement in map(Requirement, lines):
            version = pins[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version), requirement
    assert runtime.items() <= everything.items()
    assert "python-multipart" not in everything
    for name, floor in FLOORS.items():
        assert everything.get(name, Version(floor)) >= Version(floor), name


def test_import_contracts_name_modules_that_exist() -> None:
    contracts = {c["id"]: c for c in PROJECT["tool"]["importlinter"]["contracts"]}
    for name in contracts["core-is-pure"]["source_modules"]:
        stem = ROOT / "chitieu" / Path(*name.removeprefix("*.").split("."))
        assert stem.with_suffix(".py").is_file() or (stem / "__init__.py").is_file(), name


GOOD_IMPORTS = {
    "chitieu/text.py": "import re",
    "chitieu/cli.py": "import services.api",
    "services/api.py": "import chitieu.text",
}
BAD_IMPORTS = {
    "chitieu/text.py": "import time",
    "chitieu/cli.py": "",
    "chitieu/web.py": "import services.ingest",
    "services/api.py": "import services.ingest",
    "services/ingest.py": "import chitieu.cli",
}


@pytest.mark.parametrize(("files", "broken"), [(GOOD_IMPORTS, 0), (BAD_IMPORTS, 4)])
def test_every_import_contract_can_break(
    tmp_path: Path, files: dict[str, str], broken: int
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).with_name("__init__.py").touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    program = "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"
    command = [sys.executable, "-c", program, "--no-cache", "--no-logo"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    kept = len(PROJECT["tool"]["importlinter"]["contracts"]) - broken
    assert f"Contracts: {kept} kept, {broken} broken." in run.stdout, run.stdout + run.stderr


def test_the_size_rule_can_fail() -> None:
    body = "    pass\n" * MAX_FUNCTION_LINES
    assert list(size_faults(f"def f():\n{body[9:]}", 400)) == []
    assert list(size_faults(f"async def f():\n{body}", 400)) == ["f: 71 lines, at most 70"]
    assert list(size_faults("x = 1\n" * 401, 400)) == ["401 lines, at most 400"]


def test_the_private_name_rule_can_fail() -> None:
    text = "from chitieu.text import _x, y\nimport services._a\nfrom __future__ import b\n"
    assert list(private_import_faults(text)) == ["chitieu.text._x", "services._a"]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("import datetime\ndatetime.datetime.now(tz)", ["line 2: datetime.datetime.now"]),
        ("from datetime import date as d\nf = d.today", ["line 2: datetime.date.today"]),
        ("from time import time\ntime()", ["line 2: time.time"]),
        ("import time as t\nt.time_ns()", ["line 2: time.time_ns"]),
        ("import uuid\nuuid.uuid4()", ["line 2: uuid.uuid4"]),
        ("import time\ntime.monotonic()\nclock.now()", []),
    ],
)
def test_the_clock_rule_can_fail(text: str, faults: list[str]) -> None:
    assert list(clock_faults(text)) == faults


def test_the_oracle_rule_can_fail() -> None:
    text = (
        "import datetime as dt\nfrom chitieu.periods import Period\nfrom . import x\nimport numpy\n"
    )
    assert list(foreign_faults(text)) == ["chitieu.periods", ".", "numpy"]


def test_the_registry_rule_can_fail() -> None:
    assert REGISTRIES.search("see https://" + ".".join(("files", "pythonhosted", "org")))


def test_the_readme_rule_can_fail() -> None:
    faults = list(make_faults("`make up`\n    make lint\n", "up: env\ntest:\n"))
    assert faults == ["make lint is not in the Makefile", "make test is not in README.md"]


def test_the_decision_rule_can_fail(tmp_path: Path) -> None:
    (tmp_path / "0001-good.md").write_text("Status: accepted\nEnforced by: `0001-good.md::x`\n")
    (tmp_path / "0003-bad.md").write_text("Enforced by: `nothing.py`\n")
    assert list(decision_faults(tmp_path, tmp_path)) == [
        "0003-bad.md: expected 0002-words.md",
        "0003-bad.md: no Status: line",
        "0003-bad.md: no file nothing.py",
    ]
