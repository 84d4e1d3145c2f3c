"""The texts of all problems, both languages. Pure data.

One row: code, HTTP status, title vi and en, detail vi and en. Codes are stable and never reused.
A detail says what is wrong and how to mend it; `{name}` is a value of ours, never the sender's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem."""

    code: str
    status: int
    title_vi: str
    title_en: str
    detail_vi: str
    detail_en: str

    def title(self, language: Literal["vi", "en"]) -> str:
        """The short name, the same for each problem of this code."""
        return self.title_vi if language == "vi" else self.title_en

    def detail(self, language: Literal["vi", "en"]) -> str:
        """The template of the explanation."""
        return self.detail_vi if language == "vi" else self.detail_en


_P = ProblemType

REQUEST: Final = (
    _P("bad_parameter", 400, "Tham số không hợp lệ", "Bad parameter",
       "Tham số truy vấn không có, lặp lại hoặc sai giá trị. Dùng được: {allowed}.",
       "A query parameter is unknown, repeated or has a wrong value. Allowed: {allowed}."),
    _P("bad_header", 400, "Tiêu đề HTTP không hợp lệ", "Bad header",
       "Một tiêu đề ce- không giải mã được: hãy mã hóa phần trăm theo UTF-8 mọi ký tự ngoài "
       "U+0021–U+007E, dấu cách, dấu nháy kép và %.",
       "A ce- header cannot be decoded: percent-encode as UTF-8 every character outside "
       "U+0021–U+007E, the space, the double quote and %."),
    _P("body_empty", 400, "Thân yêu cầu trống", "Empty body",
       "Hãy gửi một sự kiện CloudEvents, hoặc một mảng sự kiện.",
       "Send one CloudEvents event, or an array of events."),
    _P("body_incomplete", 408, "Thân yêu cầu đến quá chậm", "Body too slow",
       "Thân yêu cầu không đến đủ trong thời hạn. Hãy gửi lại, cùng id.",
       "The whole body did not arrive in time. Send it again with the same ids."),
    _P("not_utf8", 400, "Không phải UTF-8", "Not UTF-8",
       "Thân yêu cầu phải là UTF-8, không có BOM.", "The body must be UTF-8 without a BOM."),
    _P("not_json", 400, "Không phải JSON", "Not JSON",
       "Thân yêu cầu không phải JSON (RFC 8259): sai ở dòng {line}, cột {column}. NaN, Infinity, "
       "chú thích và dấu phẩy cuối không được phép.",
       "The body is not JSON (RFC 8259): wrong at line {line}, column {column}. NaN, Infinity, "
       "comments and trailing commas are not allowed."),
    _P("duplicate_key", 400, "Khóa lặp lại", "Duplicate key",
       "Một đối tượng JSON có hai khóa giống nhau (dòng {line}, cột {column}): không rõ giá trị "
       "nào đúng.",
       "A JSON object has the same key twice (line {line}, column {column}): which value is meant "
       "is unknown."),
    _P("too_deep", 400, "JSON lồng quá sâu", "JSON nested too deeply",
       "JSON lồng sâu hơn {limit} tầng.", "The JSON is nested deeper than {limit} levels."),
    _P("object_expected", 400, "Cần một đối tượng", "Object expected",
       "Với kiểu nội dung này, thân yêu cầu là một đối tượng JSON. Nhiều sự kiện: "
       "application/cloudevents-batch+json.",
       "With this content type the body is one JSON object. For several events use "
       "application/cloudevents-batch+json."),
    _P("array_expected", 400, "Cần một mảng", "Array expected",
       "application/cloudevents-batch+json là một mảng JSON các sự kiện. Một sự kiện: "
       "application/cloudevents+json.",
       "application/cloudevents-batch+json is a JSON array of events. For one event use "
       "application/cloudevents+json."),
    _P("key_missing", 401, "Thiếu khóa truy cập", "Key missing",
       "Hãy gửi tiêu đề Authorization: Bearer và khóa truy cập.",
       "Send the header Authorization: Bearer with your key."),
    _P("key_invalid", 401, "Khóa truy cập không đúng", "Key not valid",
       "Khóa truy cập không đúng hoặc đã bị thu hồi.", "The key is wrong or has been revoked."),
    _P("not_found", 404, "Không tìm thấy", "Not found",
       "Không có tài nguyên này.", "There is no such resource."),
    _P("method_not_allowed", 405, "Phương thức không được phép", "Method not allowed",
       "Tài nguyên này chỉ nhận: {allowed}.", "This resource takes only: {allowed}."),
    _P("code_taken", 409, "Mã đã được dùng", "Code taken",
       "Mã đơn vị này đã được cấp.", "This unit code is taken."),
    _P("body_too_large", 413, "Thân yêu cầu quá lớn", "Body too large",
       "Thân yêu cầu lớn hơn {limit} byte. Hãy chia thành nhiều yêu cầu.",
       "The body is larger than {limit} bytes. Split it into several requests."),
    _P("batch_too_large", 413, "Quá nhiều sự kiện", "Too many events",
       "Nhiều hơn {limit} sự kiện trong một yêu cầu. Hãy chia thành nhiều yêu cầu.",
       "More than {limit} events in one request. Split it into several requests."),
    _P("unsupported_media_type", 415, "Kiểu nội dung không hỗ trợ", "Unsupported media type",
       "Dùng application/cloudevents+json, application/cloudevents-batch+json, hoặc "
       "application/json với các tiêu đề ce-specversion, ce-id, ce-source, ce-type; bộ mã UTF-8.",
       "Use application/cloudevents+json, application/cloudevents-batch+json, or application/json "
       "with the headers ce-specversion, ce-id, ce-source, ce-type; charset UTF-8."),
    _P("content_encoding_unsupported", 415, "Không nhận nội dung nén", "Content encoding refused",
       "Hãy gửi không nén, không có Content-Encoding.",
       "Send it uncompressed, without Content-Encoding."),
    _P("known_at_in_future", 422, "known_at ở tương lai", "known_at in the future",
       "known_at sau hiện tại và sau vị trí mới nhất.",
       "known_at is later than now and than the newest position."),
    _P("over_quota", 429, "Vượt hạn mức", "Over quota",
       "Bạn đã gửi quá hạn mức. Hãy chờ theo Retry-After rồi gửi lại, cùng id.",
       "You are over your quota. Wait as Retry-After says and send again with the same ids."),
    _P("internal_error", 500, "Lỗi của chúng tôi", "Our fault",
       "Có lỗi trong hệ thống. Hãy gửi lại, cùng id, và báo mã yêu cầu cho người vận hành.",
       "Something failed here. Send again with the same ids and tell the operator the request id."),
    _P("overloaded", 503, "Đang quá tải", "Overloaded",
       "Hệ thống đang quá tải, chưa ghi gì. Hãy chờ theo Retry-After rồi gửi lại, cùng id.",
       "We are overloaded; nothing was written. Wait as Retry-After says and send again with the "
       "same ids."),
    _P("outcome_unknown", 503, "Chưa rõ kết quả", "Outcome unknown",
       "Cơ sở dữ liệu không trả lời: có thể đã ghi, có thể chưa. Hãy gửi lại đúng như vậy, cùng "
       "id: không gì bị đếm hai lần.",
       "The database did not answer: it may be written or not. Send exactly the same again with "
       "the same ids: nothing is counted twice."),
)  # fmt: skip

