"""What `/readyz` and `/metrics` look at: the database, and how far the log has come on its way."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from chitieu.postgres.facts import scored
from chitieu.postgres.log import head_of
from chitieu.postgres.months import strays
from chitieu.postgres.partition_store import way_through_kafka
from chitieu.postgres.pool import TROUBLE
from chitieu.postgres.schema_version import newest_revision
from chitieu.text import plural
from services.api.state import Api

_SECONDS: Final = 1.0
# The log is on its way for milliseconds; so long, and somebody should look.
_LATE_SECONDS: Final = 30


async def looked_at(api: Api) -> dict[str, Any]:
    """Each check, and the measures set by it. `kafka` is null where scoring does not use it."""
    found: dict[str, Any] = {"database": "unreachable", "schema": "unknown"}
    found |= {"position": None, "scored": None, "lag": None, "kafka": None, "astray": []}
    try:
        async with asyncio.timeout(_SECONDS), api.pool.acquire() as connection:
            found["database"] = "ok"
            version = await connection.fetchval("SELECT version_num FROM alembic_version")
            found["schema"] = "ok" if version == newest_revision() else "other"
            head, done = await head_of(connection), await scored(connection)
            kafka = await way_through_kafka(connection, api.now)
            found["astray"] = await strays(connection) if found["schema"] == "ok" else []
    except TROUBLE:
        return found
    api.measures.lag.set(head.seq - done)
    api.measures.position.set(head.seq)
    api.measures.astray.set(len(found["astray"]))
    for name, gauge in api.measures.kafka.items():
        gauge.set(kafka[name] if kafka else 0)
    found |= {"position": f"{head.epoch}:{head.seq}", "scored": f"{head.epoch}:{done}"}
    return found | {"lag": head.seq - done, "kafka": kafka}


def warnings_of(checks: dict[str, Any]) -> list[dict[str, str]]:
    """What works and will not for ever, each with how to mend it."""
    kafka, found = checks["kafka"], []
    if checks["astray"]:
        tables = ", ".join(checks["astray"])
        found.append({
            "code": "astray",
            "vi": f"{tables}: có hàng không thuộc tháng nào, đồng hồ sai? Xem `chitieu doctor`",
            "en": f"{tables}: rows that belong to no month, is a clock wrong? See chitieu doctor",
        })  # fmt: skip
    if kafka and kafka["unsent_seconds"] > _LATE_SECONDS:
        found.append({
            "code": "relay_behind",
            "vi": f"{kafka['unsent']} mục nhật ký chưa vào Kafka, lâu nhất"
            f" {kafka['unsent_seconds']} giây; vẫn nhận báo cáo. Xem /readyz của `chitieu relay`",
            "en": f"{plural(kafka['unsent'], 'entry', 'entries')} of the log not in Kafka, the"
            " oldest for"
            f" {kafka['unsent_seconds']} s; reports are taken all the same."
            " See /readyz of chitieu relay",
        })  # fmt: skip
    if kafka and kafka["unscored_seconds"] > _LATE_SECONDS:
        found.append({
            "code": "scorers_behind",
            "vi": f"phân vùng {kafka['slowest']} còn {kafka['unscored']} mục đã gửi mà chưa tính,"
            f" lâu nhất {kafka['unscored_seconds']} giây. Xem /readyz của `chitieu scorer`",
            "en": f"partition {kafka['slowest']} has"
            f" {plural(kafka['unscored'], 'entry', 'entries')} sent and not scored, the"
            f" oldest for {kafka['unscored_seconds']} s. See /readyz of chitieu scorer",
        })  # fmt: skip
    if kafka and kafka["dead_letters"]:
        found.append({
            "code": "dead_letters",
            "vi": f"{kafka['dead_letters']} thông điệp không dùng được:"
            " `chitieu dead-letters list`",
            "en": f"{plural(kafka['dead_letters'], 'message')} nobody can use:"
            " chitieu dead-letters list",
        })  # fmt: skip
    return found
