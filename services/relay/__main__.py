"""`python -m services.relay`: one relay process on the database and the Kafka of the settings."""

from __future__ import annotations

import logging
import sys

import uvicorn

from chitieu.catalogue.location import default_root
from chitieu.catalogue.places_files import load_provinces
from chitieu.settings import BadSetting, Settings
from services.relay.app import RelayApp

PORT = 8083


def main(again_from: int | None = None) -> int:
    """Send until SIGTERM or SIGINT; 2 when the settings cannot be worked with.

    `again_from`: first send again what follows this position.
    """
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    try:
        settings = Settings.from_environment(port=PORT)
        dsn, kafka = settings.database_dsn, settings.kafka
        if kafka is None:
            raise BadSetting(
                "CHITIEU_KAFKA_BOOTSTRAP: chưa đặt, không biết chuyển nhật ký đi đâu"
                " / is not set: there is nowhere to send the log to"
            )
    except BadSetting as error:
        sys.stderr.write(f"{error}\n")
        return 2
    # Its client tells of every lost connection; what matters of it, we say ourselves.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    app = RelayApp(dsn, kafka, load_provinces(default_root() / "places"), again_from)
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning", lifespan="on")
    return 0


if __name__ == "__main__":
    sys.exit(main())