_ITEM_ATTRIBUTES: Final = (
    _P("not_an_event", 422, "Không phải sự kiện", "Not an event",
       "Mỗi phần tử của mảng phải là một đối tượng JSON CloudEvents.",
       "Each element of the array must be a CloudEvents JSON object."),
    _P("event_too_large", 422, "Sự kiện quá lớn", "Event too large",
       "Sự kiện lớn hơn {limit} byte.", "The event is larger than {limit} bytes."),
    _P("missing", 422, "Thiếu", "Missing", "Bắt buộc phải có.", "This is required."),
    _P("wrong_type", 422, "Sai kiểu", "Wrong type",
       "Phải là {expected_vi}.", "Must be {expected_en}."),
    _P("empty", 422, "Trống", "Empty", "Không được để trống.", "Must not be empty."),
    _P("too_long", 422, "Quá dài", "Too long",
       "Dài hơn {limit} {unit_vi}.", "Longer than {limit} {unit_en}."),
    _P("forbidden_characters", 422, "Ký tự không được phép", "Forbidden characters",
       "Có ký tự điều khiển, ký tự ẩn hoặc đổi chiều chữ: hãy bỏ đi.",
       "Holds control characters, or hidden or direction-changing ones: remove them."),
    _P("bad_specversion", 422, "Phiên bản CloudEvents không hỗ trợ", "Unsupported specversion",
       "specversion phải là \"1.0\".", "specversion must be \"1.0\"."),
    _P("bad_attribute_name", 422, "Tên thuộc tính không hợp lệ", "Bad attribute name",
       "Tên thuộc tính CloudEvents chỉ gồm chữ thường a–z và chữ số; số liệu đặt trong data.",
       "A CloudEvents attribute name has only a–z and digits; figures belong in data."),
    _P("bad_attribute_value", 422, "Giá trị thuộc tính không hợp lệ", "Bad attribute value",
       "Giá trị thuộc tính mở rộng là văn bản không có ký tự điều khiển, số nguyên hoặc logic.",
       "An extension attribute is text without control characters, an integer or a boolean."),
    _P("bad_data_content_type", 422, "Kiểu dữ liệu không hỗ trợ", "Unsupported data type",
       "data là JSON: datacontenttype là application/json hoặc bỏ đi, không dùng data_base64.",
       "data is JSON: datacontenttype is application/json or left out, data_base64 is not used."),
    _P("unknown_type", 422, "Loại sự kiện không có", "Unknown type",
       "type là vn.chitieu.<chỉ tiêu số liệu>.v1, xem GET /v1/metrics.{hint_vi}",
       "type is vn.chitieu.<metric>.v1, see GET /v1/metrics.{hint_en}"),
    _P("subject_not_allowed", 403, "Không được gửi cho đơn vị này", "Subject not allowed",
       "Khóa này không được gửi số liệu cho đơn vị ở subject.",
       "This key may not write for the unit in subject."),
    _P("bad_time", 422, "Thời điểm không hợp lệ", "Bad time",
       "Phải là thời điểm RFC 3339 có múi giờ, ví dụ 2025-04-02T09:00:00+07:00.",
       "Must be an RFC 3339 instant with offset, such as 2025-04-02T09:00:00+07:00."),
    _P("event_in_future", 422, "Thời điểm ở tương lai", "Event in the future",
       "time sau lúc nhận hơn {limit} phút: hãy kiểm tra đồng hồ của máy gửi.",
       "time is more than {limit} minutes after receipt: check the clock of the sending machine."),
    _P("corrects_not_allowed", 422, "Không được dùng corrects", "corrects not allowed",
       "Sự kiện không sửa chính nó, và một lần rút lại không sửa gì.",
       "An event does not correct itself, and a retraction corrects nothing."),
    _P("conflict", 409, "Trùng mã, khác nội dung", "Same identity, other meaning",
       "source và id này đã được dùng cho nội dung khác; bản cũ giữ nguyên. Để sửa, hãy gửi id mới "
       "và corrects.",
       "This source and id were used with another meaning; the old event stands. To mend it, send "
       "a new id with corrects."),
    _P("batch_refused", 422, "Cả lô bị từ chối", "Batch refused",
       "atomic=true: sự kiện này đúng, nhưng sự kiện khác trong lô bị từ chối nên không ghi gì.",
       "atomic=true: this event is right, but another of the batch was refused, so nothing was "
       "written."),
)  # fmt: skip

