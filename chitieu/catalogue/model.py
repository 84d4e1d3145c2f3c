"""The shapes of catalogue files. Pure: no files are read here.

One file holds one metric, one indicator, one plan or one list of units. Every text that people
read stands in Vietnamese and English (`Text`). Numbers are quoted decimals, days are ISO dates and
inclusive. Codes are text. The JSON Schemas for editors are generated from these models.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from chitieu.catalogue.scalars import (
    Cadence,
    Comparator,
    Day,
    Digest,
    Exact,
    FieldName,
    Force,
    HospitalClass,
    IssueDate,
    KeyPath,
    Kind,
    Level,
    Name,
    NotBlank,
    Ownership,
    ProvinceCode,
    Rounding,
    Tier,
    UnitCode,
    UnitKind,
    Window,
)


class Model(BaseModel):
    """Base of all catalogue shapes: unknown keys are faults, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Model):
    """A text for people, in both languages."""

    vi: NotBlank = Field(description="Vietnamese, NFC")
    en: NotBlank = Field(description="English")


class Assumption(Model):
    """What the reader of a clause had to decide, because the clause leaves it open."""

    about: Literal[
        "window", "numerator", "denominator", "due", "scope", "who_reports", "pooled_or_each",
        "comparator", "value", "tier", "in_force", "as_of", "other",
    ]  # fmt: skip
    reading: Text = Field(description="the reading taken")
    reason: Text = Field(description="why this one")


class Finding(Model):
    """Something in the document that does not agree with itself; recorded, never repaired."""

    code: Literal[
        "printed_disagrees", "parts_do_not_add_up", "two_values", "weaker_than_parts",
        "lower_tier_laxer", "other_denominator", "report_day_before_period", "larger_than_whole",
        "stronger_than_parts", "report_day_after_whole", "rows_repeat", "ambiguous_separator",
        "two_states", "ocr", "numbering", "other",
    ]  # fmt: skip
    text: Text
    lines: tuple[int, ...] = Field(default=(), description="lines of the document's text")


# --- metrics ---------------------------------------------------------------------------------


class MetricField(Model):
    """One value of a metric."""

    name: FieldName
    type: Literal["count", "amount", "decimal", "boolean"] = Field(
        description="count: whole number; amount: whole đồng; decimal: decimal string or number"
    )
    title: Text
    measure: Text | None = Field(default=None, description="what one of it is: lượt, người, đồng")
    at_most: FieldName | None = Field(default=None, description="never larger than this field")


class FieldGroup(Model):
    """Fields that are reported whole together and decided together."""

    name: FieldName
    fields: tuple[MetricField, ...] = Field(min_length=1)
    whole: FieldName | None = Field(default=None, description="field that `parts` add up to")
    parts: tuple[FieldName, ...] = ()
    optional: tuple[FieldName, ...] = Field(default=(), description="fields that may be absent")


class Metric(Model):
    """What units report."""

    version: Literal[1]
    kind: Literal["metric"]
    name: Name
    title: Text
    counts: Text = Field(description="exactly what is counted, in one sentence")
    form: Literal["period", "state", "snapshot"] = Field(
        description="figures of a period, a state since a day, or figures on a day"
    )
    cadence: Cadence = Field(description="how often a report is expected; none = when it changes")
    report_within: int = Field(default=10, ge=0, le=366, description="days after a period's end")
    states: tuple[FieldName, ...] = Field(default=(), description="form state: the allowed states")
    groups: tuple[FieldGroup, ...] = Field(default=(), description="none for a bare state")
    persons: bool = Field(
        default=False, description="counts persons: sums over units or periods repeat them"
    )
    assumed: tuple[Assumption, ...] = ()


# --- indicators ------------------------------------------------------------------------------


class Achieved(Model):
    """When a unit counts towards a share of units: its state is one of `states`, its flags hold."""

    states: tuple[FieldName, ...] = Field(default=(), description="form state")
    flags: tuple[FieldName, ...] = Field(default=(), description="boolean fields that must be true")


