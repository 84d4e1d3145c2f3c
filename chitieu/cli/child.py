"""`python -m chitieu.cli.child web FD`, `… scorer`, `… relay`: what `chitieu up` keeps running.

The address of the database, which holds its password, comes as a line on standard input.
"""

from __future__ import annotations

import gc
import logging
import os
import socket
import sys


def web(descriptor: int) -> None:
    """Ingest and api as one process, on a socket that `up` holds, until SIGTERM.

    The socket is inherited, so the port is ours before anything else begins, and stays ours while
    this process starts again.
    """
    import uvicorn

    from chitieu.asgi import OnePort
    from chitieu.settings import Settings
    from services.api.app import create_app as create_api
    from services.ingest.app import create_app as create_ingest

    _take_address()
    settings = Settings.from_environment()
    app = OnePort(create_ingest(settings), create_api(settings), _settle)
    config = uvicorn.Config(
        app, lifespan="on", log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=3, timeout_keep_alive=75, backlog=2048,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


def scorer() -> None:
    """The service's own main."""
    from services.scorer.__main__ import main

    _take_address()
    _settle()
    sys.exit(main())


def relay() -> None:
    """The service's own main."""
    from services.relay.__main__ import main

    _take_address()
    _settle()
    sys.exit(main())


def _take_address() -> None:
    address = sys.stdin.readline().strip()
    if not address:  # `up` ended before it knew
        sys.exit(0)
    os.environ["CHITIEU_DATABASE_URL"] = address


def _settle() -> None:
    """What was loaded stays for ever: let the collector look at later objects only."""
    gc.freeze()
    gc.enable()


if __name__ == "__main__":
    # Starting allocates much and frees nothing: looking for garbage took a third of it.
    gc.disable()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    if sys.argv[1] == "web":
        web(int(sys.argv[2]))
    elif sys.argv[1] == "relay":
        relay()
    else:
        scorer()
