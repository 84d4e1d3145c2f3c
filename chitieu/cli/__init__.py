"""The command line: what people type. Nothing here decides a figure."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `chitieu`, the entry of the package."""
    try:
        # Not above: a child process that is started from here must not load every command.
        from chitieu.cli.app import app
        from chitieu.cli.terminal import prepare

        prepare()
        app(prog_name="chitieu")
    except KeyboardInterrupt:
        sys.exit(130)
