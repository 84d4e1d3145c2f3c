"""`python -m services.scorer`: one scorer process on the database of the settings."""

from __future__ import annotations

import logging
import sys

import uvicorn

from chitieu.catalogue.location import default_root
from chitieu.catalogue.places_files import load_provinces
from chitieu.settings import BadSetting, Settings
from services.scorer.app import ScorerApp

PORT = 8082


def main() -> int:
    """Score until SIGTERM or SIGINT; 2 when the settings cannot be worked with."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    try:
        settings = Settings.from_environment(port=PORT)
        dsn = settings.database_dsn
    except BadSetting as error:
        sys.stderr.write(f"{error}\n")
        return 2
    # Its client tells of every lost connection; what matters of it, we say ourselves.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    app = ScorerApp(dsn, load_provinces(default_root() / "places"), settings.kafka)
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning", lifespan="on")
    return 0


if __name__ == "__main__":
    sys.exit(main())