_ITEM_DATA: Final = (
    _P("bad_period", 422, "Kỳ không hợp lệ", "Bad period",
       "Kỳ viết là 2025, 2025-H1, 2025-Q1, 2025-03, 2025-03-31 hoặc 2025-01-01/2025-05-31.",
       "A period is 2025, 2025-H1, 2025-Q1, 2025-03, 2025-03-31 or 2025-01-01/2025-05-31."),
    _P("bad_day", 422, "Ngày không hợp lệ", "Bad day",
       "Ngày viết là 2025-03-31, từ 1900 đến 2200.",
       "A day is written 2025-03-31, between 1900 and 2200."),
    _P("period_not_begun", 422, "Kỳ chưa bắt đầu", "Period not begun",
       "Kỳ bắt đầu sau ngày của time.", "The period begins after the day of time."),
    _P("period_open", 422, "Kỳ chưa kết thúc", "Period still open",
       "Báo cáo làm trước ngày cuối kỳ: thêm through (số liệu đến hết ngày nào) hoặc "
       "estimate: true (ước thực hiện).",
       "The report was made before the period's last day: add through (figures up to which day) "
       "or estimate: true."),
    _P("through_outside_period", 422, "through ngoài kỳ", "through outside the period",
       "through phải nằm trong kỳ.", "through must lie in the period."),
    _P("through_in_future", 422, "through sau ngày báo cáo", "through after the report",
       "through sau ngày của time chỉ được dùng với estimate: true.",
       "through after the day of time needs estimate: true."),
    _P("day_in_future", 422, "Ngày ở tương lai", "Day in the future",
       "Ngày này sau ngày của time.", "This day is after the day of time."),
    _P("count_expected", 422, "Cần số nguyên", "Whole number expected",
       "Phải là số JSON nguyên từ 0 đến {limit}, không đặt trong nháy.",
       "Must be a whole JSON number from 0 to {limit}, without quotes."),
    _P("decimal_expected", 422, "Cần số thập phân", "Decimal expected",
       "Phải là số hoặc chuỗi thập phân như \"98.6\", từ 0 đến {limit}, nhiều nhất 12 chữ số mỗi "
       "bên dấu chấm.",
       "Must be a number or a decimal string such as \"98.6\", from 0 to {limit}, at most 12 "
       "digits on each side of the point."),
    _P("boolean_expected", 422, "Cần true hoặc false", "Boolean expected",
       "Phải là true hoặc false.", "Must be true or false."),
    _P("unknown_state", 422, "Trạng thái không có", "Unknown state",
       "Trạng thái là một trong: {allowed}.", "The state is one of: {allowed}."),
    _P("unknown_field", 422, "Trường không có", "Unknown field",
       "Chỉ tiêu số liệu này không có trường ấy.{hint_vi}",
       "This metric has no such field.{hint_en}"),
    _P("group_incomplete", 422, "Nhóm trường thiếu", "Incomplete group",
       "Nhóm {group} phải có đủ: {fields}; hoặc bỏ cả nhóm.",
       "The group {group} needs all of: {fields}; or leave the whole group out."),
    _P("no_group", 422, "Không có số liệu", "No figures",
       "Cần ít nhất một nhóm trường: {groups}.", "At least one field group is needed: {groups}."),
    _P("part_exceeds_whole", 422, "Phần lớn hơn tổng", "Part exceeds whole",
       "Không được lớn hơn {whole}.", "Must not exceed {whole}."),
    _P("parts_do_not_add_up", 422, "Các phần không bằng tổng", "Parts do not add up",
       "{whole} phải bằng tổng của {parts}.", "{whole} must be the sum of {parts}."),
    _P("looks_like_a_person", 422, "Giống thông tin cá nhân", "Looks like a person",
       "Văn bản có dãy số giống số định danh, thẻ BHYT hoặc điện thoại của một người: hãy bỏ đi.",
       "The text holds what looks like a person's identity, insurance card or telephone number: "
       "remove it."),
    _P("unknown_item", 422, "Không có item này", "Unknown item",
       "item phải là {expected_vi}.", "item must be {expected_en}."),
    _P("too_many", 422, "Quá nhiều phần tử", "Too many elements",
       "Nhiều nhất {limit} phần tử.", "At most {limit} elements."),
)  # fmt: skip

