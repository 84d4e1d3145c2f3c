"""What a question holds besides its subject: the pair, a closing that stands for it, the places."""

from __future__ import annotations

from typing import Annotated

import typer

from chitieu.cli.terminal import Failed

AsOf = Annotated[str | None, typer.Option(help="ngày xét, mặc định hôm nay / day, default today")]
KnownAt = Annotated[str | None, typer.Option(help="theo điều đã biết lúc đó / as known then")]
Closing = Annotated[
    str | None,
    typer.Option(
        metavar="ID", help="bản chốt, thay cho --as-of và --known-at / a closing, stands for both"
    ),
]
On = Annotated[str | None, typer.Option(help="ngày mà tỉnh mang mã này / day of the code")]
Places = Annotated[
    str | None,
    typer.Option(
        "--places", metavar="DAY",
        help="chia kết quả theo địa giới của ngày này / results by the places of this day",
    ),
]  # fmt: skip
Level = Annotated[
    str | None,
    typer.Option(metavar="LEVEL", help="với --places / with --places: province, district, commune"),
]


def places(day: str | None, level: str | None) -> dict[str, str | None]:
    """The parameters of `--places`, none as reported. Failed for a level without a day."""
    if day is None and level is not None:
        raise Failed("--level cần --places / --level needs --places")
    return {} if day is None else {"places": day, "level": level}


def moment(as_of: str | None, known_at: str | None, closing: str | None) -> dict[str, str | None]:
    """The parameters as the API takes them. Failed for a closing beside what it stands for."""
    if closing is not None and (as_of is not None or known_at is not None):
        raise Failed(
            "--closing đã là cặp --as-of, --known-at của bản chốt: bỏ hai tùy chọn đó, hoặc bỏ"
            " --closing\n"
            "--closing stands for the closing's --as-of and --known-at: leave out those, or it"
        )
    return {"as_of": as_of, "known_at": known_at, "closing": closing}
