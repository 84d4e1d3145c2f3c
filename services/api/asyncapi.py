"""The AsyncAPI document: the topics of Kafka, with the schemas of this API's own answers."""

from __future__ import annotations

from functools import cache
from typing import Any

from chitieu import __version__
from chitieu.kafka.asyncapi import document
from chitieu.kafka.declared import declared
from services.api.documented import documented


@cache
def described() -> dict[str, Any]:
    """Made once a process."""
    scorecard = documented("province_scorecard")["schema"]
    return document(
        __version__,
        declared(),
        documented("metric_schemas")["schema"],
        scorecard["properties"]["results"]["items"],
    )