_API: Final = (
    _P("unknown_parameter", 400, "Tham số không có", "Unknown parameter",
       "Yêu cầu có tham số truy vấn mà địa chỉ này không nhận.{hint_vi} Dùng được: {allowed}.",
       "The request has a query parameter that this path does not take.{hint_en} Allowed: "
       "{allowed}."),
    _P("repeated_parameter", 400, "Tham số lặp lại", "Repeated parameter",
       "Tham số {name} đứng hai lần: không rõ giá trị nào đúng.",
       "The parameter {name} stands twice: which value is meant is unknown."),
    _P("bad_cursor", 400, "cursor không dùng được", "Bad cursor",
       "cursor phải lấy từ next_cursor của chính danh sách này, với cùng bộ lọc.",
       "cursor must come from next_cursor of this very list, with the same filters."),
    _P("bad_value", 422, "Giá trị không hợp lệ", "Bad value",
       "{name} phải là {expected_vi}.", "{name} must be {expected_en}."),
    _P("as_of_too_late", 422, "as_of quá muộn", "as_of too late",
       "as_of muộn nhất là {limit}, ngày cuối của năm nay.",
       "as_of is at most {limit}, the last day of the running year."),
    _P("known_at_order", 422, "Sai thứ tự thời điểm", "Known times out of order",
       "from_known_at phải không sau to_known_at. Hãy đổi chỗ hai thời điểm.",
       "from_known_at must not be after to_known_at. Exchange the two instants."),
    _P("province_required", 422, "Cần province", "province needed",
       "Chỉ tiêu này đứng trên phiếu của nhiều tỉnh: hãy thêm province (và on, nếu mã đổi chủ).",
       "This target stands on the scorecards of several provinces: add province (and on, where the "
       "code changed hands)."),
    _P("unknown_scheme", 422, "Không có cách tính điểm này", "Unknown scheme",
       "scheme phải là một trong: {allowed} (theo danh mục đã biết ở known_at).",
       "scheme must be one of: {allowed} (of the catalogue known at known_at)."),
    _P("receipt_too_large", 422, "Biên nhận quá lớn", "Receipt too large",
       "Kết quả này dựa trên quá nhiều báo cáo: nhiều nhất {limit} mục nhật ký một biên nhận. "
       "Chỉ tiêu của từng đơn vị có biên nhận nhỏ hơn.",
       "This result rests on too many reports: at most {limit} log entries a receipt. Targets of "
       "single units have smaller receipts."),
    _P("not_scored_yet", 503, "Chưa tính xong", "Not scored yet",
       "known_at này đã biết nhưng chưa tính xong. Hãy chờ theo Retry-After rồi hỏi lại.",
       "This known_at is known but not scored yet. Wait as Retry-After says and ask again."),
    _P("unavailable", 503, "Tạm thời không trả lời được", "Unavailable",
       "Cơ sở dữ liệu không trả lời, chưa ghi gì. Hãy chờ theo Retry-After rồi gửi lại.",
       "The database does not answer; nothing was written. Wait as Retry-After says and send "
       "again."),
    _P("ingest_unavailable", 503, "Nơi nhận báo cáo không trả lời", "Ingest unavailable",
       "Tiến trình nhận báo cáo không trả lời: có thể đã ghi, có thể chưa. Hãy gửi lại, cùng id.",
       "The ingest process does not answer: it may be written or not. Send again with the same "
       "ids."),
    _P("role_not_allowed", 403, "Vai trò không được phép", "Role not allowed",
       "Khóa này không được làm việc đó. Vai trò được phép: {allowed}.",
       "This key may not do that. Roles that may: {allowed}."),
    _P("place_not_allowed", 403, "Không phải địa bàn của khóa", "Place not allowed",
       "Khóa này không quản lý địa bàn hoặc đơn vị ấy.",
       "This key does not manage that place or unit."),
    _P("json_required", 415, "Cần JSON", "JSON required",
       "Hãy gửi Content-Type: application/json, không nén.",
       "Send Content-Type: application/json, uncompressed."),
    _P("unit_code_form", 422, "Mã không hợp loại đơn vị", "Code does not fit the kind",
       "Cơ sở: 5 ký tự 0-9 A-Z, ký tự thứ ba là F khi và chỉ khi fictional; địa bàn: dvhc-…; cơ "
       "quan: cq-…; nhà thuốc: nt-….",
       "Facility: 5 characters 0-9 A-Z, the third an F exactly when fictional; area: dvhc-…; "
       "agency: cq-…; pharmacy: nt-…."),
    _P("no_condition", 422, "Chỉ tiêu không có điều kiện", "No condition",
       "Chỉ tiêu này không chờ điều kiện nào.", "This target waits for no condition."),
    _P("condition_not_recorded", 422, "Chưa ghi nhận điều kiện", "Condition not recorded",
       "Điều kiện của chỉ tiêu này chưa được ghi nhận, hoặc đã rút lại: không có gì để rút.",
       "This target's condition is not recorded as fulfilled: there is nothing to withdraw."),
    _P("unexpected_field", 422, "Trường không có", "Unexpected field",
       "Yêu cầu có trường không dùng ở đây. Dùng được: {allowed}.",
       "The body has a field that is not used here. Allowed: {allowed}."),
    _P("unknown_word", 422, "Từ không có trong danh sách", "Not a listed word",
       "Phải là một trong: {allowed}.", "Must be one of: {allowed}."),
    _P("unknown_place", 422, "Không có địa bàn này", "Unknown place",
       "Không có địa bàn mang mã này vào ngày ấy, xem /v1/provinces.",
       "No place bears this code on that day, see /v1/provinces."),
    _P("unknown_unit", 422, "Không có đơn vị này", "Unknown unit",
       "succeeds phải là mã cũ của chính đơn vị này, đã đăng ký, do bạn quản lý; xem /v1/units.",
       "succeeds must be an older code of this very unit, registered and managed by you; see "
       "/v1/units."),
    _P("code_form", 422, "Mã sai dạng", "Malformed code",
       "Mã gồm chữ không dấu, số, dấu chấm, gạch nối.",
       "A code has plain letters, digits, dots and hyphens."),
    _P("closed_before_from", 422, "Đóng trước khi mở", "Closed before it begins",
       "closed không được trước from.", "closed must not be before from."),
    _P("units_required", 422, "Cần units hoặc places", "units or places needed",
       "Vai trò unit cần units, vai trò province cần places, vai trò khác không nhận gì.",
       "Role unit needs units, role province needs places, other roles take neither."),
    _P("what_if_unit", 422, "Đơn vị không trả lời chỉ tiêu", "Unit does not answer the target",
       "what_if thứ {number}: không có đơn vị này trong phạm vi của chỉ tiêu, hoặc khóa này không "
       "được xem. Các đơn vị: …/units của chỉ tiêu.",
       "what_if number {number}: no such unit in the target's scope, or this key may not see it. "
       "The units: …/units of the target."),
    _P("what_if_field", 422, "Trường không dùng cho chỉ tiêu", "Field not used by the target",
       "what_if thứ {number}: chỉ tiêu này dùng các trường {allowed}.",
       "what_if number {number}: this target uses the fields {allowed}."),
    _P("what_if_value", 422, "Giá trị giả định sai", "Supposed value not valid",
       "what_if thứ {number}: giá trị có dạng như {allowed}.",
       "what_if number {number}: the value is such as {allowed}."),
    _P("what_if_incomplete", 422, "Thiếu trường giả định", "Supposed fields missing",
       "what_if thứ {number}: đơn vị chưa có số liệu được tính, hãy thêm cả {allowed}.",
       "what_if number {number}: no figures of the unit count yet, so say {allowed} too."),
    _P("what_if_contradicts", 422, "Giả định mâu thuẫn", "Suppositions contradict",
       "what_if thứ {number}: mỗi trường chỉ nêu một lần, và phải có {allowed}.",
       "what_if number {number}: say each field once, and keep to {allowed}."),
    _P("day_after_today", 422, "Ngày ở tương lai", "Day in the future",
       "Ngày này chưa đến.", "This day has not come yet."),
    _P("to_before_from", 422, "Hết trước khi bắt đầu", "Ends before it begins",
       "to không được trước from.", "to must not be before from."),
    _P("no_such_metric", 422, "Không có số liệu này", "No such metric",
       "metric phải là tên có trong /v1/metrics, hoặc task; để trống (null) là mọi số liệu.",
       "metric must be a name that /v1/metrics has, or task; null means all of them."),
)  # fmt: skip

