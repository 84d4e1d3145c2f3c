"""A client of our own HTTP API: what the commands, `make up` and the demo speak.

It sends only what any integration could send; a request that cannot be answered just now (a
process is starting again, 429, 503) is sent again, which the identities of events make harmless.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import httpx

Event = Mapping[str, Any]

_BATCH_TYPE: Final = "application/cloudevents-batch+json"
_TRY_S: Final = 60.0
_AGAIN: Final = frozenset({429, 502, 503, 504})


class ApiProblem(Exception):
    """The API refused; the text is its own explanation."""

    def __init__(self, status: int, code: str, text: str) -> None:
        """`code` is the problem's stable code."""
        self.status, self.code = status, code
        super().__init__(text)


class Unreachable(Exception):
    """Nobody answers; the text is one line, vi / en."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a batch; `troubles` are its conflicts and rejections."""

    accepted: int
    duplicate: int
    troubles: tuple[Mapping[str, Any], ...]


class Client:
    """One server, or an app in this process, and one key."""

    def __init__(
        self, base: str, key: str | None = None, *, lang: str = "vi",
        transport: httpx.AsyncBaseTransport | None = None, try_for: float = _TRY_S,
    ) -> None:  # fmt: skip
        """`transport` reaches an app without a server; `try_for` seconds a request is tried."""
        headers = {"accept-language": lang}
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        # The environment's proxies are not for us: everything here is on this machine.
        self._http = httpx.AsyncClient(
            base_url=base, headers=headers, transport=transport, trust_env=False, timeout=60.0
        )
        self._try_for = try_for

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self._http.aclose()

    async def get(self, path: str, **params: str | None) -> Any:
        """Read JSON; parameters that are None are left out. ApiProblem, Unreachable."""
        given = {name: value for name, value in params.items() if value is not None}
        return (await self.request("GET", path, params=given)).json()

    async def all_items(self, path: str, **params: str | None) -> list[Any]:
        """Read a list, page by page."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            page = await self.get(path, **params, limit="500", cursor=cursor)
            items += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return items

    async def post_events(
        self, events: Sequence[Event], *, key: str | None = None, dry_run: bool = False
    ) -> Counts:
        """Send events as one batch. Rejections are in the answer, not raised."""
        answer = await self.request(
            "POST",
            "/v1/events",
            params={"dry_run": "true"} if dry_run else {},
            content=json.dumps(list(events), ensure_ascii=False).encode(),
            headers={"content-type": _BATCH_TYPE}
            | ({"authorization": f"Bearer {key}"} if key else {}),
            fine=frozenset({202, 207, 422}),
        )
        body = answer.json()
        if "results" not in body:
            raise _problem(answer)
        troubles = [r for r in body["results"] if r["status"] in ("conflict", "rejected")]
        return Counts(body["accepted"], body["duplicate"], tuple(troubles))

    async def request(
        self, method: str, path: str, *, fine: frozenset[int] = frozenset(), **rest: Any
    ) -> httpx.Response:
        """Send until answered; ApiProblem for what is neither 2xx nor `fine`, Unreachable."""
        deadline = time.monotonic() + self._try_for
        pause = 0.05
        while True:
            try:
                answer = await self._http.request(method, path, **rest)
            except httpx.TransportError as error:
                if time.monotonic() + pause > deadline:
                    raise Unreachable(
                        f"không gọi được {self._http.base_url}: {error}"
                        f" / cannot reach {self._http.base_url}: {error}"
                    ) from error
            else:
                if answer.is_success or answer.status_code in fine:
                    return answer
                if answer.status_code not in _AGAIN or time.monotonic() + pause > deadline:
                    raise _problem(answer)
            await asyncio.sleep(pause)
            pause = min(1.0, pause * 2)


def _problem(answer: httpx.Response) -> ApiProblem:
    try:
        body = answer.json()
        code, text = str(body["code"]), str(body.get("detail") or body.get("title"))
    except (ValueError, KeyError, TypeError):
        code, text = "", f"HTTP {answer.status_code}"
    return ApiProblem(answer.status_code, code, text)
