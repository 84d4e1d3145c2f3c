"""What people see: lines in their language, tables, progress, and how commands end."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from chitieu.settings import Language

DONE: Final = 0
NOT_SO: Final = 1
WRONG: Final = 2

# What a file or a pipe is given: wide enough for a table, narrow enough for a page.
_PLAIN_WIDTH: Final = 118


class Failed(Exception):
    """A command cannot go on; `str()` is one or two lines for people, vi / en."""

    def __init__(self, text: str, code: int = WRONG) -> None:
        """`code` is the exit code."""
        self.code = code
        super().__init__(text)


class Speech:
    """The language of this run; set once by `--lang` or CHITIEU_LANG."""

    lang: Language = "vi"

    def __call__(self, vi: str, en: str) -> str:
        """Choose."""
        return en if self.lang == "en" else vi


speak = Speech()


def prepare() -> None:
    """Make the standard streams line by line and UTF-8, whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)


def console(*, err: bool = False) -> Console:
    """A console that never wraps a plain line and makes no colours in a file."""
    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else _PLAIN_WIDTH
    return Console(file=stream, width=width, highlight=False, emoji=False, soft_wrap=False)


def say(vi: str, en: str) -> None:
    """Print one line in the chosen language."""
    print(speak(vi, en), flush=True)


def warn(vi: str, en: str) -> None:
    """Print one line to stderr."""
    print(speak(vi, en), file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """Print data for programs."""
    print(json.dumps(value, ensure_ascii=False, indent=2), flush=True)


def refuse(text: str, code: int = WRONG) -> NoReturn:
    """End with one or two lines."""
    print(text, file=sys.stderr, flush=True)
    raise typer.Exit(code)


class Bar:
    """A progress bar on a terminal; elsewhere a line for each tenth."""

    def __init__(
        self, title: str, total: int, *, rate: str | None = None, quiet: bool = False
    ) -> None:
        """`rate` names what is counted, and asks for a rate and the time left."""
        self._quiet = quiet
        self._title, self._total, self._rate = title, total, rate
        self._done = self._told = 0
        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
        if rate is not None:
            columns += [TextColumn("{task.fields[speed]}"), TimeRemainingColumn()]
        self._live = (
            Progress(*columns, TimeElapsedColumn(), console=console())
            if sys.stdout.isatty() and not quiet
            else None
        )
        self._task = (
            self._live.add_task(title, total=total, speed="") if self._live is not None else None
        )

    def advance(self, n: int) -> None:
        """Say that `n` more are done."""
        self._done += n
        if self._live is not None and self._task is not None:
            task = next(t for t in self._live.tasks if t.id == self._task)
            speed = f"{task.speed:,.0f} {self._rate}/s" if task.speed and self._rate else ""
            self._live.update(self._task, advance=n, speed=speed)
            return
        tenth = 10 * self._done // max(1, self._total)
        if tenth > self._told and not self._quiet:
            self._told = tenth
            print(f"{self._title}: {self._done}/{self._total}", flush=True)

    def __enter__(self) -> Bar:
        """Show."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last state on the screen."""
        if self._live is not None:
            self._live.stop()


@contextmanager
def endings() -> Iterator[None]:
    """Turn what commands raise into lines and exit codes; no traceback for what we foresee."""
    try:
        yield
    except Failed as error:
        refuse(str(error), error.code)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except BrokenPipeError:
        # The reader has enough. Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(DONE) from None
