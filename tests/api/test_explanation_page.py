"""The page that explains a result: public words for all, figures with a key, no outside files."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from services.api.pages.explained import Explained
from tests.api.conftest import Caller

I7 = "br-vt-2025/annex-2/I.7/province"
PAGE = f"/t/{I7}/explanation?as_of=2025-03-31"


class Balanced(HTMLParser):
    """Fails on a tag that is not closed, or closed by another."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(text: str) -> str:
    parser = Balanced()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return " ".join(parser.texts)


async def test_without_a_key_only_what_the_document_says(ask: Caller) -> None:
    answer = await ask(PAGE, None)
    text = read(answer.text)
    assert answer.status_code == 200
    assert "Phụ lục II" in text
    assert 'type="password"' in answer.text
    assert "86,51" not in text
    assert "annex-2/I.7#1" not in text


async def test_with_a_key_every_line_stands_there(ask: Caller) -> None:
    answer = await ask(PAGE, "77")
    explained = (await ask(f"/v1/targets/{I7}/explanation?as_of=2025-03-31", "77")).json()
    text = read(answer.text)
    for words in (
        "86,51%", "776 ÷ 897", "annex-2/I.7#1", explained["catalogue"], explained["known_at"],
        explained["rule"]["binding_words"]["vi"], explained["citation"]["clause"], "1889–1919",
        explained["arithmetic"]["units"][0]["text"]["vi"],
    ):  # fmt: skip
        assert words in text, words
    assert answer.headers["cache-control"] == "private, no-store"
    assert "Authorization" in answer.headers["vary"]


async def test_the_form_shows_the_same_to_a_key_that_it_posts(ask: Caller) -> None:
    form = re.search(r'<form method="post" action="([^"]*)"', (await ask(PAGE, None)).text)
    assert form
    address = PAGE.rpartition("/")[0] + "/" + form[1].replace("&amp;", "&")
    assert "as_of=2025-03-31" in address
    shown = await ask(address, None, "POST", data={"key": ask.key("77")})
    assert shown.status_code == 200
    assert shown.text == (await ask(PAGE, "77")).text
    assert ask.key("77") not in shown.text
    assert shown.headers["cache-control"] == "private, no-store"
    assert "set-cookie" not in shown.headers


@pytest.mark.parametrize(
    ("key", "status", "told"),
    [("", 401, "Chưa nhập khóa"), (" ", 401, "Chưa nhập khóa"),
     ("ct_aaaaaaaa_" + "A" * 43, 401, "thu hồi"), ("khóa", 401, "thu hồi"),
     ("22", 404, "Không có tài nguyên này")],
)  # fmt: skip
async def test_what_is_wrong_with_a_key_is_said_above_the_form(
    ask: Caller, key: str, status: int, told: str
) -> None:
    answer = await ask(PAGE, None, "POST", data={"key": ask.key(key)})
    assert answer.status_code == status
    text = read(answer.text)
    assert told in text
    assert 'type="password"' in answer.text
    assert "Phụ lục II" in text
    assert "86,51" not in text


async def test_a_form_of_any_size_is_not_read(ask: Caller) -> None:
    answer = await ask(PAGE, None, "POST", content=b"key=" + b"x" * 5000)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    many = await ask(PAGE, None, "POST", content=b"a=1&" * 500 + b"key=")
    assert (many.status_code, 'type="password"' in many.text) == (401, True)
    assert (await ask("/t/nothing/explanation", None, "POST", data={"key": ""})).status_code == 404