class Indicator(Model):
    """A formula over metrics."""

    version: Literal[1]
    kind: Literal["indicator"]
    name: Name
    title: Text
    formula: Kind
    metric: Name | None = Field(
        default=None, description="null for task, duty and share_meeting (its inner has one)"
    )
    numerator: FieldName | None = Field(default=None, description="ratio, total: field summed")
    denominator: FieldName | None = Field(default=None, description="ratio: field summed")
    achieved: Achieved | None = Field(default=None, description="share_of_units, milestone")
    inner: Name | None = Field(default=None, description="share_meeting: the units' own ratio")
    window: Window = Field(
        default="plan_year",
        description="what figures are pooled: since the plan year's 1 January, the running "
        "calendar period of the day evaluated on, or the latest snapshot or state",
    )
    direction: Literal["at_least", "at_most"] = "at_least"
    measure: Text = Field(description="of the actual value: phần trăm, ca, đồng")
    of: Text = Field(description="what one of the numerator is: hồ sơ, bệnh viện, lượt thanh toán")
    min_reported: Exact = Field(
        default=Decimal("0.8"), ge=0, le=1, description="share of expected reports before a verdict"
    )
    min_reported_why: Text | None = Field(default=None, description="required when not 0.8")
    concerns: dict[str, Any] | None = Field(
        default=None,
        description="predicate over unit attributes: all that it concerns in an area; "
        "null when each target names its units",
    )
    assumed: tuple[Assumption, ...] = ()


# --- plans -----------------------------------------------------------------------------------


class Party(Model):
    """Who leads or helps, as printed; `unit` when it is a registered reporting unit."""

    label: NotBlank
    unit: UnitCode | None = None


class Scope(Model):
    """Whose figures answer a target: named units, or all units for which `where` holds.

    Neither given: all that the indicator concerns. `place` narrows to a place of the plan's
    era (district or commune code with prefix, e.g. dvhc-h193); default the plan's place.
    """

    label: Text
    units: tuple[UnitCode, ...] = ()
    where: dict[str, Any] | None = None
    place: UnitCode | None = None
    own_work: bool = Field(
        default=False, description="the issuing agency's own work: judged on its last day at latest"
    )


class Each(Model):
    """share_meeting: what each unit's own ratio must meet."""

    comparator: Comparator
    value: Exact


class Target(Model):
    """A required value of an indicator for a scope by a day. `value` null: the row sets none."""

    tier: Tier
    set_by: str
    comparator: Comparator | None = ">="
    value: Exact | None = Field(description="percent, or in the indicator's measure; null for -")
    printed: str = Field(description="the value as the document prints it")
    each: Each | None = None
    due: Day | None = Field(description="last day that counts; null for ongoing")
    due_text: str = Field(description="the words as printed")
    due_precision: Literal["year", "half", "quarter", "month", "day", "none"]
    scope: Scope
    force: Force = "firm"
    maintain: bool = False
    condition: Text | None = Field(default=None, description="in force only once this is fulfilled")
    window: Window | None = None
    lines: tuple[int, int] | None = Field(default=None, description="narrower than the row's")
    same_as: KeyPath | None = Field(
        default=None, description="id of the statement of the same duty that this one repeats"
    )
    part_of: KeyPath | None = Field(default=None, description="id of the target it is a part of")
    from_: Day | None = Field(
        default=None, alias="from", description="first day in force when later than the plan's"
    )
    assumed: tuple[Assumption, ...] = ()
    findings: tuple[Finding, ...] = ()


class PostedEvent(Model):
    """The event that carries a printed result through the real ingest."""

    metric: Name
    subject: UnitCode
    data: dict[str, Any]


class PublishedResult(Model):
    """A result that the document prints."""

    target: KeyPath | None = Field(
        default=None, description="target key inside the row; null: holds for the whole row"
    )
    subject: UnitCode
    label: str | None = Field(default=None, description="which printed line: a district's name")
    printed: str = Field(description="as printed, faults included")
    numerator: Exact | None = None
    denominator: Exact | None = None
    read_as: Text | None = Field(default=None, description="when printed and read differ: why")
    rounding: Rounding | None = Field(
        default=None, description="the document's own rounding of the percentage, if one"
    )
    agrees: bool | None = Field(
        default=None, description="the fraction gives what is printed, under `rounding`"
    )
    over: FieldName | None = Field(default=None, description="what the printed denominator counts")
    as_of: Day
    as_of_basis: Literal["printed", "assumed"]
    words: str | None = Field(default=None, description="status words: Đang thực hiện")
    lines: tuple[int, int]
    events: tuple[PostedEvent, ...] = Field(
        description="none: precedes the plan, answers no target"
    )