_CLOSINGS: Final = (
    _P("plan_not_here", 422, "Kế hoạch không đứng ở tỉnh này", "Plan not of this province",
       "plan phải là một kế hoạch trên phiếu điểm của tỉnh này, xem /v1/plans; mã đã đổi chủ thì "
       "thêm on.",
       "plan must be one that stands on this province's scorecard, see /v1/plans; where the code "
       "changed hands add on."),
    _P("period_outside_plan", 422, "Kỳ ngoài kế hoạch", "Period outside the plan",
       "Kỳ phải có ngày mà kế hoạch có hiệu lực và địa bàn còn tồn tại.",
       "The period must have a day on which the plan is in force and the place exists."),
    _P("period_not_ended", 422, "Kỳ chưa kết thúc", "Period not ended",
       "Kỳ còn đến hết ngày {limit}. Chỉ chốt sớm khi lịch báo cáo của kế hoạch định ngày báo cáo "
       "trước ngày đó và kỳ đã bắt đầu.",
       "The period runs to the end of {limit}. It is closed earlier only where the plan's calendar "
       "wants the report before that day and the period has begun."),
    _P("already_closed", 409, "Kỳ đã chốt", "Already closed",
       "Kỳ này đã chốt là {closing}. Muốn chốt lại, hãy mở lại bản ấy bằng hai khóa khác nhau.",
       "This period is closed as {closing}. To close it anew, reopen that with two different "
       "keys."),
    _P("closing_withdrawn", 409, "Bản chốt đã bị rút", "Closing withdrawn",
       "Bản chốt này đã được mở lại; các byte đã công bố vẫn giữ nguyên. Bản mới: POST closings.",
       "This closing was reopened before; the published bytes are kept. For a new version POST "
       "closings."),
    _P("second_key_needed", 409, "Cần khóa thứ hai", "Second key needed",
       "Khóa này đã yêu cầu mở lại. Cần một khóa khác của tỉnh hoặc của người vận hành xác nhận "
       "trước {limit}.",
       "This key has asked for it already. Another key of the province or of the operator has to "
       "join before {limit}."),
    _P("closing_and_pair", 422, "closing đi cùng as_of, known_at", "closing beside as_of, known_at",
       "closing thay cho cả as_of và known_at: hãy chỉ gửi closing, hoặc chỉ gửi cặp kia.",
       "closing stands for both as_of and known_at: send closing alone, or the pair alone."),
)  # fmt: skip

