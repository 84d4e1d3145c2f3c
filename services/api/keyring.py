"""Who calls: the key of `Authorization: Bearer`."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from chitieu.errors import Problem
from chitieu.keys import Principal
from chitieu.postgres.keys import KeyRing
from chitieu.web import bearer

_CHALLENGE: Final = [(b"www-authenticate", b'Bearer realm="chitieu"')]
# Only for the documentation: the header is read by `chitieu.web.bearer`.
_SCHEME: Final = HTTPBearer(
    auto_error=False, scheme_name="key", description="A key from `POST /v1/keys`: `ct_…`."
)


async def caller(request: Request, _: Annotated[Any, Security(_SCHEME)]) -> Principal:
    """The principal of a request that needs a key. Problems `key_missing`, `key_invalid`."""
    return await principal_of(request, bearer(request.scope))


async def principal_of(request: Request, given: bytes | None) -> Principal:
    """Whose key this is. Problems `key_missing`, `key_invalid`."""
    ring: KeyRing = request.app.state.api.keyring
    if given is None:
        raise Problem("key_missing", headers=_CHALLENGE)
    found = await ring.principal(given)
    if found is None:
        raise Problem("key_invalid", headers=_CHALLENGE)
    return found


Caller = Annotated[Principal, Depends(caller)]
