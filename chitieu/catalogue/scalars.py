"""The words and figures that catalogue files are made of. Pure.

Each is a type with its own rule, so that a wrong one is a fault where it stands.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
KeyPath = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*(/[A-Za-z0-9][A-Za-z0-9.-]*)*$")
]
UnitCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,63}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
IssueDate = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
ProvinceCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
NotBlank = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]

Comparator = Literal[">=", ">", "<=", "<", "="]
Kind = Literal["ratio", "share_of_units", "share_meeting", "total", "milestone", "task", "duty"]
Tier = Literal["national_committee", "ministry", "province", "department"]
Force = Literal["firm", "aspirational", "requested", "encouraged"]
Cadence = Literal["day", "month", "quarter", "half", "year", "none"]
Window = Literal["plan_year", "year", "half", "quarter", "month", "latest"]
Rounding = Literal["half_up/0", "half_up/1", "half_up/2", "truncated/0"]
UnitKind = Literal["facility", "pharmacy", "area", "agency"]
Ownership = Literal["public", "private"]
Level = Literal["central", "provincial", "district", "commune"]
HospitalClass = Literal["special", "I", "II", "III", "IV"]

_DECIMAL = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?"


def _day(value: object) -> dt.date:
    """Only `2025-12-31`: pydantic would also take a number of seconds, and OpenFisca's lesson is
    that dates compared as text let 2025-02-31 through."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise PydanticCustomError("bad_day", "not an ISO day")
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("no_such_day", "no such day") from None


def _exact(value: object) -> Decimal:
    """A quoted decimal or a whole number: never a float, which has lost what was written."""
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and re.fullmatch(_DECIMAL, value, re.ASCII):
        return Decimal(value)
    raise PydanticCustomError("bad_decimal", "not a quoted decimal")


Day = Annotated[dt.date, BeforeValidator(_day)]
Exact = Annotated[
    Decimal,
    BeforeValidator(_exact),
    WithJsonSchema(
        {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": f"^{_DECIMAL}$"}]}
    ),
]
