"""`python -m services.api`: one api process on the database of the settings."""

from __future__ import annotations

import logging
import sys

import uvicorn

from chitieu.settings import BadSetting, Settings
from services.api.app import create_app


def main() -> int:
    """Serve until SIGTERM or SIGINT; 2 when it cannot."""
    try:
        settings = Settings.from_environment(port=8080)
        app = create_app(settings)
    except BadSetting as error:
        sys.stderr.write(f"{error}\n")
        return 2
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            access_log=False,
            server_header=False,
            log_level="warning",
            timeout_graceful_shutdown=10,
            limit_concurrency=2_000,
        )
    )
    server.run()
    return 0 if server.started else 2


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    sys.exit(main())
