"""What every client of Kafka is told about where it is and who we are."""

from __future__ import annotations

from typing import Any

from aiokafka.helpers import create_ssl_context

from chitieu.settings import KafkaSettings


def client_options(kafka: KafkaSettings) -> dict[str, Any]:
    """Make the keyword arguments that aiokafka's producers, consumers and admin clients share.

    Raises OSError (ssl.SSLError among it) for a file of certificates that cannot be read.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap,
        "client_id": "chitieu",
        "security_protocol": kafka.security_protocol,
    }
    if kafka.security_protocol in ("SSL", "SASL_SSL"):
        cafile = None if kafka.ca_file is None else str(kafka.ca_file)
        options["ssl_context"] = create_ssl_context(cafile=cafile)
    if kafka.security_protocol in ("SASL_PLAINTEXT", "SASL_SSL"):
        options["sasl_mechanism"] = kafka.sasl_mechanism
        options["sasl_plain_username"] = kafka.username
        options["sasl_plain_password"] = kafka.password
    return options