_ARCHIVE: Final = (
    _P("event_archived", 410, "Báo cáo đã lưu trữ", "Report archived",
       "Báo cáo này đã được nhận, ở vị trí {position} lúc {known}, và vẫn được tính như trước; "
       "nguyên văn nằm trong tệp lưu trữ tháng {month}, sha256 {sha256}. Người vận hành đưa về "
       "bằng `chitieu archive restore`.",
       "This report was accepted, at position {position}, known {known}, and counts as before; its "
       "text lies in the archive of {month}, sha256 {sha256}. The operator brings it back with "
       "`chitieu archive restore`."),
    _P("archived", 410, "Tháng đã lưu trữ", "Month archived",
       "Câu trả lời cần nguyên văn báo cáo của tháng {month}, đang nằm trong tệp lưu trữ, sha256 "
       "{sha256}. Kết quả và giải thích không cần đến và vẫn như trước. Người vận hành đưa về "
       "bằng `chitieu archive restore`.",
       "The answer needs the text of reports of {month}, which lies in its archive, sha256 "
       "{sha256}. Results and explanations do not need it and are as before. The operator brings "
       "it back with `chitieu archive restore`."),
)  # fmt: skip

ALL: Final = (*REQUEST, *_ITEM_ATTRIBUTES, *_ITEM_DATA, *_API, *_CLOSINGS, *_ARCHIVE)
