"""Faults of files, shapes and formulas: what is said and how to mend it, in both languages. Pure.

A code is never given another meaning. `tests/bad_catalogue` holds one file for each. The faults of
plans, results, units and coverage: `plan_wording`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Wording(NamedTuple):
    """Sentences with the facts of a fault in braces."""

    vi: str
    en: str
    hint_vi: str
    hint_en: str


_FILES: Final = {
    "not_utf8": Wording(
        "tệp không phải UTF-8: không đọc được byte {found}",
        "the file is not UTF-8: byte {found} cannot be read",
        "Lưu tệp lại bằng mã UTF-8.",
        "Save the file as UTF-8.",
    ),
    "hidden_character": Wording(
        "ký tự điều khiển hoặc ký tự ẩn {found}",
        "control or hidden character {found}",
        "Xoá ký tự đó: người đọc không thấy nó.",
        "Delete it: a reader cannot see it.",
    ),
    "tab": Wording(
        "ký tự tab",
        "tab character",
        "Dùng dấu cách; YAML không nhận tab để thụt dòng.",
        "Use spaces; YAML takes no tabs for indentation.",
    ),
    "yaml_syntax": Wording(
        "YAML không đọc được: {problem}",
        "this is not YAML: {problem}",
        "{advice}",
        "{advice}",
    ),
    "several_documents": Wording(
        "một tệp chỉ giữ một mục",
        "one file holds one entry",
        "Chuyển phần từ dòng “---” này sang tệp riêng.",
        "Move what begins at this “---” to a file of its own.",
    ),
    "empty_file": Wording(
        "tệp không phải là các cặp “khoá: giá trị”",
        "the file is not made of “key: value” pairs",
        "Bắt đầu tệp bằng “version: 1” và “kind: metric”, indicator, plan, units hoặc scheme.",
        "Begin the file with “version: 1” and “kind: metric”, indicator, plan, units or scheme.",
    ),
    "anchor": Wording(
        "neo, bí danh hoặc thẻ YAML “{found}”",
        "YAML anchor, alias or tag “{found}”",
        "Viết giá trị ra tại chỗ: người đọc phải thấy nó ở nơi nó có hiệu lực.",
        "Write the value out: a reader must see it where it holds.",
    ),
    "duplicate_key": Wording(
        "khoá “{found}” đã có ở dòng {line}",
        "key “{found}” already stands in line {line}",
        "Giữ một trong hai; YAML sẽ lặng lẽ bỏ một.",
        "Keep one of the two; YAML would drop one in silence.",
    ),
    "float": Wording(
        "số thập phân {found} không có dấu nháy",
        "decimal {found} without quotes",
        "Viết “{found}” trong dấu nháy: máy không giữ đúng số thập phân trần.",
        "Write it in quotes, “{found}”: a bare decimal is not kept exactly.",
    ),
    "too_deep": Wording(
        "lồng nhau quá {limit} tầng",
        "nested deeper than {limit} levels",
        "Làm phẳng phần này.",
        "Flatten this part.",
    ),
    "name_differs_from_file": Wording(
        "tên “{found}” khác tên tệp “{file}”",
        "the name “{found}” differs from the file's, “{file}”",
        "Đặt tên tệp là {found}.yaml, hoặc sửa name: người tìm một mục tìm theo tên tệp.",
        "Call the file {found}.yaml, or mend the name: entries are looked for by file name.",
    ),
    "duplicate_name": Wording(
        "“{found}” đã được định nghĩa trong {file}:{line}",
        "“{found}” is already defined in {file}:{line}",
        "Giữ một tệp; muốn thay mục có sẵn thì đặt tệp trong một thư mục riêng.",
        "Keep one file; to replace a bundled entry put yours in a folder of its own.",
    ),
    "builtin_name": Wording(
        "“{found}” là tên của hệ thống",
        "“{found}” is a name of the system",
        "Chọn tên khác: mục này có sẵn, không cần tệp.",
        "Take another name: this one is built in and needs no file.",
    ),
}

_SHAPES: Final = {
    "unknown_kind": Wording(
        "không có loại tệp “{found}”",
        "there is no kind of file “{found}”",
        "kind là metric, indicator, plan, units hoặc scheme.",
        "kind is metric, indicator, plan, units or scheme.",
    ),
    "unknown_version": Wording(
        "không đọc được phiên bản {found}",
        "version {found} cannot be read",
        "Viết “version: 1”; phiên bản mới hơn cần phần mềm mới hơn.",
        "Write “version: 1”; a newer version needs newer software.",
    ),
    "unknown_key": Wording(
        "không có khoá “{found}” trong {model}",
        "there is no key “{found}” in {model}",
        "Các khoá: chitieu/catalogue/model.py, {model}.",
        "The keys: chitieu/catalogue/model.py, {model}.",
    ),
    "missing_key": Wording(
        "{model} thiếu khoá “{key}”",
        "{model} lacks the key “{key}”",
        "Thêm “{key}: …”{about}.",
        "Add “{key}: …”{about}.",
    ),
    "wrong_type": Wording(
        "“{key}” phải là {expected}, đây là {found}",
        "“{key}” must be {expected}, this is {found}",
        "{advice}",
        "{advice}",
    ),
    "wrong_length": Wording(
        "“{key}” cần {expected} phần tử, đây có {found}",
        "“{key}” takes {expected} items, here are {found}",
        "Viết đủ và không thừa; dòng là [đầu, cuối].",
        "Write as many as that; lines are [first, last].",
    ),
    "bad_form": Wording(
        "“{found}” không đúng dạng của “{key}”",
        "“{found}” has not the form of “{key}”",
        "Dạng: {form}.",
        "The form: {form}.",
    ),
    "unknown_word": Wording(
        "“{found}” không phải là giá trị của “{key}”",
        "“{found}” is not a value of “{key}”",
        "“{key}” chỉ nhận các từ đã định.",
        "“{key}” takes only fixed words.",
    ),
    "bad_day": Wording(
        "“{found}” không phải là ngày viết theo ISO",
        "“{found}” is not an ISO day",
        "Viết năm-tháng-ngày: 2025-12-31; “trước ngày” là ngày liền trước.",
        "Write year-month-day: 2025-12-31; “before” is the day before.",
    ),
    "no_such_day": Wording(
        "lịch không có ngày {found}",
        "the calendar has no day {found}",
        "Xem lại ngày in trong văn bản; nếu văn bản in sai, ghi thành finding.",
        "Look at the day as printed; if the document is wrong, record a finding.",
    ),
    "bad_decimal": Wording(
        "“{found}” không phải là số",
        "“{found}” is not a number",
        "Viết “85” hoặc “0.5”: dấu chấm thập phân, không dấu cách, không %, không số mũ.",
        "Write “85” or “0.5”: decimal point, no blanks, no %, no exponent.",
    ),
    "out_of_range": Wording(
        "“{key}” là {found}, phải {limit}",
        "“{key}” is {found}, must be {limit}",
        "Sửa số này; tỷ lệ báo cáo là từ 0 đến 1.",
        "Mend the number; a share of reports lies from 0 to 1.",
    ),
    "blank_text": Wording(
        "“{key}” để trống",
        "“{key}” is blank",
        "Viết nội dung bằng cả hai ngôn ngữ; lý do để trống thì không phải là lý do.",
        "Write it in both languages; a blank reason is none.",
    ),
}

_FORMULAS: Final = {
    "metric_form": Wording(
        "số liệu dạng {form} {problem}",
        "a metric of form {form} {problem}",
        "state cần states; period và snapshot cần groups và không có states.",
        "state needs states; period and snapshot need groups and have no states.",
    ),
    "duplicate_field": Wording(
        "{what} “{found}” đã có trong số liệu này",
        "{what} “{found}” already stands in this metric",
        "Mỗi trường, nhóm và trạng thái có tên riêng trong cả số liệu.",
        "Each field, group and state has a name of its own in the whole metric.",
    ),
    "whole_and_parts": Wording(
        "whole và parts phải cùng có hoặc cùng không",
        "whole and parts come together or not at all",
        "Ghi trường tổng ở whole và các trường cộng lại thành nó ở parts.",
        "Name the whole, and in parts the fields that add up to it.",
    ),
    "unknown_field": Wording(
        "không có trường “{found}” trong {owner}",
        "there is no field “{found}” in {owner}",
        "Tên trường nằm ở groups của số liệu.",
        "Field names stand in the metric's groups.",
    ),
    "unknown_state": Wording(
        "số liệu “{metric}” không có trạng thái “{found}”",
        "metric “{metric}” has no state “{found}”",
        "Trạng thái nằm ở states của số liệu.",
        "States stand in the metric's states.",
    ),
    "field_type": Wording(
        "trường “{found}” là {type}, ở đây cần {expected}",
        "field “{found}” is {type}, {expected} is needed here",
        "Cộng được count, amount, decimal; đúng hay sai là boolean.",
        "count, amount and decimal can be summed; boolean is true or false.",
    ),
    "fields_apart": Wording(
        "tử số “{numerator}” và mẫu số “{denominator}” ở hai nhóm khác nhau",
        "numerator “{numerator}” and denominator “{denominator}” stand in different groups",
        "Đặt chúng trong một nhóm: mỗi nhóm được chốt riêng, nên hai báo cáo có thể lẫn nhau.",
        "Put them in one group: groups are decided apart, so two reports could be mixed.",
    ),
    "formula_needs": Wording(
        "công thức {formula} cần “{key}”",
        "formula {formula} needs “{key}”",
        "Thêm “{key}”.",
        "Add “{key}”.",
    ),
    "formula_refuses": Wording(
        "công thức {formula} không dùng “{key}”",
        "formula {formula} has no use for “{key}”",
        "Bỏ “{key}”, hoặc chọn công thức khác.",
        "Drop “{key}”, or take another formula.",
    ),
    "inner_not_ratio": Wording(
        "inner “{found}” có công thức {formula}, không phải ratio",
        "inner “{found}” has formula {formula}, not ratio",
        "share_meeting đếm đơn vị mà tỷ lệ riêng đạt mức; inner phải là một ratio.",
        "share_meeting counts units whose own ratio is met; inner must be a ratio.",
    ),
    "window_not_latest": Wording(
        "số liệu “{metric}” dạng {form}, cửa sổ “{found}” sẽ cộng nhiều lần một thứ",
        "metric “{metric}” has form {form}: window “{found}” would add one thing many times",
        "Đặt “window: latest”.",
        "Put “window: latest”.",
    ),
    "min_reported_why": Wording(
        "min_reported là {found}, khác 0.8, mà không nêu lý do",
        "min_reported is {found}, not 0.8, and no reason is given",
        "Thêm min_reported_why kèm trích dẫn.",
        "Add min_reported_why with a citation.",
    ),
    "predicate_shape": Wording(
        "“{found}” không phải là điều kiện",
        "“{found}” is not a predicate",
        "Viết {{thuộc tính: giá trị}}, {{all: […]}}, {{any: […]}} hoặc {{not: …}}, không để rỗng.",
        "Write {{attribute: value}}, {{all: […]}}, {{any: […]}} or {{not: …}}, never empty.",
    ),
    "predicate_attribute": Wording(
        "đơn vị không có thuộc tính “{found}”",
        "units have no attribute “{found}”",
        "Các thuộc tính: catalogue/README.md, Predicates.",
        "The attributes: catalogue/README.md, Predicates.",
    ),
    "predicate_value": Wording(
        "“{found}” không phải là giá trị của thuộc tính “{attribute}”",
        "“{found}” is not a value of the attribute “{attribute}”",
        "Mã là văn bản trong dấu nháy; các giá trị: catalogue/README.md, Predicates.",
        "Codes are quoted text; the values: catalogue/README.md, Predicates.",
    ),
}

FILE_WORDING: Final[Mapping[str, Wording]] = {**_FILES, **_SHAPES, **_FORMULAS}
