"""Reads YAML 1.2 into plain data, with the line and column of every key and value.

Scalars follow the core schema: `no`, `on` and `2025-12-31` are text. Stricter than YAML where YAML
surprises: no duplicate keys, no bare decimals, no anchors, aliases or tags, no tabs. Texts become
NFC; keys are always text. The events come from libyaml, because `catalogue check` has 5 s for about
1 MB: measured on that, libyaml's events take 0.1 s, ruamel.yaml's composer 4.3 s and its round-trip
loader 5.4 s. libyaml speaks YAML 1.1, whose types are decided by the loader, that is here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from chitieu.catalogue.faults import Both, Fact, Fault, Path, Position, fault_at, shown
from chitieu.text import has_forbidden_characters, nfc

_DEPTH_MAX: Final = 32
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_LOADER: Final[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(slots=True)
class Node:
    """A value and where it begins; a mapping also knows where its keys stand."""

    position: Position
    value: Any
    children: Mapping[str, Node] | list[Node] = field(default_factory=dict)
    keys: Mapping[str, Position] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its data (a mapping, or None when it could not be read) and its faults."""

    file: str
    lines: tuple[str, ...]
    root: Node | None
    faults: tuple[Fault, ...]

    @property
    def data(self) -> dict[str, Any] | None:
        return self.root.value if self.root else None

    def locate(self, path: Path, *, at_key: bool = False) -> Position:
        """Where a path stands; of a path that goes on beyond the file, how far it leads."""
        node, position = self.root, (1, 1)
        if node is None:
            return position
        position = node.position
        for index, step in enumerate(path):
            child = _child(node, step)
            if child is None:
                break
            on_key = at_key and index == len(path) - 1
            position = node.keys[str(step)] if on_key and step in node.keys else child.position
            node = child
        return position

    def fault(
        self, path: Path, code: str, facts: Mapping[str, Fact], known: Collection[str] = (),
        *, at_key: bool = False,
    ) -> Fault:  # fmt: skip
        """A fault at a path of this file."""
        return fault_at(self.file, self.lines, self.locate(path, at_key=at_key), code, facts, known)


def read(content: bytes, file: str) -> Source:
    """A file's bytes as data with places. Never raises: what cannot be read is in `faults`.

    After a fault of encoding or syntax there is no data; after a bare decimal or a duplicate key
    there is (the decimal as text, the first of the keys), so that later faults show too.
    """
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        return _not_utf8(content, error, file)
    lines = tuple(text.split("\n"))
    faults = list(_forbidden(lines, file))
    if faults:
        return Source(file, lines, None, tuple(faults[:1]))
    reader = _Reader(text, lines, file)
    root = reader.read()
    return Source(file, lines, root, tuple(reader.faults))


class _Unreadable(Exception):
    """Ends the reading of a file: nothing after this place can be trusted."""

    def __init__(self, position: Position, code: str, **facts: Fact) -> None:
        super().__init__(code)
        self.position = position
        self.code = code
        self.facts = facts


class _Reader:
    """Builds nodes from the parser's events, collecting faults."""

    def __init__(self, text: str, lines: tuple[str, ...], file: str) -> None:
        self.faults: list[Fault] = []
        self._lines = lines
        self._file = file
        self._parser = _LOADER(text)

    def read(self) -> Node | None:
        """The document's mapping, or None with a fault."""
        try:
            return self._document()
        except _Unreadable as error:
            self._fault(error.position, error.code, **error.facts)
        except yaml.YAMLError as error:
            self.faults.append(_syntax(error, self._file, self._lines))
        finally:
            self._parser.dispose()
        return None

    def _document(self) -> Node:
        self._parser.get_event()
        if self._parser.check_event(yaml.StreamEndEvent):
            raise _Unreadable((1, 1), "empty_file")
        self._parser.get_event()
        root = self._node(0)
        self._parser.get_event()
        if not self._parser.check_event(yaml.StreamEndEvent):
            raise _Unreadable(_start(self._parser.get_event()), "several_documents")
        if not isinstance(root.value, dict):
            raise _Unreadable(root.position, "empty_file")
        return root

    def _node(self, depth: int) -> Node:
        event = self._parser.get_event()
        self._refuse_anchor(event)
        if depth > _DEPTH_MAX:
            raise _Unreadable(_start(event), "too_deep", limit=_DEPTH_MAX)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, depth + 1)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth + 1)
        if isinstance(event, yaml.AliasEvent):
            return Node(_start(event), None)
        return Node(_start(event), self._scalar(event))

    def _mapping(self, start: Any, depth: int) -> Node:
        children: dict[str, Node] = {}
        keys: dict[str, Position] = {}
        while not self._parser.check_event(yaml.MappingEndEvent):
            key_event = self._parser.peek_event()
            key_node = self._node(depth)
            key = nfc(getattr(key_event, "value", None) or shown(key_node.value))
            node = self._node(depth)
            if key in keys:
                line = keys[key][0]
                self._fault(key_node.position, "duplicate_key", found=shown(key), line=line)
                continue
            children[key], keys[key] = node, key_node.position
        self._parser.get_event()
        value = {key: node.value for key, node in children.items()}
        return Node(_start(start), value, children, keys)

    def _sequence(self, start: Any, depth: int) -> Node:
        children: list[Node] = []
        while not self._parser.check_event(yaml.SequenceEndEvent):
            children.append(self._node(depth))
        self._parser.get_event()
        value = [node.value for node in children]
        return Node(_start(start), value, children)

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if not text.isprintable() and has_forbidden_characters(text.replace("\n", "")):
            hidden = next(c for c in text if c != "\n" and has_forbidden_characters(c))
            self._fault(_start(event), "hidden_character", found=_character(hidden))
        if not event.implicit[0]:
            return nfc(text.rstrip("\n"))
        if text in _NULL:
            return None
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        if _INTEGER.fullmatch(text):
            return int(text, 0) if text.startswith(("0o", "0x")) else _decimal_integer(text)
        if _FLOAT.fullmatch(text):
            self._fault(_start(event), "float", found=text)
        return nfc(text)

    def _refuse_anchor(self, event: Any) -> None:
        # A lone `!` or a verbatim tag also arrives here: a file says nothing about types.
        found = getattr(event, "anchor", None) or getattr(event, "tag", None)
        if found:
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            name = f"{sign}{event.anchor}" if event.anchor else shown(event.tag)
            self._fault(_start(event), "anchor", found=name)

    def _fault(self, position: Position, code: str, **facts: Fact) -> None:
        self.faults.append(fault_at(self._file, self._lines, position, code, facts))


