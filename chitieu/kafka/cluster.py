"""A Kafka cluster as an operator's command sees it, and in plain words why it cannot be reached."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from aiokafka.client import AIOKafkaClient
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
    for_code,
)
from aiokafka.protocol.admin import CreateTopicsRequest, DescribeConfigsRequest
from aiokafka.protocol.metadata import MetadataRequest

from chitieu.kafka.connection import client_options
from chitieu.settings import KafkaSettings
from chitieu.text import plural

PATIENCE_S: Final = 10.0
"""How long a broker may take to answer."""

MISSING: Final = 3
UNAUTHORISED: Final = (29, 31)  # the topic, the cluster
EXISTS: Final = 36
_LEADERLESS: Final = (5, 15)
_TOO_FEW_BROKERS: Final = 38
_TOPIC: Final = 2  # a resource that has configs
_ENTRIES: Final = "config_entries"

Why = Literal[
    "unresolved", "unreachable", "silent", "tls", "unauthenticated", "refused", "too_few_brokers"
]

# What a broker that answers says, before what one that does not.
_TELLING: Final[tuple[Why, ...]] = (
    "unresolved", "unreachable", "silent", "tls", "unauthenticated",
)  # fmt: skip


class KafkaFault(Exception):
    """Kafka cannot be used as it is set; `str()` is one line, vi / en."""

    def __init__(self, why: Why, vi: str, en: str) -> None:
        """`why` is for programs."""
        self.why = why
        super().__init__(f"Kafka: {vi} / {en}")


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as the cluster has it. `error` is Kafka's code, 0 when it is there."""

    error: int
    partitions: int = 0
    replication: int = 0
    has_leaders: bool = False


class Cluster:
    """What is asked of it. Every question may raise KafkaFault."""

    def __init__(self, client: AIOKafkaClient) -> None:
        """`client` has met a broker."""
        self._client = client

    async def topics(self, names: Iterable[str]) -> dict[str, Found]:
        """Look at topics, without making them where the brokers would."""
        answer = await self._ask(MetadataRequest(list(names), allow_auto_topic_creation=False))
        return {topic["topic"]: _found(topic) for topic in answer.to_object()["topics"]}

    async def configs(self, names: Iterable[str]) -> dict[str, Mapping[str, str] | None]:
        """Give the settings in force of topics that exist; None where we may not see them."""
        asked: list[Any] = [(_TOPIC, name, None) for name in names]
        answer = await self._ask(DescribeConfigsRequest(asked))
        return {
            resource["resource_name"]: None
            if resource["error_code"]
            else {entry["config_names"]: entry["config_value"] for entry in resource[_ENTRIES]}
            for resource in answer.to_object()["resources"]
        }

    async def create(
        self, name: str, partitions: int, replication: int, config: Mapping[str, str]
    ) -> int:
        """Make a topic; gives 0, or the code for one that exists or that we may not make."""
        asked: Any = (name, partitions, replication, [], list(config.items()))
        request = CreateTopicsRequest([asked], int(PATIENCE_S * 1000), validate_only=False)
        answer = await self._ask(request, controller=True)
        ((_, code, message),) = [error[:3] for error in answer.topic_errors]
        if code in (0, EXISTS, *UNAUTHORISED):
            return int(code)
        if code == _TOO_FEW_BROKERS:
            raise KafkaFault(
                "too_few_brokers",
                f"không đủ broker cho {replication} bản sao, hãy dùng --replication",
                f"too few brokers for {plural(replication, 'copy', 'copies')}, use --replication",
            )
        said = f"{name}: {for_code(code).__name__}: {message}"
        raise KafkaFault("refused", said, said)

    async def _ask(self, request: Any, *, controller: bool = False) -> Any:
        client = self._client
        brokers = ", ".join(f"{b.host}:{b.port}" for b in client.cluster.brokers())
        try:
            async with asyncio.timeout(PATIENCE_S):
                if controller:
                    await client.force_metadata_update()
                    return await client.send(client.cluster.controller.nodeId, request)
                return await client.send(client.get_random_node(), request)
        except NodeNotReadyError as error:
            # It answered at the bootstrap address and sent us to another one.
            raise KafkaFault(
                "unreachable",
                f"không nối được tới địa chỉ mà các broker tự xưng, {brokers}:"
                " xem advertised.listeners",
                f"cannot connect to where the brokers say they are, {brokers}:"
                " see advertised.listeners",
            ) from error
        except (TimeoutError, KafkaError) as error:
            raise KafkaFault("silent", *_silent(brokers)) from error


@asynccontextmanager
async def reached(kafka: KafkaSettings) -> AsyncIterator[Cluster]:
    """Give the cluster for the length of the block. KafkaFault, within 10 s a broker."""
    options = await _one_that_answers(kafka)
    client = AIOKafkaClient(**options, request_timeout_ms=int(PATIENCE_S * 1000))
    try:
        await client.bootstrap()
        yield Cluster(client)
    except KafkaError as error:
        raise KafkaFault("silent", *_silent(kafka.bootstrap)) from error
    finally:
        await client.close()


