"""Where the bundled catalogue lies. No environment is asked: settings name extra folders."""

from __future__ import annotations

from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2] / "catalogue"
_INSTALLED = Path(__file__).resolve().parent / "bundle"


def default_root() -> Path:
    """The folder `catalogue/`: beside the package in the repository, inside it when installed.

    FileNotFoundError when neither is there: the package was built without its data.
    """
    for folder in (_REPOSITORY, _INSTALLED):
        # `chitieu/catalogue` is code; only data has a folder of plans.
        if (folder / "plans").is_dir():
            return folder
    raise FileNotFoundError(f"no bundled catalogue in {_REPOSITORY} or {_INSTALLED}")
