"""An explanation as a page for people: nothing is decided here, every figure is the answer's. Pure.

`answer` is the JSON of `/v1/targets/{id}/explanation`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from chitieu.scoring.sentence import VERDICTS
from services.api.pages.by_places import Json, Lang, places_html

Labels = Mapping[str, Mapping[str, str]]


class Explained:
    """One explanation in one language. `labels`: field of the metric → its title."""

    def __init__(self, answer: Json, lang: Lang, labels: Labels) -> None:
        self._answer, self.lang, self._labels = answer, lang, labels

    def say(self, vi: str, en: str) -> str:
        """Our own words, already safe."""
        return en if self.lang == "en" else vi

    def both(self, words: Mapping[str, str]) -> str:
        """A text of the answer in this language, safe."""
        return escape(str(words[self.lang]))

    @property
    def title(self) -> str:
        """What is measured, and where."""
        title = self._answer["title_en" if self.lang == "en" else "title"]
        return f"{title} – {self._answer['province']['name']}"

    def html(self) -> str:
        """Everything under the heading."""
        answer = self._answer
        parts = [
            f'<p class="lead">{self.both(answer["words"])}</p>', self._head(), self._sums(),
            self._places(),
            self._reports(answer["counted"], self.say("Báo cáo được tính", "Reports that count")),
            self._reports(
                answer["left_out"], self.say("Báo cáo không tính, vì sao", "Reports left out, why")
            ),
            self._missing(), self._clause(), self._binding(), self._assumed(), self._findings(),
            self._proof(),
        ]  # fmt: skip
        return "".join(parts)

    def _list(self, pairs: Sequence[tuple[str, str]]) -> str:
        return f"<dl>{''.join(f'<dt>{name}</dt><dd>{text}</dd>' for name, text in pairs)}</dl>"

    def _head(self) -> str:
        answer = self._answer
        return self._list([
            (self.say("Kết quả", "Result"), self.say(*VERDICTS[answer["verdict"]])),
            (self.say("Tính đến hết ngày", "Up to the end of"), escape(answer["as_of"])),
            (self.say("Theo điều đã biết lúc", "As known at"), escape(answer["known_at"])),
            (self.say("Mã chỉ tiêu", "Target"), f"<code>{escape(answer['target'])}</code>"),
        ])  # fmt: skip

    def _sums(self) -> str:
        sums = self._answer["arithmetic"]
        rows = [f"<tr><td>{self.both(unit['text'])}</td></tr>" for unit in sums["units"]]
        if sums["total"] is not None:
            rows.append(f'<tr class="sum"><td>{self.both(sums["total"]["text"])}</td></tr>')
        rows.append(f'<tr class="sum"><td>{self.both(sums["comparison"]["text"])}</td></tr>')
        caption = self.say("Phép tính", "Arithmetic")
        return f"<table><caption>{caption}</caption><tbody>{''.join(rows)}</tbody></table>"

    def _fields(self, fields: Json) -> str:
        shown = []
        for name, value in fields.items():
            label = self._labels.get(name, {}).get(self.lang, name)
            shown.append(f"{escape(label)}: {escape(str(value))}")
        return "; ".join(shown)

    def _reports(self, items: Sequence[Json], caption: str) -> str:
        items = [item for item in items if item["id"] is not None]
        if not items:
            return ""
        why = "reason_words" in items[0]
        heads = [
            self.say("Đơn vị", "Unit"), self.say("Kỳ", "Period"), self.say("Số liệu", "Figures"),
            self.say("Báo cáo", "Report"), self.say("Gửi lúc", "Sent"),
            self.say("Lý do", "Reason") if why else self.say("Biết lúc", "Known"),
        ]  # fmt: skip
        rows = []
        for item in items:
            cells = [
                escape(str(item["unit"])), escape(str(item["period"])),
                self._fields(item["fields"]), escape(f"{item['source']} {item['id']}"),
                escape(str(item["time"])),
                self.both(item["reason_words"]) if why else escape(str(item["known"])),
            ]  # fmt: skip
            rows.append("<tr>" + "".join(
                f'<td data-l="{head}">{cell}</td>' for head, cell in zip(heads, cells, strict=True)
            ) + "</tr>")  # fmt: skip
        head = "".join(f"<th>{name}</th>" for name in heads)
        return (
            f'<table class="cards"><caption>{caption} ({len(items)})</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        )

    def _places(self) -> str:
        """By the places of a day, where that was asked for: each part, and whose figures it is."""
        by = self._answer["places"]
        return "" if by is None else places_html(by, self.lang)

    def _missing(self) -> str:
        by_unit: dict[str, list[str]] = {}
        names: dict[str, str] = {}
        for item in self._answer["missing"]:
            by_unit.setdefault(item["unit"], []).append(item["period"] or "")
            names[item["unit"]] = item["name"] or item["unit"]
        if not by_unit:
            return ""
        rows = "".join(
            f"<li>{escape(names[code])} <small>{escape(code)}</small>"
            f" {escape(', '.join(p for p in periods if p))}</li>"
            for code, periods in by_unit.items()
        )
        title = self.say("Đơn vị còn thiếu báo cáo", "Units with reports missing")
        return f"<h2>{title} ({len(by_unit)})</h2><ul>{rows}</ul>"

    def _clause(self) -> str:
        cited, condition = self._answer["citation"], self._answer["condition"]
        lines = "–".join(str(line) for line in cited["lines"])
        pairs = [
            (self.say("Văn bản", "Document"), escape(str(cited["document"]))),
            (self.say("Số", "Number"), escape(str(cited["number"] or "–"))),
            (self.say("Ban hành", "Issued"), escape(str(cited["issued"]))),
            (self.say("Điều khoản", "Clause"), escape(str(cited["clause"]))),
            (self.say("Dòng", "Lines"), lines),
        ]
        if condition is not None:
            done = condition["document"] or self.say("chưa ghi nhận", "not recorded yet")
            told = f"{self.both(condition['text'])} ({escape(str(done))})"
            pairs.append((self.say("Điều kiện", "Condition"), told))
        return f"<h2>{self.say('Căn cứ', 'Source')}</h2>{self._list(pairs)}"

    def _binding(self) -> str:
        words = self._answer["rule"]["binding_words"]
        title = self.say("Chỉ tiêu nào ràng buộc", "Which target binds")
        return f"<h2>{title}</h2><p>{self.both(words)}</p>"

    def _assumed(self) -> str:
        items = self._answer["assumed"]
        if not items:
            return ""
        rows = "".join(
            f"<li>{self.both(item['reading'])} <small>{self.both(item['reason'])}</small></li>"
            for item in items
        )
        title = self.say("Chúng tôi hiểu văn bản thế nào", "What was assumed")
        return f"<h2>{title}</h2><ul>{rows}</ul>"

    def _findings(self) -> str:
        items = self._answer["findings"]
        if not items:
            return ""
        rows = "".join(f"<li>{self.both(item['text'])}</li>" for item in items)
        return f"<h2>{self.say('Điểm không khớp', 'What does not agree')}</h2><ul>{rows}</ul>"

    def _proof(self) -> str:
        answer = self._answer
        province = f" --province {answer['province']['code']}"
        command = (
            f"chitieu explain {answer['target']}{province} --as-of {answer['as_of']}"
            f" --known-at {answer['known_at']} --receipt bien-nhan.json"
        )
        pairs = [
            (self.say("Danh mục", "Catalogue"), f"<code>{escape(answer['catalogue'])}</code>"),
            (self.say("Vị trí nhật ký", "Log position"), escape(answer["position"])),
            (self.say("Phiên bản", "Release"), escape(answer["code"])),
            (self.say("Lấy biên nhận", "Get a receipt"), f"<code>{escape(command)}</code>"),
            (
                self.say("Kiểm tra ở máy khác", "Check it elsewhere"),
                "<code>chitieu verify --receipt bien-nhan.json</code>",
            ),
        ]
        return f"<h2>{self.say('Tự kiểm tra', 'Check it yourself')}</h2>{self._list(pairs)}"
