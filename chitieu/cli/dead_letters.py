"""`dead-letters list`, `replay`."""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated, Any

import asyncpg
import typer

from chitieu.cli.session import database, settings_of
from chitieu.cli.terminal import DONE, Failed, endings, print_json, say
from chitieu.cli.topics import kafka_of_settings
from chitieu.postgres import dead_letters
from chitieu.settings import KafkaSettings
from chitieu.text import plural

app = typer.Typer(
    help="Thông điệp không dùng được / messages that nobody can use", no_args_is_help=True
)


@app.command("list", help="Những thông điệp chưa gửi lại / those that were not sent again")
def list_(
    every: Annotated[
        bool, typer.Option("--all", help="cả những thông điệp đã gửi lại / those sent again too")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="in JSON / print JSON")] = False,
) -> None:
    """Where each was found and why it cannot be used."""
    with endings(), database(settings_of()) as dsn:
        found = asyncio.run(_found(dsn, every))
        if json:
            print_json([one.to_json() for one in found])
            return
        for one in found:
            where = one.topic if one.partition is None else f"{one.topic}[{one.partition}]"
            line = f"{one.id}  {one.at:%Y-%m-%d %H:%M:%S}  {where} {one.offset}: {one.reason}"
            print(line, flush=True)
        say(f"{len(found)} thông điệp", plural(len(found), "message"))


@app.command(help="Gửi lại một thông điệp, nguyên như cũ / send one again, as it was")
def replay(number: Annotated[int, typer.Argument(metavar="ID")]) -> None:
    """Send one again to where it was found."""
    with endings(), database(settings_of()) as dsn:
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        one = asyncio.run(_replay(dsn, kafka_of_settings(), number))
        say(f"đã gửi lại {one.id} vào {one.topic}", f"sent {one.id} to {one.topic} again")
        raise typer.Exit(DONE)


async def _found(dsn: str, every: bool) -> list[dead_letters.DeadLetter]:
    connection = await asyncpg.connect(dsn)
    try:
        return await dead_letters.listed(connection, every)
    finally:
        await connection.close()


async def _replay(dsn: str, kafka: KafkaSettings, number: int) -> dead_letters.DeadLetter:
    # Only here: a slow import that no other command needs.
    from chitieu.clock import clock
    from chitieu.kafka.cluster import KafkaFault
    from chitieu.kafka.sending import sending
    from chitieu.kafka.topics import UnfitTopics, refuse_unfit

    connection: Any = await asyncpg.connect(dsn)
    try:
        one = await dead_letters.by_id(connection, number)
        if one is None:
            raise Failed(f"{number}: không có thông điệp này / there is no such message")
        await refuse_unfit(kafka)
        async with asyncio.timeout(20), sending(kafka) as producer:
            await producer.send_and_wait(
                one.topic, one.value, one.key, one.partition, headers=one.headers
            )
        await dead_letters.replayed(connection, number, clock())
    except (KafkaFault, UnfitTopics) as fault:
        raise Failed(str(fault)) from fault
    except TimeoutError as error:
        raise Failed("Kafka không nhận trong 20 giây / did not take it within 20 s") from error
    finally:
        await connection.close()
    return one
