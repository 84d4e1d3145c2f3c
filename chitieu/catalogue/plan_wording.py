"""Faults of plans, results, units and coverage: what is said and how to mend it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chitieu.catalogue.wording import Wording

_REFERENCES: Final = {
    "unknown_indicator": Wording(
        "không có chỉ số “{found}”",
        "there is no indicator “{found}”",
        "Các chỉ số nằm ở catalogue/indicators.",
        "Indicators stand in catalogue/indicators.",
    ),
    "unknown_metric": Wording(
        "không có số liệu “{found}”",
        "there is no metric “{found}”",
        "Các số liệu nằm ở catalogue/metrics; có sẵn task và published-rate.",
        "Metrics stand in catalogue/metrics; task and published-rate are built in.",
    ),
    "unknown_unit": Wording(
        "không có đơn vị mang mã “{found}”",
        "no unit has the code “{found}”",
        "Thêm đơn vị vào catalogue/units, hoặc sửa mã.",
        "Add the unit to catalogue/units, or mend the code.",
    ),
    "unknown_target": Wording(
        "không có mục tiêu “{found}”",
        "there is no target “{found}”",
        "Mã mục tiêu là tên kế hoạch/khoá dòng/khoá mục tiêu.",
        "A target's id is plan name/row key/target key.",
    ),
    "unknown_row": Wording(
        "kế hoạch không có dòng “{found}”",
        "the plan has no row “{found}”",
        "Khoá dòng đứng ở key của dòng, không có tên kế hoạch ở đầu.",
        "A row's key stands under its key, without the plan's name before it.",
    ),
    "unknown_item": Wording(
        "“{found}” không phải là mục tiêu{or_indicator}",
        "“{found}” is no target{or_indicator}",
        "item là mã đầy đủ, kể cả tên kế hoạch.",
        "item is the full id, the plan's name included.",
    ),
    "unknown_column": Wording(
        "bảng không có cột “{found}”",
        "the table has no column “{found}”",
        "Cột của bảng nằm ở tables của kế hoạch; dòng thuộc bảng mà khoá của nó bắt đầu bằng.",
        "Columns stand in the plan's tables; a row lies in the table that its key begins with.",
    ),
    "reference_circle": Wording(
        "“{found}” quay lại chính mục tiêu này qua {key}",
        "“{found}” comes back to this target by {key}",
        "Mục tiêu được nhắc lại trỏ tới bản gốc; bản gốc không trỏ lại.",
        "A repeated statement points at the first one; the first one points nowhere back.",
    ),
}

_ROWS: Final = {
    "duplicate_id": Wording(
        "{what} “{found}” đã có ở {place}",
        "{what} “{found}” already stands at {place}",
        "Mỗi khoá chỉ đứng một lần: mã mục tiêu là tên kế hoạch cộng các khoá.",
        "A key stands once: a target's id is the plan's name and the keys.",
    ),
    "duplicate_order": Wording(
        "thứ tự {found} đã dùng cho dòng “{row}”",
        "order {found} is already that of row “{row}”",
        "order là thứ tự in trong văn bản; mỗi dòng một số.",
        "order is the order of the document; each row has its own.",
    ),
    "duplicate_clause": Wording(
        "địa chỉ “{found}” đã dùng cho dòng “{row}”",
        "the address “{found}” is already that of row “{row}”",
        "Thêm ý, gạch đầu dòng thứ mấy, để người đọc tìm đúng chỗ.",
        "Add the dash's ordinal, so that a reader finds this one.",
    ),
    "reserved_segment": Wording(
        "khoá có đoạn “{found}” là tên của một đường dẫn",
        "the key has the segment “{found}”, which names a path",
        "Không đoạn nào là result, history, units, explanation hay receipt.",
        "No segment is result, history, units, explanation or receipt.",
    ),
    "target_and_targets": Wording(
        "dòng có cả target và targets",
        "the row has both target and targets",
        "Một mục tiêu: target. Nhiều mục tiêu: targets, mỗi mục tiêu một khoá.",
        "One target: target. Several: targets, each with its key.",
    ),
    "row_without_target": Wording(
        "dòng có chỉ số “{indicator}” mà không đặt mục tiêu nào",
        "the row has the indicator “{indicator}” and sets no target",
        "Thêm target, hoặc “indicator: null” khi dòng không đặt gì để đo.",
        "Add a target, or “indicator: null” when the row sets nothing to measure.",
    ),
    "target_without_indicator": Wording(
        "dòng đặt mục tiêu mà indicator là null",
        "the row sets a target and its indicator is null",
        "Nêu chỉ số; việc không có công thức dùng chỉ số task.",
        "Name the indicator; work without a formula uses task.",
    ),
    "lines_descend": Wording(
        "dòng {found} không tăng dần",
        "lines {found} do not ascend",
        "Viết [dòng đầu, dòng cuối], đếm từ 1.",
        "Write [first, last], counted from 1.",
    ),
    "lines_outside_row": Wording(
        "dòng {found} nằm ngoài dòng {row} của mục",
        "lines {found} lie outside the row's {row}",
        "Dòng của mục tiêu hẹp hơn dòng của mục; mở rộng dòng của mục nếu cần.",
        "A target's lines are narrower than its row's; widen the row's if need be.",
    ),
    "placeholder_hash": Wording(
        "sha256 toàn số 0 là chỗ để trống",
        "a sha256 of zeros is a placeholder",
        "Chạy “python tools/plan_text.py rehash TỆP_KẾ_HOẠCH VĂN_BẢN”.",
        "Run “python tools/plan_text.py rehash PLAN DOCUMENT”.",
    ),
    "tier_not_in_table": Wording(
        "bảng “{table}” không có cột cho cấp {found}",
        "table “{table}” has no column for tier {found}",
        "Sửa tier, hoặc thêm cột có tier đó vào bảng.",
        "Mend the tier, or give the table a column of that tier.",
    ),
    "tier_without_target": Wording(
        "cột “{column}” in “{found}” mà không có mục tiêu cấp {tier}",
        "column “{column}” prints “{found}” and there is no target of tier {tier}",
        "Thêm mục tiêu, hoặc ghi “-” nếu văn bản in gạch ngang.",
        "Add the target, or write “-” where the document prints a dash.",
    ),
    "plan_days": Wording(
        "kế hoạch hết hiệu lực ({last_day}) trước khi có hiệu lực ({found})",
        "the plan ends ({last_day}) before it is in force ({found})",
        "Sửa in_force_from hoặc last_day.",
        "Mend in_force_from or last_day.",
    ),
    "bad_period": Wording(
        "“{found}” không phải là kỳ báo cáo",
        "“{found}” is not a period",
        "Viết “2025”, “2025-H1”, “2025-Q1”, “2025-03”, “2025-03-31” hoặc “2025-01-01/2025-05-31”.",
        "Write “2025”, “2025-H1”, “2025-Q1”, “2025-03”, “2025-03-31” or “2025-01-01/2025-05-31”.",
    ),
}

_TARGETS: Final = {
    "value_and_comparator": Wording(
        "value {value} nhưng comparator {comparator}",
        "value is {value} but comparator is {comparator}",
        "Cả hai cùng null (dòng không đặt mức) hoặc cùng có.",
        "Both are null (the row sets none) or both are given.",
    ),
    "direction": Wording(
        "“{found}” trái chiều với chỉ số “{indicator}” ({direction})",
        "“{found}” runs against indicator “{indicator}” ({direction})",
        "at_least đi với >=, >, =; at_most đi với <=, <, =.",
        "at_least goes with >=, >, =; at_most with <=, <, =.",
    ),
    "percent_range": Wording(
        "{found} không phải là phần trăm từ 0 đến 100",
        "{found} is not a percentage from 0 to 100",
        "Viết như in: 85% là “85”.",
        "Write as printed: 85% is “85”.",
    ),
    "one_of_one": Wording(
        "chỉ số “{indicator}” là 0 hoặc 1, mục tiêu {found} không có nghĩa",
        "indicator “{indicator}” is 0 or 1, a target of {found} means nothing",
        'Viết comparator: ">=" và value: "1".',
        'Write comparator: ">=" and value: "1".',
    ),
    "each": Wording(
        "công thức {formula} {problem}",
        "formula {formula} {problem}",
        "each là mức mà tỷ lệ riêng của từng đơn vị phải đạt; chỉ share_meeting dùng nó.",
        "each is what each unit's own ratio must meet; only share_meeting uses it.",
    ),
    "due_precision": Wording(
        "due là {due} nhưng due_precision là {found}",
        "due is {due} but due_precision is {found}",
        "Không có hạn: due null và due_precision none.",
        "Without a day: due null and due_precision none.",
    ),
    "due_too_early": Wording(
        "hạn {found} trước ngày có hiệu lực {from_day}",
        "due {found} lies before the first day in force, {from_day}",
        "due là ngày cuối còn tính; xem lại năm, hoặc from của mục tiêu.",
        "due is the last day that counts; look at the year, or at the target's from.",
    ),
    "due_too_late": Wording(
        "hạn {found} sau ngày cuối của kế hoạch {last_day}, không nêu lý do",
        "due {found} lies after the plan's last day, {last_day}, without a reason",
        "Thêm assumed với “about: due” ở mục tiêu hay dòng.",
        "Add an assumed “about: due” to the target or its row.",
    ),
    "from_day": Wording(
        "from {found} không nằm giữa ngày có hiệu lực {first} và hạn {last}",
        "from {found} does not lie between the first day in force, {first}, and {last}",
        "from chỉ ghi khi muộn hơn in_force_from của kế hoạch.",
        "from is given only when later than the plan's in_force_from.",
    ),
    "scope_twice": Wording(
        "phạm vi có cả units và where",
        "the scope has both units and where",
        "Nêu tên các đơn vị, hoặc điều kiện, không cả hai.",
        "Name units or give a predicate, not both.",
    ),
    "scope_empty": Wording(
        "phạm vi không nêu units hay where, mà chỉ số “{indicator}” không có concerns",
        "the scope has neither units nor where, and indicator “{indicator}” has no concerns",
        "Thêm units hoặc where vào phạm vi, hoặc concerns vào chỉ số.",
        "Add units or where to the scope, or concerns to the indicator.",
    ),
    "task_scope": Wording(
        "nhiệm vụ phải thuộc đúng một đơn vị, đây là {found}",
        "a task belongs to exactly one unit, here: {found}",
        "Viết “units: [một mã]”; văn bản gửi mọi sở (place null) thì dùng where.",
        "Write “units: [one code]”; a document to every department (place null) uses where.",
    ),
    "unknown_province": Wording(
        "không tỉnh nào từng mang mã “{found}”",
        "no province ever bore the code “{found}”",
        "Mã tỉnh có hai chữ số, xem catalogue/places/provinces.csv.",
        "Province codes have two digits, see catalogue/places/provinces.csv.",
    ),
    "not_a_place": Wording(
        "“{found}” không phải là mã địa bàn",
        "“{found}” is not the code of a place",
        "Mã địa bàn bắt đầu bằng dvhc-: dvhc-193.",
        "Places begin with dvhc-: dvhc-193.",
    ),
}

_RESULTS: Final = {
    "event_answers_nothing": Wording(
        "số liệu “{found}” không trả lời chỉ số “{indicator}” của dòng",
        "metric “{found}” does not answer the row's indicator “{indicator}”",
        "Dùng số liệu của chỉ số, published-rate hoặc task.",
        "Use the indicator's metric, published-rate or task.",
    ),
    "data_missing": Wording(
        "số liệu “{metric}” thiếu “{found}”{why}",
        "metric “{metric}” lacks “{found}”{why}",
        "Một nhóm được báo cáo trọn; không có số thì dùng published-rate.",
        "A group is reported whole; without the figures use published-rate.",
    ),
    "data_unknown_key": Wording(
        "số liệu “{metric}” không có “{found}”",
        "metric “{metric}” has no “{found}”",
        "Các khoá: các trường của số liệu, và item, compiled, estimate, through, note.",
        "The keys: the metric's fields, and item, compiled, estimate, through, note.",
    ),
    "data_value": Wording(
        "“{key}” phải là {expected}, đây là {found}",
        "“{key}” must be {expected}, this is {found}",
        "Số nguyên viết trần, số thập phân trong dấu nháy, ngày và kỳ là văn bản.",
        "Whole numbers stand bare, decimals in quotes, days and periods are text.",
    ),
    "data_state": Wording(
        "số liệu “{metric}” không có trạng thái “{found}”",
        "metric “{metric}” has no state “{found}”",
        "Trạng thái nằm ở states của số liệu.",
        "States stand in the metric's states.",
    ),
    "part_larger": Wording(
        "{part} = {found} lớn hơn {whole} = {limit}",
        "{part} = {found} is larger than {whole} = {limit}",
        "Nếu văn bản in như vậy, ghi thành finding và gửi published-rate.",
        "If the document prints it so, record a finding and post published-rate.",
    ),
    "sum_differs": Wording(
        "{parts} cộng lại là {found}, {whole} là {limit}",
        "{parts} add up to {found}, {whole} is {limit}",
        "Nếu văn bản in như vậy, ghi thành finding và gửi published-rate.",
        "If the document prints it so, record a finding and post published-rate.",
    ),
    "data_after_result": Wording(
        "số liệu đến ngày {found}, sau ngày của kết quả {as_of}",
        "the figures reach to {found}, after the result's day, {as_of}",
        "Thêm “through” hoặc “estimate: true”, hoặc sửa as_of.",
        "Add “through” or “estimate: true”, or mend as_of.",
    ),
    "rounding_incomplete": Wording(
        "{problem}",
        "{problem}",
        "numerator, denominator và phần trăm in ra đi cùng rounding và agrees.",
        "numerator, denominator and a printed percentage go with rounding and agrees.",
    ),
    "agrees_wrong": Wording(
        "agrees là {found}, nhưng {fraction} theo {rounding} là {computed}, in là {printed}",
        "agrees is {found}, but {fraction} by {rounding} is {computed}, printed {printed}",
        "Sửa agrees; khi false, ghi thêm một finding nói vì sao.",
        "Mend agrees; when false, add a finding that says why.",
    ),
}

_UNITS: Final = {
    "duplicate_unit": Wording(
        "đơn vị “{found}” từ ngày {day} đã có trong {file}:{line}",
        "unit “{found}” from {day} already stands in {file}:{line}",
        "Một đơn vị có thể đứng nhiều lần, mỗi lần từ một ngày khác.",
        "A unit may stand several times, each from another day.",
    ),
    "unit_code": Wording(
        "mã “{found}” không đúng cho loại {kind}",
        "code “{found}” does not fit kind {kind}",
        "Cơ sở: 5 ký tự, hư cấu có chữ F thứ ba; dvhc-… địa bàn; cq-… cơ quan; nt-… nhà thuốc.",
        "Facilities: 5 characters, fictional ones with F third; areas dvhc-…; agencies cq-…; "
        "pharmacies nt-….",
    ),
    "unit_type": Wording(
        "loại {kind} không có kiểu “{found}”",
        "kind {kind} has no type “{found}”",
        "Các kiểu: catalogue/README.md, Predicates.",
        "The types: catalogue/README.md, Predicates.",
    ),
    "unit_days": Wording(
        "đơn vị đóng cửa ngày {found}, trước ngày bắt đầu {from_day}",
        "the unit closes on {found}, before its first day, {from_day}",
        "closed là ngày cuối còn hoạt động.",
        "closed is the last day open.",
    ),
}

_COVERAGE: Final = {
    "coverage_columns": Wording(
        "dòng không có đúng các cột {expected}",
        "the line has not the columns {expected}",
        "Tạo lại bằng “python tools/plan_text.py tokens”; ô có dấu phẩy đặt trong dấu nháy.",
        "Make it anew by “python tools/plan_text.py tokens”; cells with a comma are quoted.",
    ),
    "coverage_document": Wording(
        "không kế hoạch nào dẫn văn bản “{found}”",
        "no plan cites the document “{found}”",
        "Tên tệp là tên văn bản, như document trong tệp kế hoạch.",
        "The file is named like the document, as the plan's document says.",
    ),
    "coverage_entry_or_reason": Wording(
        "“{found}” cần đúng một trong hai: entry hoặc reason",
        "“{found}” takes exactly one of entry and reason",
        "Nêu mục ghi lại nó, hoặc lý do không có mục nào.",
        "Name the entry that records it, or the reason why none does.",
    ),
    "coverage_entry": Wording(
        "không có mục “{found}”",
        "there is no entry “{found}”",
        "Viết mã mục tiêu, plan:<kế hoạch>, result:<khoá dòng>, row:<khoá dòng> "
        "hoặc reporting:<kỳ>.",
        "Write a target's id, plan:<name>, result:<row key>, row:<row key> or reporting:<period>.",
    ),
    "coverage_lines": Wording(
        "dòng {found} nằm ngoài dòng {lines} của “{entry}”",
        "line {found} lies outside lines {lines} of “{entry}”",
        "Nêu mục chứa dòng này, hoặc sửa lines của mục.",
        "Name the entry that holds this line, or mend the entry's lines.",
    ),
}

PLAN_WORDING: Final[Mapping[str, Wording]] = {
    **_REFERENCES,
    **_ROWS,
    **_TARGETS,
    **_RESULTS,
    **_UNITS,
    **_COVERAGE,
}