async def test_both_languages_are_there_and_what_is_public_links_to_the_other(ask: Caller) -> None:
    public = (await ask(PAGE, None)).text
    link = re.search(r'href="(explanation\?[^"]*lang=en)"', public)
    assert link
    address = PAGE.rpartition("/")[0] + "/" + link[1].replace("&amp;", "&")
    assert "as_of=2025-03-31" in address
    assert '<html lang="en">' in (await ask(address, None)).text
    for asked, chosen in ((PAGE, "vi"), (address, "en")):
        page = (await ask(asked, "77")).text
        assert f'id="lang-{chosen}" checked' in page
        assert page.count(" checked") == 1
        articles = dict(re.findall(r'<article lang="(vi|en)">(.*?)</article>', page, re.DOTALL))
        assert "Reports that count" in articles["en"]
        assert "reached 86.51%" in articles["en"]
        assert "Báo cáo được tính" in articles["vi"]
    assert (await ask(f"{PAGE}&lang=fr", "77")).status_code == 422


async def test_who_may_not_see_it_is_told_that_it_is_not_there(ask: Caller) -> None:
    missing = await ask("/t/br-vt-2025/annex-2/I.77/explanation", "22")
    for name in ("22", "unit", "other"):
        answer = await ask(PAGE, name)
        assert (answer.status_code, answer.content) == (404, missing.content)
    assert (await ask("/t/br-vt-2025/annex-2/I.77/explanation", None)).status_code == 404
    assert (await ask(PAGE, "ct_aaaaaaaa_" + "A" * 43)).json()["code"] == "key_invalid"


@pytest.mark.parametrize("name", [None, "admin"])
async def test_it_loads_its_own_files_only(ask: Caller, name: str | None) -> None:
    answer = await ask(PAGE, name)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r"(src|href)=[\"'](?:https?:)?//", answer.text)
    assert not re.search(r"<script|\son\w+=|style=", answer.text)
    found = re.findall(r'(?:src|href)="((?:\.\./)+)(static/[^"]+)"', answer.text)
    assert {file.partition("?")[0] for _, file in found} == {"static/pages.css"}
    # As deep as the id has slashes.
    assert {up for up, _ in found} == {"../" * (PAGE.partition("?")[0].count("/") - 1)}
    for _, file in found:
        assert (await ask(f"/{file}", None)).status_code == 200


async def test_the_scorecard_page_leads_to_it(ask: Caller) -> None:
    page = (await ask("/p/77?on=2025-03-31", None)).text
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="\.\./(t/[^"]+)"', page)]
    shared = [link for link in links if "/byt-1366-2025/" in link]
    assert len(links) > len(shared) > 0
    for link in [links[0], links[-1], *shared[:2]]:
        both = "&" if "?" in link else "?"
        assert (await ask(f"/{link}{both}as_of=2025-03-31", None)).status_code == 200
        answer = await ask(f"/{link}{both}as_of=2025-03-31", "77")
        assert answer.status_code == 200, link
        read(answer.text)


async def test_every_explanation_of_a_scorecard_is_a_page(ask: Caller) -> None:
    results = (await ask("/v1/provinces/22/scorecard?as_of=2025-02-10")).json()["results"]
    for result in results[::12]:
        query = result["links"]["explanation"].partition("?")[2]
        for lang in ("vi", "en"):
            answer = await ask(f"/t/{result['target']}/explanation?{query}&lang={lang}")
            assert answer.status_code == 200, result["target"]
            assert "None" not in read(answer.text)


async def test_what_reporters_wrote_is_text_and_never_markup(ask: Caller) -> None:
    answer = (await ask(f"/v1/targets/{I7}/explanation?as_of=2025-03-31")).json()
    answer["counted"][0] |= {"id": "<script>x</script>", "fields": {"<b>": "<i>"}}
    answer["left_out"] = [answer["counted"][0] | {
        "reason": "stale", "reason_words": {"vi": "<u>", "en": "<u>"},
    }]  # fmt: skip
    answer["missing"] = [{"unit": "<s>", "name": "<em>", "period": "<q>"}]
    answer["province"]["name"] = "<h6>"
    page = Explained(answer, "vi", {})
    for mark in ("<script>", "<b>", "<i>", "<u>", "<s>", "<em>", "<q>"):
        assert mark not in page.html(), mark
    assert "&lt;script&gt;" in page.html()
