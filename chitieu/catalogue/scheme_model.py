"""The shape of a summary scheme's file. Pure."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from chitieu.catalogue.model import Assumption, Model, Text
from chitieu.catalogue.scalars import Exact, KeyPath, Name, NotBlank


class Weight(Model):
    """The points that a document gives a target, cited."""

    target: KeyPath = Field(description="id of a target of the scheme's plan")
    points: Exact = Field(gt=0)
    printed: str = Field(description="as the document prints them")
    clause: NotBlank = Field(description="address that a reader finds without a search")
    lines: tuple[int, int]


class Scheme(Model):
    """How a summary is scored; docs/summary-schemes.md."""

    version: Literal[1]
    kind: Literal["scheme"]
    name: Name = Field(description="what a question calls it: ?scheme=NAME")
    title: Text
    method: Literal["points"] = Field(
        description="points: points × min(1, actual ÷ value), as docs/summary-schemes.md says"
    )
    plan: Name | None = Field(default=None, description="whose document prints the weights")
    weights: tuple[Weight, ...] = ()
    each: Exact | None = Field(
        default=None, gt=0,
        description="points of every other binding target; null: it has none and is left out",
    )  # fmt: skip
    assumed: tuple[Assumption, ...] = Field(
        default=(), description="why `each`, which no document prints"
    )
