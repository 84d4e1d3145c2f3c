"""From the outcomes of all items to one HTTP answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from chitieu.errors import Fault, Language, Problem, of_faults
from chitieu.postgres.intake import ACCEPTED, CONFLICT, Outcome
from chitieu.text import has_forbidden_characters
from chitieu.web import JSON, PROBLEM, Headers, problem_headers, to_json

NOT_ALLOWED: Final = Fault("/subject", "subject_not_allowed")
_NOT_ALLOWED_PROBLEM: Final = of_faults([NOT_ALLOWED])
_CONFLICT: Final = of_faults([Fault("/id", "conflict")])
_REFUSED: Final = Problem("batch_refused")

Verdict = Outcome | Problem
"""What became of an item: written or known already, or refused."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the request asks for besides storing its events."""

    dry_run: bool = False
    atomic: bool = False
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, content type, body and headers."""

    status: int
    content_type: bytes
    body: bytes
    headers: Headers = ()


def _counts(accepted: int = 0, duplicate: int = 0) -> bytes:
    return to_json(
        {"accepted": accepted, "duplicate": duplicate, "conflict": 0, "rejected": 0, "results": []}
    )


_ONE_ACCEPTED: Final = Answer(202, JSON, _counts(accepted=1))


def refused_as_one(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """With atomic=true and one refused, what would have been accepted is refused as well."""
    return [_REFUSED if verdict == ACCEPTED else verdict for verdict in verdicts]


def is_refusal(verdict: Verdict) -> bool:
    """True for what an atomic batch cannot hold."""
    return isinstance(verdict, Problem) or verdict == CONFLICT


def answer_of(
    verdicts: Sequence[Verdict], raws: Sequence[Any], options: Options, speech: Language
) -> Answer:
    """The table of CONTRACT.md §2: 202, 207, 422, or 403 when no subject was allowed."""
    if not options.everything and verdicts.count(ACCEPTED) == len(verdicts):
        return _ONE_ACCEPTED if len(verdicts) == 1 else Answer(202, JSON, _counts(len(verdicts)))
    counts = {"accepted": 0, "duplicate": 0, "conflict": 0, "rejected": 0}
    results = []
    for index, verdict in enumerate(verdicts):
        status = "rejected" if isinstance(verdict, Problem) else verdict.status
        counts[status] += 1
        if options.everything or is_refusal(verdict):
            results.append(_result(index, raws[index], status, verdict, speech))
    body: dict[str, Any] = {**counts, "results": results}
    good = counts["accepted"] + counts["duplicate"]
    headers = [(b"preference-applied", b"return=representation")] if options.everything else []
    if good == len(verdicts):
        return Answer(202, JSON, to_json(body), headers)
    headers += [(b"content-language", speech.encode()), (b"vary", b"accept-language")]
    if all(_is_not_allowed(verdict) for verdict in verdicts):
        body |= _NOT_ALLOWED_PROBLEM.body(speech)
        return Answer(403, PROBLEM, to_json(body), headers)
    atomically = options.atomic and not counts["accepted"]
    return Answer(207 if good and not atomically else 422, JSON, to_json(body), headers)


def problem_answer(problem: Problem, speech: Language) -> Answer:
    """A request that was refused as a whole."""
    body = to_json(problem.body(speech))
    return Answer(problem.status, PROBLEM, body, problem_headers(problem, speech))


def _is_not_allowed(verdict: Verdict) -> bool:
    return isinstance(verdict, Problem) and verdict.code == NOT_ALLOWED.code


def _result(
    index: int, raw: Any, status: str, verdict: Verdict, speech: Language
) -> dict[str, Any]:
    problem: Problem | None = verdict if isinstance(verdict, Problem) else None
    if verdict == CONFLICT:
        problem = _CONFLICT
    found = {
        "index": index,
        "id": _id(raw),
        "status": status,
        "problem": problem and problem.body(speech),
    }
    if isinstance(verdict, Outcome) and verdict.retracted:
        found["retracted"] = True
    return found


def _id(raw: Any) -> str | None:
    """The id as sent, so that the sender finds it; never something that is no id."""
    given = raw.get("id") if type(raw) is dict else None
    if type(given) is not str or len(given) > 256 or has_forbidden_characters(given):
        return None
    return given
