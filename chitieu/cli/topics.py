"""`topics create`, `check`."""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated, Literal

import typer

from chitieu.cli.session import settings_of
from chitieu.cli.terminal import DONE, NOT_SO, Failed, endings, print_json, say
from chitieu.settings import KafkaSettings

app = typer.Typer(help="Các chủ đề của Kafka / the topics of Kafka", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="in JSON / print JSON")]
Copies = Annotated[
    int | None,
    typer.Option(
        "--replication", min=1, max=32,
        help="số bản sao thay cho khai báo / copies instead of those declared",
    ),
]  # fmt: skip


@app.command(help="Tạo chủ đề còn thiếu, không sửa gì / make what is missing, change nothing")
def create(replication: Copies = None, json: Json = False) -> None:
    """Make what is missing; what is there is compared, never changed."""
    _show("create", replication, json)


@app.command(help="So các chủ đề với khai báo / compare the topics with the declaration")
def check(replication: Copies = None, json: Json = False) -> None:
    """Compare."""
    _show("check", replication, json)


def kafka_of_settings() -> KafkaSettings:
    """Where Kafka is; Failed where none is set."""
    if (kafka := settings_of().kafka) is None:
        raise Failed(
            "CHITIEU_KAFKA_BOOTSTRAP: chưa đặt, không biết Kafka ở đâu"
            " / is not set: where is Kafka?"
        )
    return kafka


def _show(what: Literal["create", "check"], replication: int | None, json: bool) -> None:
    # Only here: a slow import that no other command needs.
    from chitieu.kafka import topics
    from chitieu.kafka.cluster import KafkaFault

    # What it says of a broker that is away, we say in one line.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    work = topics.create if what == "create" else topics.check
    with endings():
        try:
            findings = asyncio.run(work(kafka_of_settings(), replication=replication))
        except KafkaFault as fault:
            raise Failed(str(fault)) from fault
        if json:
            print_json([finding.to_json() for finding in findings])
        else:
            for finding in findings:
                say(*finding.words())
        raise typer.Exit(DONE if all(finding.fine for finding in findings) else NOT_SO)
