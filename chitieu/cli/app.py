"""The list of commands. What each does is in a module of its own."""

from __future__ import annotations

import os
from typing import Annotated

import typer

import chitieu
from chitieu.cli import (
    archive,
    catalogue,
    changes,
    closings,
    completeness,
    dead_letters,
    demo,
    keys,
    processes,
    results,
    topics,
    units,
)
from chitieu.cli.terminal import refuse, speak

app = typer.Typer(
    name="chitieu",
    help="Chỉ Tiêu: mỗi tỉnh, mỗi đơn vị còn cách chỉ tiêu y tế số bao xa, và bằng chứng.\n\n"
    "How far each province and unit is from the digital-health targets of its plan, with proof.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        print(chitieu.__version__)
        raise typer.Exit


@app.callback()
def options(
    lang: Annotated[
        str | None, typer.Option(help="vi hoặc en, mặc định CHITIEU_LANG / vi or en")
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="phiên bản / version"),
    ] = False,
) -> None:
    """Choose the language of everything that follows."""
    asked = lang or os.environ.get("CHITIEU_LANG") or "vi"
    if asked not in ("vi", "en"):
        refuse(f"--lang {asked}: chỉ có vi hoặc en / only vi or en")
    speak.lang = "en" if asked == "en" else "vi"


processes.register(app)
results.register(app)
completeness.register(app)
changes.register(app)
demo.register(app)
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(units.app, name="units")
app.add_typer(keys.app, name="keys")
app.add_typer(closings.app, name="closings")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(topics.app, name="topics")
app.add_typer(archive.app, name="archive")