class Row(Model):
    """One clause or table row of the document, with the targets that it sets."""

    key: KeyPath
    order: int
    section: str = Field(description="headings, with the occurrence when a number stands twice")
    clause: str = Field(description="address that a reader finds without a search")
    lines: tuple[int, int]
    sha256: Digest = Field(description="of the clause's text, blanks collapsed")
    title: Text
    indicator: Name | None = Field(description="null only for rows that set nothing to measure")
    responsible: tuple[Party, ...] = ()
    coordinating: tuple[Party, ...] = ()
    note: str | None = Field(default=None, description="what the note column prints, shortened")
    cells: dict[str, str] = Field(
        default_factory=dict, description="table column key → text as printed (figures, dashes)"
    )
    budget_million_vnd: Exact | None = None
    year: int | None = None
    refers_to: tuple[KeyPath, ...] = Field(default=(), description="rows it names for its detail")
    target: Target | None = Field(default=None, description="the only one; its id is the row's")
    targets: dict[KeyPath, Target] = Field(default_factory=dict)
    results: tuple[PublishedResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    assumed: tuple[Assumption, ...] = ()


class Column(Model):
    """A printed column: a tier's values, or what `holds` says; counts, populations add up."""

    key: FieldName
    title: Text
    tier: Tier | None = None
    holds: Literal["name", "content", "count", "population"] | None = None


class Table(Model):
    """A printed table: rows whose key begins with `key` stand in it."""

    key: KeyPath
    title: Text
    columns: tuple[Column, ...]
    total: KeyPath | None = Field(default=None, description="key of the row that adds up the rest")


class Statement(Model):
    """A place where a fact stands; `value` is alike for all spellings of one value."""

    clause: str
    value: NotBlank
    printed: str
    lines: tuple[int, int]


class StatedFact(Model):
    """One thing that the document states in several places. Whether they agree is computed."""

    name: Name
    title: Text
    rows: tuple[KeyPath, ...] = Field(default=(), description="rows whose results it touches")
    statements: tuple[Statement, ...] = Field(min_length=2)
    reading: Text = Field(description="what is used while they differ")


class ReportingDay(Model):
    """One day of a plan's reporting calendar."""

    period: str = Field(description="2025-Q1, 2025-H1, 2025")
    due: Day = Field(description="last day that counts")
    printed: str
    lines: tuple[int, int]


class Plan(Model):
    """A cited document that sets targets."""

    version: Literal[1]
    kind: Literal["plan"]
    name: Name
    document: str = Field(description="name of the source document")
    title: Text
    number: str | None = Field(description="as printed; null when the number is blank")
    issued: IssueDate = Field(description="as exact as printed")
    issuer: str
    issuer_unit: UnitCode | None
    place: ProvinceCode | None = Field(
        description="province code; null: addressed to every department"
    )
    place_on: Day = Field(description="a day on which that place bore the code")
    year: int | None = Field(description="of a yearly plan; null: in force from the day of issue")
    in_force_from: Day
    last_day: Day
    reporting: tuple[ReportingDay, ...] = ()
    reporting_period: Literal["month", "quarter", "half", "year"] = "quarter"
    tables: tuple[Table, ...] = ()
    facts: tuple[StatedFact, ...] = ()
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...] = ()
    acknowledged: tuple[str, ...] = Field(default=(), description="known contradictions, by id")
    assumed: tuple[Assumption, ...] = ()


# --- units -----------------------------------------------------------------------------------


class UnitRecord(Model):
    """A reporting unit as the base registry knows it from a day on."""

    code: UnitCode
    name: str
    from_: Day = Field(alias="from", description="first day of these attributes")
    kind: UnitKind
    type: str | None = None
    ownership: Ownership | None = None
    level: Level | None = None
    class_: HospitalClass | None = Field(default=None, alias="class")
    province: ProvinceCode
    district: str | None = None
    commune: str | None = None
    services: tuple[FieldName, ...] = ()
    closed: Day | None = Field(default=None, description="last day open")
    succeeds: UnitCode | None = Field(
        default=None, description="the code that this unit bore before; its history goes on"
    )
    fictional: bool = False
    note: str | None = None


class UnitList(Model):
    """Units of the base registry."""

    version: Literal[1]
    kind: Literal["units"]
    units: tuple[UnitRecord, ...]