async def _one_that_answers(kafka: KafkaSettings) -> dict[str, Any]:
    """Give the options of a client, with the first broker of the list that lets us in."""
    try:
        options = client_options(kafka)
    except OSError as error:
        raise KafkaFault("tls", *_tls(str(kafka.ca_file), error)) from error
    faults: list[KafkaFault] = []
    for host, port, _ in collect_hosts(kafka.bootstrap, randomize=False):
        try:
            await _knock(host, port, options)
        except KafkaFault as fault:
            faults.append(fault)
        else:
            return options | {"bootstrap_servers": f"{host}:{port}"}
    raise max(faults, key=lambda fault: _TELLING.index(fault.why))


async def _knock(host: str, port: int, options: Mapping[str, Any]) -> None:
    """Connect and log in, and go. The client itself would not say what went wrong."""
    where = f"{host}:{port}"
    told = {name: value for name, value in options.items() if name != "bootstrap_servers"}
    try:
        async with asyncio.timeout(PATIENCE_S):
            connection = await create_conn(host, port, **told)
            try:
                # A listener that waits for SASL answers the first question only.
                await connection.send(MetadataRequest([]))
            finally:
                connection.close()
    except socket.gaierror as error:
        raise KafkaFault(
            "unresolved",
            f"không có máy nào tên {host}: xem CHITIEU_KAFKA_BOOTSTRAP",
            f"no machine is called {host}: see CHITIEU_KAFKA_BOOTSTRAP",
        ) from error
    except ssl.SSLError as error:
        raise KafkaFault("tls", *_tls(where, error)) from error
    except (SaslAuthenticationFailed, UnsupportedSaslMechanismError) as error:
        raise KafkaFault(
            "unauthenticated",
            f"{where} không nhận người dùng {options['sasl_plain_username']}:"
            f" xem CHITIEU_KAFKA_USERNAME, _PASSWORD, _SASL_MECHANISM",
            f"{where} does not let user {options['sasl_plain_username']} in:"
            f" see CHITIEU_KAFKA_USERNAME, _PASSWORD, _SASL_MECHANISM",
        ) from error
    except IllegalSaslStateError as error:
        raise _not_this_protocol(where) from error
    except TimeoutError as error:
        raise KafkaFault("silent", *_silent(where)) from error
    except (ConnectionError, KafkaError) as error:
        if isinstance(error, ConnectionRefusedError):
            raise _unreachable(where, error) from error
        # Whoever listens there hung up: it waits for TLS or SASL, or is no Kafka.
        raise _not_this_protocol(where) from error
    except OSError as error:
        raise _unreachable(where, error) from error


def _found(topic: Mapping[str, Any]) -> Found:
    code = int(topic["error_code"])
    if code in _LEADERLESS:
        code = 0
    partitions = topic["partitions"]
    return Found(
        error=code,
        partitions=len(partitions),
        replication=min((len(p["replicas"]) for p in partitions), default=0),
        has_leaders=bool(partitions) and all(p["leader"] >= 0 for p in partitions),
    )


def _unreachable(where: str, error: OSError) -> KafkaFault:
    reason = os.strerror(error.errno) if error.errno else str(error)
    return KafkaFault(
        "unreachable",
        f"không nối được tới {where} ({reason}): xem CHITIEU_KAFKA_BOOTSTRAP",
        f"cannot connect to {where} ({reason}): see CHITIEU_KAFKA_BOOTSTRAP",
    )


def _not_this_protocol(where: str) -> KafkaFault:
    return KafkaFault(
        "unauthenticated",
        f"{where} ngắt kết nối: xem CHITIEU_KAFKA_SECURITY_PROTOCOL, hay ở đó không phải Kafka",
        f"{where} hung up: see CHITIEU_KAFKA_SECURITY_PROTOCOL, or it is no Kafka",
    )


def worded(error: BaseException) -> str | None:
    """What Kafka refused, in a line, vi / en; None for what is no refusal."""
    if isinstance(error, TopicAuthorizationFailedError):
        return (
            "Kafka: không có quyền đọc hoặc ghi chủ đề: cấp cho người dùng của"
            " CHITIEU_KAFKA_USERNAME / may not read or write a topic: grant it to the user of"
            f" CHITIEU_KAFKA_USERNAME ({error})"
        )
    if isinstance(error, GroupAuthorizationFailedError):
        return (
            "Kafka: không có quyền vào nhóm tính: cấp cho người dùng của CHITIEU_KAFKA_USERNAME"
            f" / may not join the group: grant it to the user of CHITIEU_KAFKA_USERNAME ({error})"
        )
    if isinstance(error, (KafkaTimeoutError, KafkaConnectionError)):
        return (
            "Kafka: không trả lời, đang thử lại"
            f" / does not answer, trying again ({type(error).__name__})"
        )
    return None


def unanswered(where: str, seconds: float) -> KafkaFault:
    """A broker that was reached before does not acknowledge what it is sent."""
    return KafkaFault("silent", *_silent(where, seconds))


def _silent(where: str, seconds: float = PATIENCE_S) -> tuple[str, str]:
    return (
        f"{where} không trả lời trong {seconds:.0f} giây",
        f"{where} does not answer within {seconds:.0f} s",
    )


def _tls(where: str, error: OSError) -> tuple[str, str]:
    reason = getattr(error, "reason", None) or error.strerror
    return (
        f"{where}: TLS: {reason}: xem CHITIEU_KAFKA_CA_FILE, CHITIEU_KAFKA_SECURITY_PROTOCOL",
        f"{where}: TLS: {reason}: see CHITIEU_KAFKA_CA_FILE, CHITIEU_KAFKA_SECURITY_PROTOCOL",
    )
