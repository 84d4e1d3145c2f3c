"""A draft letter that asks an issuer about the contradictions of its document. Pure.

Plain text in the layout of an official letter under Decree 30/2020. It names no person: what the
sender fills in stands in square brackets.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from chitieu.catalogue.faults import Language
from chitieu.catalogue.model import Plan, Text
from chitieu.catalogue.semantic.contradiction import KINDS, Clause, Contradiction

WIDTH: Final = 92
_HALF: Final = 40

_QUESTIONS: Final = {
    "parts_do_not_add_up": Text(
        vi="Tổng hay phần nào là đúng?", en="Is it the whole or a part that is right?"
    ),
    "two_values": Text(vi="Trị số nào là đúng?", en="Which of them is right?"),
    "weaker_than_parts": Text(
        vi="Chỉ tiêu chung hay chỉ tiêu của từng phần được áp dụng?",
        en="Does the whole's target apply, or those of its parts?",
    ),
    "lower_tier_laxer": Text(vi="Mức nào được áp dụng?", en="Which value applies?"),
    "printed_disagrees": Text(
        vi="Tỷ lệ hay tử số, mẫu số là đúng?", en="Is it the rate or its fraction that is right?"
    ),
    "other_denominator": Text(vi="Mẫu số nào được áp dụng?", en="Which denominator applies?"),
    "report_day_before_period": Text(
        vi="Báo cáo lấy số ước của cả kỳ hay số thực đến ngày báo cáo?",
        en="Does the report estimate the whole period, or stop at its own day?",
    ),
    "report_day_after_whole": Text(
        vi="Báo cáo dài hơn lấy số ước hay hạn nào được điều chỉnh?",
        en="Does the longer report estimate, or will one of the days be changed?",
    ),
    "larger_than_whole": Text(
        vi="Chỉ tiêu hay số dân, số tài khoản là đúng?",
        en="Is it the target or the number of people or accounts that is right?",
    ),
    "rows_repeat": Text(
        vi="Nội dung của từng dòng là gì?", en="What is the content of each of these rows?"
    ),
    "ambiguous_separator": Text(
        vi="Số này đọc thế nào?", en="How are these numbers to be read?"
    ),
    "two_states": Text(vi="Trạng thái nào là đúng?", en="Which state is right?"),
}  # fmt: skip


def letter(plan: Plan, found: Sequence[Contradiction], language: Language = "vi") -> str:
    """The draft for one plan. `found` in the order in which it is asked; at least one."""
    parts = _vietnamese(plan, found) if language == "vi" else _english(plan, found)
    return "\n".join(parts) + "\n"


def document(plan: Plan, language: Language = "vi") -> str:
    """`Kế hoạch … (số 500/KH-SYT, 10/02/2025)`: the document as a letter cites it."""
    day = "/".join(reversed(plan.issued.split("-")))
    if language == "vi":
        number = f"số {plan.number}, " if plan.number else "không ghi số, "
        return f"{plan.title.vi} ({number}ban hành {day})"
    return f"{plan.title.en} ({plan.number or 'without a number'}, issued {plan.issued})"


def places(clause: Clause, language: Language = "vi") -> str:
    """`Phụ lục II, bảng 1, dòng 13 (dòng 1184)`: address and lines of the text."""
    first, last = clause.lines
    word = "dòng" if language == "vi" else "line" if first == last else "lines"
    lines = f"{first}" if first == last else f"{first}–{last}"
    other = f"{clause.document}: " if clause.document else ""
    return f"{other}{clause.address} ({word} {lines})"


def question(code: str) -> Text:
    """What is asked of a kind; a target that is too hard is asked like one that is too easy."""
    return _QUESTIONS["weaker_than_parts" if code == "stronger_than_parts" else code]


def _vietnamese(plan: Plan, found: Sequence[Contradiction]) -> Iterator[str]:
    about = f"Kế hoạch số {plan.number}" if plan.number else "văn bản nêu dưới đây"
    yield from _columns([
        ("[TÊN CƠ QUAN CHỦ QUẢN]", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
        ("[TÊN CƠ QUAN GỬI]", "Độc lập - Tự do - Hạnh phúc"),
        ("_______", "___________________________"),
        ("", ""),
        ("Số: …/…", "[Địa danh], ngày … tháng … năm …"),
        ("V/v đề nghị làm rõ một số nội dung của", ""),
        (about, ""),
    ])  # fmt: skip
    yield from ("", f"Kính gửi: {plan.issuer}".center(WIDTH).rstrip(), "")
    yield _paragraph(
        f"Qua theo dõi việc thực hiện {document(plan)}, [tên cơ quan gửi] nhận thấy "
        f"{len(found)} nội dung của văn bản chưa thống nhất. Đề nghị {plan.issuer} xem xét, cho ý "
        "kiến về các nội dung sau đây:"
    )
    for number, one in enumerate(found, 1):
        yield ""
        yield _item(f"{number}. ", f"{KINDS[one.code].vi}.")
        yield _item("   a) ", "Điều, khoản và nội dung in:")
        yield from (_item("      - ", _printed(clause, "vi")) for clause in one.clauses)
        yield _item("   b) ", f"Điểm chưa thống nhất: {one.text.vi}")
        yield _item("   c) ", f"Cách hiểu đang áp dụng đến khi có ý kiến: {one.reading.vi}")
        yield _item("   d) ", f"Đề nghị cho biết: {question(one.code).vi}")
    yield ""
    yield _paragraph(
        "Số dòng nêu trên là số dòng của bản văn dùng để theo dõi. Đến khi nhận được ý kiến, việc "
        "theo dõi, đánh giá tiếp tục theo cách hiểu nêu ở điểm c của từng mục."
    )
    yield _paragraph(f"Kính đề nghị {plan.issuer} quan tâm, trả lời bằng văn bản./.")
    yield ""
    yield from _columns([
        ("Nơi nhận:", "[QUYỀN HẠN, CHỨC VỤ CỦA NGƯỜI KÝ]"),
        ("- Như trên;", ""),
        ("- Lưu: VT, [đơn vị soạn thảo].", "[Chữ ký, dấu của cơ quan; họ và tên]"),
    ])  # fmt: skip


def _english(plan: Plan, found: Sequence[Contradiction]) -> Iterator[str]:
    yield from ("[Sending agency]", "No.: …/…", "[Place], day … month … year …", "")
    yield from (f"To: {plan.issuer}", "")
    yield _item("Subject: ", f"clarification of {document(plan, 'en')}")
    yield ""
    yield _paragraph(
        f"We found {len(found)} point{'s' * (len(found) > 1)} of this document that cannot be so "
        "together. We ask you to consider and to answer:"
    )
    for number, one in enumerate(found, 1):
        yield ""
        yield _item(f"{number}. ", f"{KINDS[one.code].en}.")
        yield _item("   a) ", "Clauses, and what they print:")
        yield from (_item("      - ", _printed(clause, "en")) for clause in one.clauses)
        yield _item("   b) ", f"What does not agree: {one.text.en}")
        yield _item("   c) ", f"Reading used until answered: {one.reading.en}")
        yield _item("   d) ", f"Please tell: {question(one.code).en}")
    yield ""
    yield _paragraph(
        "Line numbers are those of the text that is used for monitoring. Until an answer arrives, "
        "monitoring goes on with the readings under c."
    )
    yield from ("", "[Authority and position of the signatory]", "[Signature and seal]")


def _printed(clause: Clause, language: Language) -> str:
    shown = textwrap.shorten(clause.printed, 240, placeholder=" …")
    return f"{places(clause, language)}: “{shown}”"


def _columns(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Two columns, each centred, as the head of an official letter has them."""
    for left, right in rows:
        yield f"{left.center(_HALF)}  {right.center(WIDTH - _HALF - 2)}".rstrip()


def _paragraph(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="     ", break_long_words=False)


def _item(lead: str, text: str) -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
