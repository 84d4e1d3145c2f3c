"""`python -m chitieu.catalogue.generate`: writes what is generated from the catalogue.

`schemas/*.schema.json` from the models, `docs/catalogue-coverage.md` from `catalogue/coverage` and
`docs/contradictions.md` by reckoning with the plans.
Tests hold that the files committed are the ones generated.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from chitieu.catalogue.command import coverages_of
from chitieu.catalogue.coverage import render
from chitieu.catalogue.load import load
from chitieu.catalogue.location import default_root
from chitieu.catalogue.schemas import schemas
from chitieu.catalogue.semantic import page

COVERAGE_PAGE = "docs/catalogue-coverage.md"
CONTRADICTIONS_PAGE = "docs/contradictions.md"


def generated(root: Path) -> Mapping[str, str]:
    """Path from the repository's root → text, of all generated files. `root` is `catalogue/`."""
    catalogue = load([root]).catalogue
    return {
        **{f"schemas/{name}": text for name, text in schemas().items()},
        COVERAGE_PAGE: render(catalogue, coverages_of(root)),
        CONTRADICTIONS_PAGE: page.render(catalogue),
    }


def main() -> None:
    """Write them beside the bundled catalogue."""
    root = default_root()
    for name, text in generated(root).items():
        path = root.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
