"""Places over three eras: the real CSV files against tables written down independently of them."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.catalogue.places_files import load_places, read_rows
from chitieu.collation import vietnamese_sort_key
from chitieu.place_kinds import Kind, Level, Share
from chitieu.places import (
    Naming,
    Place,
    PlaceKey,
    PlaceRow,
    PlaceRows,
    Places,
    PlacesError,
    SuccessionRow,
)

FOLDER = Path(__file__).parents[1] / "catalogue" / "places"
LAST_OLD_DAY = dt.date(2025, 6, 30)
FIRST_NEW_DAY = dt.date(2025, 7, 1)
DONG_NAI_CITY = dt.date(2026, 4, 30)
TODAY = dt.date(2026, 11, 22)

# Resolution 202/2025/QH15: new code -> codes of the provinces it was made of.
MERGERS = {
    "08": "02 08", "15": "10 15", "19": "06 19", "24": "24 27", "25": "17 25 26", "31": "30 31",
    "33": "33 34", "37": "35 36 37", "44": "44 45", "48": "48 49", "51": "51 62", "52": "52 64",
    "56": "56 58", "66": "54 66", "68": "60 67 68", "75": "70 75", "79": "74 77 79", "80": "72 80",
    "82": "82 87", "86": "83 84 86", "91": "89 91", "92": "92 93 94", "96": "95 96",
}  # fmt: skip
UNMERGED = ["01", "04", "11", "12", "14", "20", "22", "38", "40", "42", "46"]
RENAMED_CODES = {
    "15": ("Yên Bái", "Lào Cai"),
    "24": ("Bắc Giang", "Bắc Ninh"),
    "44": ("Quảng Bình", "Quảng Trị"),
    "52": ("Bình Định", "Gia Lai"),
    "80": ("Long An", "Tây Ninh"),
    "82": ("Tiền Giang", "Đồng Tháp"),
    "91": ("Kiên Giang", "An Giang"),
}
# State of 2026-04-30: wards, communes, special zones of each province.
COMMUNES_NOW = {
    "01": (51, 75, 0), "04": (3, 53, 0), "08": (7, 117, 0), "11": (3, 42, 0), "12": (2, 36, 0),
    "14": (8, 67, 0), "15": (10, 89, 0), "19": (15, 77, 0), "20": (4, 61, 0), "22": (30, 22, 2),
    "24": (33, 66, 0), "25": (15, 133, 0), "31": (45, 67, 2), "33": (11, 93, 0), "37": (32, 97, 0),
    "38": (19, 147, 0), "40": (11, 119, 0), "42": (9, 60, 0), "44": (8, 69, 1), "46": (21, 19, 0),
    "48": (23, 70, 1), "51": (9, 86, 1), "52": (25, 110, 0), "56": (16, 48, 1), "66": (14, 88, 0),
    "68": (20, 103, 1), "75": (33, 62, 0), "79": (113, 54, 1), "80": (14, 82, 0), "82": (20, 82, 0),
    "86": (19, 105, 0), "91": (14, 85, 3), "92": (31, 72, 0), "96": (9, 55, 0),
}  # fmt: skip
# The plans' provinces: old code, successor, old districts, old communes, new communes on its land.
PLAN_PROVINCES = [
    ("58", "56", 7, 62, 24),
    ("22", "22", 13, 171, 54),
    ("77", "79", 7, 77, 30),
    ("91", "91", 15, 143, 48),  # 47 in NSO's table, which puts Tiên Hải into old An Giang
    ("51", "51", 13, 170, 56),
]


@pytest.fixture(scope="module")
def places() -> Places:
    return load_places(FOLDER)


def old_province(places: Places, code: str) -> Place:
    place = places.at(Level.PROVINCE, code, LAST_OLD_DAY)
    assert place is not None
    return place


def commune(places: Places, code: str, on: dt.date) -> Place:
    place = places.at(Level.COMMUNE, code, on)
    assert place is not None
    return place


def codes(found: tuple[Place, ...]) -> list[str]:
    return [place.code for place in found]


def kinds_on(found: tuple[Place, ...], day: dt.date) -> Counter[Kind]:
    return Counter(place.naming_on(day).kind for place in found)


# --- provinces -------------------------------------------------------------------------------


def test_63_provinces_become_34_of_which_11_go_on(places: Places) -> None:
    before = places.provinces(LAST_OLD_DAY)
    after = places.provinces(FIRST_NEW_DAY)
    assert (len(before), len(after), len(places.provinces())) == (63, 34, 86)
    assert [p.code for p in before if p in after] == UNMERGED
    begun = [p for p in after if p.valid_from == FIRST_NEW_DAY]
    assert codes(tuple(begun)) == sorted(MERGERS)
    ended = [p for p in before if p.valid_to == LAST_OLD_DAY]
    assert len(ended) == 52
    assert len(set(codes(before)) - set(codes(after))) == 29
    assert places.provinces(TODAY) == after


def test_each_old_province_is_whole_in_its_successor(places: Places) -> None:
    for new_code, old_codes in MERGERS.items():
        new = places.at(Level.PROVINCE, new_code, FIRST_NEW_DAY)
        assert new is not None
        assert [link.key.code for link in new.predecessors] == old_codes.split()
        for old_code in old_codes.split():
            old = old_province(places, old_code)
            assert [(link.key, link.share) for link in old.successors] == [(new.key, Share.WHOLE)]
            assert places.successors_on(old, TODAY) == (new,)
    for code in UNMERGED:
        assert old_province(places, code).successors == ()


def test_seven_codes_were_borne_under_another_name(places: Places) -> None:
    found = {}
    for code in codes(places.provinces(FIRST_NEW_DAY)):
        before, after = places.bearing(code, LAST_OLD_DAY), places.bearing(code, TODAY)
        assert before is not None
        assert after is not None
        if before.short_name != after.short_name:
            found[code] = (before.short_name, after.short_name)
    assert found == RENAMED_CODES


@pytest.mark.parametrize(
    ("code", "on", "name"),
    [
        ("77", LAST_OLD_DAY, "Bà Rịa – Vũng Tàu"),
        ("77", TODAY, "Bà Rịa – Vũng Tàu"),
        ("91", dt.date(2025, 3, 31), "Kiên Giang"),
        ("91", LAST_OLD_DAY, "Kiên Giang"),
        ("91", FIRST_NEW_DAY, "An Giang"),
        ("89", TODAY, "An Giang"),
        ("22", dt.date(1990, 1, 1), "Quảng Ninh"),
        ("22", TODAY, "Quảng Ninh"),
    ],
)
def test_a_code_means_who_bears_it_on_the_day_else_the_last_that_did(
    places: Places, code: str, on: dt.date, name: str
) -> None:
    place = places.bearing(code, on)
    assert place is not None
    assert places.name_on(place, on) == name


def test_codes_nobody_bears(places: Places) -> None:
    assert places.bearing("00", TODAY) is None
    assert places.bearing("755", TODAY) is None, "a district is not a province"
    assert places.at(Level.PROVINCE, "77", FIRST_NEW_DAY) is None
    assert places.at(Level.COMMUNE, "26732", LAST_OLD_DAY) is None
    assert places.bearing("26732", LAST_OLD_DAY, Level.COMMUNE) is None


def test_wire_shape_of_the_contract(places: Places) -> None:
    assert old_province(places, "77").to_wire() == {
        "code": "77",
        "name": "Bà Rịa – Vũng Tàu",
        "valid_from": None,
        "valid_to": "2025-06-30",
        "successors": [{"code": "79", "valid_from": "2025-07-01"}],
    }
    new = places.bearing("79", TODAY)
    assert new is not None
    wire = new.to_wire()
    assert (wire["name"], wire["valid_from"], wire["valid_to"]) == (
        "Hồ Chí Minh", "2025-07-01", None,
    )  # fmt: skip


def test_lineage_and_the_holders_of_a_territory(places: Places) -> None:
    ended = old_province(places, "77")
    new = places.bearing("79", TODAY)
    assert new is not None
    assert places.lineage(ended).before == ()
    assert places.lineage(ended).after == (new,)
    assert codes(places.lineage(new).before) == ["74", "77", "79"]
    assert places.successors_on(ended, LAST_OLD_DAY) == (ended,)
    assert places.successors_on(new, LAST_OLD_DAY) == ()
    assert codes(places.predecessors_on(new, LAST_OLD_DAY)) == ["74", "77", "79"]
    assert places.predecessors_on(new, TODAY) == (new,)
    assert places.predecessors_on(ended, TODAY) == ()


def test_dong_nai_is_one_place_that_became_a_city(places: Places) -> None:
    place = places.at(Level.PROVINCE, "75", FIRST_NEW_DAY)
    assert place is not None
    assert place == places.at(Level.PROVINCE, "75", TODAY)
    day_before = place.naming_on(DONG_NAI_CITY - dt.timedelta(days=1))
    assert (day_before.name, day_before.kind) == ("Tỉnh Đồng Nai", Kind.PROVINCE)
    assert (place.name, place.kind) == ("Thành phố Đồng Nai", Kind.CITY)
    assert place.naming_on(DONG_NAI_CITY).act == "30/2026/QH16"
    cities = {p.code for p in places.provinces(TODAY) if p.naming_on(TODAY).kind is Kind.CITY}
    assert cities == {"01", "31", "46", "48", "75", "79", "92"}
    assert kinds_on(places.provinces(FIRST_NEW_DAY), FIRST_NEW_DAY)[Kind.CITY] == 6


# --- districts and communes ------------------------------------------------------------------


def test_696_districts_ended_and_none_stands(places: Places) -> None:
    districts = places.all(Level.DISTRICT)
    assert len(districts) == 696
    assert {place.valid_to for place in districts} == {LAST_OLD_DAY}
    assert places.all(Level.DISTRICT, FIRST_NEW_DAY) == ()
    assert all(places.successors_on(place, FIRST_NEW_DAY) for place in districts)


def test_communes_of_each_era(places: Places) -> None:
    assert len(places.all(Level.COMMUNE, LAST_OLD_DAY)) == 10_035
    now = places.all(Level.COMMUNE, TODAY)
    assert len(now) == 3_321
    eve = DONG_NAI_CITY - dt.timedelta(days=1)
    assert kinds_on(now, eve) == {Kind.COMMUNE: 2_621, Kind.WARD: 687, Kind.SPECIAL_ZONE: 13}
    assert kinds_on(now, DONG_NAI_CITY) == {
        Kind.COMMUNE: 2_611, Kind.WARD: 697, Kind.SPECIAL_ZONE: 13,
    }  # fmt: skip


def test_communes_of_each_province_now(places: Places) -> None:
    found = {}
    for province in places.provinces(TODAY):
        kinds = kinds_on(places.inside(province, Level.COMMUNE, TODAY), TODAY)
        found[province.code] = (kinds[Kind.WARD], kinds[Kind.COMMUNE], kinds[Kind.SPECIAL_ZONE])
    assert found == COMMUNES_NOW


@pytest.mark.parametrize(("code", "new_code", "districts", "communes", "now"), PLAN_PROVINCES)
def test_the_provinces_of_the_plans(
    places: Places, code: str, new_code: str, districts: int, communes: int, now: int
) -> None:
    province = old_province(places, code)
    assert len(places.inside(province, Level.DISTRICT, LAST_OLD_DAY)) == districts
    inside = places.inside(province, Level.COMMUNE, LAST_OLD_DAY)
    assert len(inside) == communes
    assert codes(places.successors_on(province, TODAY)) == [new_code]
    parts = (*inside, *places.inside(province, Level.DISTRICT, LAST_OLD_DAY))
    held = {place.key for part in parts for place in places.successors_on(part, TODAY)}
    assert len(held) == now


def test_communes_go_where_their_province_went_and_cross_no_old_border(places: Places) -> None:
    older = (*places.all(Level.COMMUNE, LAST_OLD_DAY), *places.all(Level.DISTRICT, LAST_OLD_DAY))
    former: dict[PlaceKey, set[PlaceKey]] = {}
    for place in older:
        province = places.province_of(place)
        (holder,) = places.successors_on(province, FIRST_NEW_DAY)
        newer = places.successors_on(place, FIRST_NEW_DAY)
        assert newer
        for successor in newer:
            assert places.province_of(successor) == holder
            former.setdefault(successor.key, set()).add(province.key)
    assert len(former) == 3_321, "every commune of today has a past"
    assert all(len(provinces) == 1 for provinces in former.values())


def test_shares_tell_divided_communes_from_whole_ones(places: Places) -> None:
    ended = [p for p in places.all(Level.COMMUNE, LAST_OLD_DAY) if p.valid_to is not None]
    divided = [place for place in ended if len(place.successors) > 1]
    assert len(divided) == 440
    assert max(len(place.successors) for place in divided) == 5
    for place in ended:
        expected = Share.PART if len(place.successors) > 1 else Share.WHOLE
        assert {link.share for link in place.successors} == {expected}


def test_communes_of_unmerged_provinces_that_kept_their_land_go_on(places: Places) -> None:
    both = [p for p in places.all(Level.COMMUNE, LAST_OLD_DAY) if p.stands_on(FIRST_NEW_DAY)]
    assert len(both) == 44
    assert {place.province for place in both} <= set(UNMERGED)
    assert all(not place.successors and not place.predecessors for place in both)
    muong_lat = commune(places, "14845", TODAY)
    assert muong_lat in both
    assert muong_lat.naming_on(LAST_OLD_DAY).name == "Thị trấn Mường Lát"
    assert muong_lat.naming_on(FIRST_NEW_DAY).name == "Xã Mường Lát"


@pytest.mark.parametrize(
    ("district", "zone"),
    [("318", "11948"), ("471", "19742"), ("498", "20333"), ("536", "21548"), ("755", "26732")],
)
def test_island_districts_without_communes_became_special_zones(
    places: Places, district: str, zone: str
) -> None:
    place = places.at(Level.DISTRICT, district, LAST_OLD_DAY)
    assert place is not None
    assert places.inside(place, Level.COMMUNE, LAST_OLD_DAY) == ()
    (successor,) = places.successors_on(place, FIRST_NEW_DAY)
    assert (successor.code, successor.kind) == (zone, Kind.SPECIAL_ZONE)
    assert [link.key for link in successor.predecessors] == [place.key]


def test_a_district_is_followed_by_what_its_communes_became(places: Places) -> None:
    ba_che = places.at(Level.DISTRICT, "202", LAST_OLD_DAY)
    muong_lat = places.at(Level.DISTRICT, "384", LAST_OLD_DAY)
    assert ba_che is not None
    assert muong_lat is not None
    assert {p.short_name for p in places.successors_on(ba_che, TODAY)} >= {"Ba Chẽ", "Lương Minh"}
    inside = places.inside(muong_lat, Level.COMMUNE, LAST_OLD_DAY)
    assert places.successors_on(muong_lat, TODAY) == inside, "all eight communes go on"
    for district in places.all(Level.DISTRICT):
        for part in places.inside(district, Level.COMMUNE, LAST_OLD_DAY):
            assert places.province_of(part) == places.province_of(district)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("28252", "Phường 4"), ["28249"]),
        (("27691", "Phường 4"), ["27694"]),
        (("31741", "Xã Tân Long"), ["31741"]),
        (("28036", "Thị trấn Thủ Thừa"), ["28036"]),
        (("09013", "Xã Văn Khê"), ["08980", "08995", "09022", "09817"]),
        (("06970", "Thị trấn Ba Chẽ"), ["06970"]),
    ],
)
def test_known_faults_of_the_source_are_mended(
    places: Places, old: tuple[str, str], new: list[str]
) -> None:
    place = commune(places, old[0], LAST_OLD_DAY)
    assert place.name == old[1]
    assert codes(places.successors_on(place, FIRST_NEW_DAY)) == new


# --- names and files -------------------------------------------------------------------------


def test_names_carry_the_word_of_their_kind(places: Places) -> None:
    for level in Level:
        for place in places.all(level):
            for naming in place.names:
                word = naming.kind.label
                rest = naming.name.removeprefix(word[0].upper() + word[1:] + " ")
                assert rest != naming.name
                assert naming.short_name == (naming.name if rest.isdigit() else rest)
                assert rest.strip() == rest
                assert "(" not in rest


def test_english_names_are_plain_letters(places: Places) -> None:
    assert old_province(places, "77").name_en == "Ba Ria – Vung Tau"
    assert old_province(places, "67").name_en == "Dak Nong"


@pytest.mark.parametrize("file", sorted(path.name for path in FOLDER.glob("*.csv")))
def test_files_are_nfc_with_plain_line_ends_and_sorted(file: str) -> None:
    raw = (FOLDER / file).read_bytes()
    text = raw.decode("utf-8")
    assert unicodedata.is_normalized("NFC", text)
    assert b"\r" not in raw
    assert not text.startswith("\ufeff")
    assert text.endswith("\n")
    with (FOLDER / file).open(encoding="utf-8", newline="") as opened:
        lines = list(csv.DictReader(opened))
    assert all(None not in line and None not in line.values() for line in lines)
    if "code" in lines[0] and "level" not in lines[0]:
        keys = [(line["code"], line["valid_from"]) for line in lines]
        assert keys == sorted(set(keys))


def test_the_files_stay_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*.csv")) < 2_000_000


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "places"))
    with (folder / "provinces.csv").open("a", encoding="utf-8") as file:
        file.write("99,Tỉnh Mới,Mới,realm,,\n")
    with pytest.raises(PlacesError, match=r"provinces\.csv:88: .*realm"):
        read_rows(folder)


# --- rows that contradict each other ---------------------------------------------------------


def key(level: Level, code: str, valid_from: dt.date | None = None) -> PlaceKey:
    return PlaceKey(level, code, valid_from)


def province_row(
    code: str, valid_from: dt.date | None = None, valid_to: dt.date | None = None
) -> PlaceRow:
    naming = Naming(None, f"Tỉnh {code}", code, Kind.PROVINCE)
    return PlaceRow(key(Level.PROVINCE, code, valid_from), valid_to, naming)


def commune_row(code: str, province: str | None, kind: Kind = Kind.COMMUNE) -> PlaceRow:
    return PlaceRow(key(Level.COMMUNE, code), None, Naming(None, code, code, kind), province)


OLD = province_row("01", valid_to=LAST_OLD_DAY)
NEW = province_row("02", valid_from=FIRST_NEW_DAY)


@pytest.mark.parametrize(
    ("rows", "succession", "fault"),
    [
        ([OLD, OLD], None, "one key"),
        ([OLD, province_row("01", valid_from=LAST_OLD_DAY)], None, "borne again"),
        ([OLD, commune_row("00001", "09")], None, "lies in no province 09"),
        ([OLD, commune_row("00001", "01")], None, "outlives its province"),
        ([province_row("01"), commune_row("00001", None)], None, "lies in no province"),
        ([province_row("01"), commune_row("00001", "01", Kind.CITY)], None, "another level"),
        ([OLD], SuccessionRow(OLD.key, NEW.key, Share.WHOLE), "without a row"),
        (
            [OLD, province_row("02", valid_from=FIRST_NEW_DAY + dt.timedelta(days=1))],
            SuccessionRow(OLD.key, key(Level.PROVINCE, "02", dt.date(2025, 7, 2)), Share.WHOLE),
            "not followed the next day by 02",
        ),
        (
            [province_row("01"), NEW],
            SuccessionRow(key(Level.PROVINCE, "01"), NEW.key, Share.WHOLE),
            "not followed the next day by 02",
        ),
    ],
)
def test_contradictions_are_refused(
    rows: list[PlaceRow], succession: SuccessionRow | None, fault: str
) -> None:
    successions = () if succession is None else (succession,)
    with pytest.raises(PlacesError, match=fault):
        Places(PlaceRows(tuple(rows), (), successions))


def test_a_rename_needs_a_place_and_a_day() -> None:
    naming = Naming(FIRST_NEW_DAY, "Thành phố 09", "09", Kind.CITY)
    for rename in ((key(Level.PROVINCE, "09"), naming), (OLD.key, naming._replace(since=None))):
        with pytest.raises(PlacesError, match="rename without a place or a day"):
            Places(PlaceRows((OLD,), (rename,), ()))


def test_territory_is_followed_over_several_successions() -> None:
    middle = province_row("02", valid_from=FIRST_NEW_DAY, valid_to=dt.date(2027, 12, 31))
    last = province_row("03", valid_from=dt.date(2028, 1, 1))
    steps = (
        SuccessionRow(OLD.key, middle.key, Share.WHOLE),
        SuccessionRow(middle.key, last.key, Share.WHOLE),
    )
    places = Places(PlaceRows((OLD, middle, last), (), steps))
    first = places.get(OLD.key)
    assert codes(places.successors_on(first, dt.date(2027, 12, 31))) == ["02"]
    assert codes(places.successors_on(first, dt.date(2028, 1, 1))) == ["03"]
    assert codes(places.lineage(first).after) == ["02", "03"]
    assert codes(places.predecessors_on(places.get(last.key), LAST_OLD_DAY)) == ["01"]


# --- the Vietnamese order --------------------------------------------------------------------

IN_ORDER = [
    "A Lưới", "an", "An", "Án", "Ạn", "An Bình", "Ăn", "Ân", "Bà Rịa – Vũng Tàu", "Bạc Liêu",
    "Bình", "Dũng", "Đà Nẵng", "Đặng", "Em", "Êm", "Hoa", "Hoà Bình", "Hòa Bình", "Hồ Chí Minh",
    "Huế", "la", "là", "lả", "lã", "lá", "lạ", "Phường 2", "Phường 10", "Tô", "Tơ", "Ung", "Ưng",
    "Y tế",
]  # fmt: skip


def test_the_vietnamese_order() -> None:
    assert sorted(IN_ORDER, key=vietnamese_sort_key) == IN_ORDER
    assert len({vietnamese_sort_key(word) for word in IN_ORDER}) == len(IN_ORDER)


def test_provinces_in_vietnamese_order(places: Places) -> None:
    names = sorted((p.short_name for p in places.provinces(TODAY)), key=vietnamese_sort_key)
    assert names[:9] == [
        "An Giang", "Bắc Ninh", "Cà Mau", "Cao Bằng", "Cần Thơ", "Đà Nẵng", "Đắk Lắk", "Điện Biên",
        "Đồng Nai",
    ]  # fmt: skip


@given(st.text())
def test_composed_and_decomposed_text_sort_alike(text: str) -> None:
    keys = {vietnamese_sort_key(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert keys == {vietnamese_sort_key(text)}


@given(st.text(alphabet="aAăâdđeêoôơuưáàạ "), st.text(alphabet="aăâdđeêoôơuư ", min_size=1))
def test_a_text_comes_before_what_begins_with_it(start: str, more: str) -> None:
    assert vietnamese_sort_key(start) < vietnamese_sort_key(start + more)