def _decimal_integer(text: str) -> int | str:
    # A figure longer than Python converts without being asked is no figure of a plan.
    return int(text) if len(text) <= 40 else text


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node.children, list):
        inside = isinstance(step, int) and 0 <= step < len(node.children)
        return node.children[int(step)] if inside else None
    return node.children.get(str(step))


def _start(event: Any) -> Position:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _not_utf8(content: bytes, error: UnicodeDecodeError, file: str) -> Source:
    before = content[: error.start].decode("utf-8-sig")
    lines = tuple(before.split("\n"))
    position = (len(lines), len(lines[-1]) + 1)
    found = f"0x{content[error.start]:02X}"
    fault = fault_at(file, lines, position, "not_utf8", {"found": found})
    return Source(file, lines, None, (fault,))


def _forbidden(lines: tuple[str, ...], file: str) -> Iterator[Fault]:
    """Tabs and characters that nobody sees, before the parser takes some for line breaks."""
    for number, line in enumerate(lines, start=1):
        if line.isprintable():
            continue
        for column, character in enumerate(line, start=1):
            if character == "\t":
                yield fault_at(file, lines, (number, column), "tab", {})
            elif not character.isprintable() and has_forbidden_characters(character):
                facts = {"found": _character(character)}
                yield fault_at(file, lines, (number, column), "hidden_character", facts)


def _character(character: str) -> str:
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X}{f' ({name})' if name else ''}"


# What libyaml says (and PyYAML's own reader, used where libyaml is missing), in people's words.
_PROBLEMS: Final = (
    (
        ("mapping values are not allowed",),
        Both("thừa “: ” hoặc sai thụt dòng", "a “: ” too many, or wrong indentation"),
        Both(
            "Đặt giá trị có “: ” trong dấu nháy; khoá cùng một tầng thụt bằng nhau.",
            "Put a value that holds “: ” in quotes; indent keys of one level alike.",
        ),
    ),
    (
        ("did not find expected ',' or", "expected ',' or"),
        Both("thiếu dấu phẩy, “]” hoặc “}”", "a comma, “]” or “}” is missing"),
        Both("Đóng ngoặc mở ở {context}.", "Close the bracket opened at {context}."),
    ),
    (
        ("unexpected end of stream",),
        Both("dấu nháy không đóng", "a quotation is not closed"),
        Both("Đóng dấu nháy mở ở {context}.", "Close the quotation opened at {context}."),
    ),
    (
        ("expected key", "expected <block end>", "expected '-'", "could not find expected ':'"),
        Both("sai thụt dòng, hoặc chữ sau dấu nháy", "wrong indentation, or text after quotes"),
        Both(
            "Khoá và gạch đầu dòng cùng tầng thụt bằng nhau; dấu ' trong '…' viết là ''.",
            "Keys and dashes of one level are indented alike; a ' inside '…' is written ''.",
        ),
    ),
    (
        ("cannot start any token",),
        Both("giá trị không được bắt đầu bằng ký tự này", "no value begins with this character"),
        Both("Đặt giá trị trong dấu nháy.", "Put the value in quotes."),
    ),
    (
        ("block sequence entries are not allowed", "sequence entries are not allowed"),
        Both("gạch đầu dòng ở chỗ cần một giá trị", "a dash where a value is due"),
        Both("Xuống dòng trước gạch, hoặc viết “-” trong dấu nháy.",
             "Begin a new line before the dash, or quote “-”."),
    ),
    (
        ("escape",),
        Both("dấu \\ không hợp lệ trong “…”", "an escape that YAML does not know"),
        Both("Dùng dấu nháy đơn '…', trong đó \\ là chính nó.",
             "Use single quotes '…', in which \\ is itself."),
    ),
)  # fmt: skip


def _syntax(error: Any, file: str, lines: tuple[str, ...]) -> Fault:
    mark = getattr(error, "problem_mark", None)
    position = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = str(getattr(error, "problem", None) or error)
    opened = getattr(error, "context_mark", None)
    context = f"{opened.line + 1}:{opened.column + 1}" if opened else f"{position[0]}"
    for fragments, problem, advice in _PROBLEMS:
        if any(fragment in said for fragment in fragments):
            told = Both(
                *(part.format(context=context) if "{c" in part else part for part in advice)
            )
            return fault_at(
                file, lines, position, "yaml_syntax", {"problem": problem, "advice": told}
            )
    facts: dict[str, Fact] = {
        "problem": said,
        "advice": Both("Xem lại dòng này.", "Look at this line."),
    }
    return fault_at(file, lines, position, "yaml_syntax", facts)
