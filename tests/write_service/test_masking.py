"""Resident ids found and masked."""

import json
import re
from datetime import UTC, date
from random import Random
from time import process_time
from unicodedata import decimal, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric
from stdnum.iso7064 import mod_11_10

from deploy.simulator.codes import EntityCodes
from shared.contracts.base import _naming_fields
from shared.subjects import REPORT_BYTES_MAX
from shared.write_service.masking import ENTITY_FIELDS, has_resident_id, is_masked, mask, mask_text
from tests.support.reporting import RULES

VALID = "11010519491231002X"
RESIDENCE_PERMIT = "810000199408230021"
OLD = "330127801231001"
REGISTRATION = "330127801231004"
"""What looks like an old id and has the right check digit of a registration number."""


def with_check(first: str) -> str:
    return first + ric.calc_check_digit(first + "0")


@pytest.mark.parametrize("text", [VALID, VALID.lower(), RESIDENCE_PERMIT, OLD, f"号码{VALID}。", f"a{VALID}b", f'{{"id":"{VALID}"}}'])
def test_a_valid_id_is_found(text: str) -> None:
    assert has_resident_id(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "", "110105194912310021", "91330127MA2B1C0D18", "330127600012345", "11010519490231002X",
        with_check("11010519491331002"), with_check("11010517491231002"), "330127101205330127101206", "3f" * 32,
    ],
)  # fmt: skip
def test_anything_else_is_not(text: str) -> None:
    assert not has_resident_id(text.encode())


def test_a_day_of_birth_that_never_was_makes_no_valid_id() -> None:
    assert not has_resident_id(with_check("11010519490230002").encode())
    assert has_resident_id(with_check("11010519480229002").encode())
    assert not has_resident_id(b"330127810229001")
    assert has_resident_id(b"330127800229001")


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.integers(0, 999))
def test_every_valid_id_is_found_and_masked(born: date, serial: int) -> None:
    resident = with_check(f"330127{born:%Y%m%d}{serial:03d}")
    assert ric.calc_check_digit(resident) == resident[-1]
    text = f"张三，{resident}，女".encode()
    assert has_resident_id(text)
    assert mask(text) == "张三，330127************，女".encode()


@given(st.text())
def test_masking_twice_is_masking_once_and_keeps_the_length(text: str) -> None:
    once = mask(text.encode())
    assert mask(once) == once
    assert len(once) == len(text.encode())


def test_old_and_merely_similar_numbers_are_masked_too() -> None:
    assert mask_text("110105491231002 110105194912310021 330127600012345 20100301") == (
        "110105********* 110105************ 330127600012345 20100301"
    )


FULL_WIDTH = str.maketrans("0123456789X- .", "０１２３４５６７８９Ｘ－　．")
CODE_LIKE_AN_ID = "913101185304127071"


def spelt(resident: str, gap: str, full_width: bool, escaped: bool, before: str, after: str) -> str:
    text = gap.join((resident[:6], resident[6:14], resident[14:]))
    text = (before if not gap else "") + text + after
    text = text.translate(FULL_WIDTH) if full_width else text
    return "".join(f"\\u{ord(character):04x}" for character in text) if escaped else text


@given(
    st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.integers(0, 999), st.sampled_from(["", " ", "-", ".", " - ", "—", "\u2011"]),
    st.booleans(), st.booleans(), st.sampled_from(["", "1", "号", "13800138000"]), st.sampled_from(["", "。", "7", "13800138000"]),
)  # fmt: skip
def test_an_id_is_found_and_masked_in_every_spelling(
    born: date, serial: int, gap: str, full_width: bool, escaped: bool, before: str, after: str
) -> None:
    text = spelt(with_check(f"330127{born:%Y%m%d}{serial:03d}"), gap, full_width, escaped, before, after)
    for raw in (f'{{"id":"r-1","data":{{"name":"张三{text}"}}}}', f'{{"entity":"{text}x', text):
        assert has_resident_id(raw.encode())
        masked = mask(raw.encode())
        assert not has_resident_id(masked)
        assert b"*" in masked
        assert mask(masked) == masked


RESIDENTS = st.builds(
    lambda region, born, serial: with_check(f"{region}{born:%Y%m%d}{serial:03d}"),
    st.integers(110000, 999999), st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.integers(0, 999),
)  # fmt: skip
GAPS = st.text(st.sampled_from(" \t\n.-_·—\ufe0f\u20e3\u034f\u2011\u200b\u200e\u202c\u2060\ufeff\x7f\u3000－．"), max_size=3)
AROUND = st.text(st.sampled_from("0123456789 .-,号x０"), max_size=25)


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str, bool]:
    """A valid resident id; a text with it, broken anywhere, glued to anything, full-width or escaped; whether that may be a unit's code."""
    resident, before, after = draw(RESIDENTS), draw(AROUND), draw(AROUND)
    gaps = draw(st.lists(st.tuples(st.integers(0, 16), GAPS), max_size=5).map(dict))
    middle = "".join(digit + gaps.get(place, "") for place, digit in enumerate(resident))
    like_a_code = middle != resident and re.search(r"(?<![0-9０])[0-9０]{6}\Z", before) is not None
    text = before + middle + after
    text = text.translate(FULL_WIDTH) if draw(st.booleans()) else text
    if draw(st.booleans()):
        text = "".join(f"\\u{ord(character):04x}" if character > " " else character for character in text)
    return resident, text, like_a_code


def digits_of(text: str) -> str:
    """Every digit and X of a text in order, as a reader sees them, stars between them kept."""
    read = re.sub(r"\\u([0-9a-f]{4})", lambda escape: chr(int(escape[1], 16)), text)
    return "".join(character for character in normalize("NFKC", read).upper() if character in "0123456789X*")


@given(spellings())
def test_a_valid_id_is_masked_wherever_it_stands(spelling: tuple[str, str, bool]) -> None:
    resident, text, _ = spelling
    masked = mask(f'{{"name":"{text}"}}'.encode())
    assert resident not in digits_of(masked.decode())
    assert mask(masked) == masked


@given(spellings())
def test_a_valid_id_is_found_wherever_it_stands_but_behind_six_digits_where_it_may_be_the_code_of_a_unit_a_day_and_a_number(
    spelling: tuple[str, str, bool],
) -> None:
    _, text, like_a_code = spelling
    assert has_resident_id(text.encode()) or like_a_code


@pytest.mark.parametrize("text", ["12@", "13800138000@", "1@", "12345@", "1234567@", "4-12@", "2025-03-01 @", "12 @"])
@pytest.mark.parametrize("gaps", ["4 8 12 16", "6-14-", "6 10.12.14 "])
def test_digits_glued_to_an_id_with_separators_do_not_hide_it(text: str, gaps: str) -> None:
    resident = with_check("33012719900101012")
    for place, gap in sorted(((int(place), gap) for place, gap in re.findall(r"([0-9]+)(.?)", gaps)), reverse=True):
        resident = resident[:place] + gap + resident[place:]
    assert has_resident_id(text.replace("@", resident).encode())
    assert mask_text(text.replace("@", resident)).endswith("*")


@given(st.text(st.sampled_from("0123456789xX .-_·—，号\n１\\u"), max_size=80))
def test_a_text_with_nothing_like_an_id_stays_as_it_is(text: str) -> None:
    digits = normalize("NFKC", re.sub(r"[\s._\-·—\\u,，]", "", text))
    birthday = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    if re.search(rf"[0-9]{{8}}{birthday}[0-9]{{3}}", digits):
        return
    assert mask(text.encode()) == text.encode()
    assert not has_resident_id(text.encode())


def test_every_character_that_reads_like_a_digit_an_x_or_a_separator_is_read_as_one() -> None:
    forms = {chr(code): normalize("NFKC", chr(code)) for code in range(0x80, 0x110000) if not 0xD800 <= code < 0xE000}
    alike = {character: form for character, form in forms.items() if form.isascii() or character.isspace()}
    digits = {character: form for character, form in alike.items() if re.fullmatch("[0-9]+|[Xx]", form)}
    gaps = {character for character, form in alike.items() if re.fullmatch(r"[\s._\-/\\:;,|~+=*()]{1,3}", form)}
    assert {"１", "²", "⑳", "Ⅹ", "𝟗"} <= digits.keys()
    assert {"\u3000", "．", "…"} <= gaps
    residents = [with_check(f"33012719900101{serial:03d}") for serial in range(100)]
    for character, form in digits.items():
        resident = next(resident for resident in residents if form.upper() in resident[6:])
        text = resident[:6] + resident[6:].replace(form.upper(), character)
        assert has_resident_id(text.encode()), text
        assert digits_of(mask_text(text))[:7] == "330127*", text
    for gap in gaps:
        assert has_resident_id(f"110105{gap}19491231{gap}002X".encode()), hex(ord(gap))


@pytest.mark.parametrize("zero", [code for code in range(0x110000) if decimal(chr(code), None) == 0], ids=hex)
def test_an_id_in_the_digits_of_any_script_is_found_and_masked(zero: int) -> None:
    resident = with_check("33012719900101012")
    text = "".join(chr(zero + int(character)) if character.isdecimal() else character for character in resident)
    for told in (text, json.dumps(text)):
        assert has_resident_id(told.encode())
        masked = mask_text(told)
        assert masked.count("*") == len(resident) - 6
        assert not has_resident_id(masked.encode())


@pytest.mark.parametrize(
    "hostile",
    [
        "1 ",
        "1",
        "19",
        "2010 ",
        "１ ",
        "1,",
        "\\u0031 ",
        "11010519491231002X ",
        "\u0300\u0316",
        "1\\n",
        '"entity":[',
        "1 1010 ",
        "一",
        "1/",
        "330127 801231 001 ",
        "330127/",
        "注册号",
        "\\/1",
        "一 ",
        '\\"',
        "[1,",
        '"[330127,850301,100],',
        "330127 85 03 01 ",
        "330127*",
        "1\ufe0f\u20e3",
        "\ufe0f",
        "330127\ufe0f850301\ufe0f001",
        "zhangsan330127400231001",
        '"注册号":"',
    ],
)
def test_the_largest_report_is_looked_through_at_once_whatever_it_holds(hostile: str) -> None:
    text = (VALID[:17] + "0" + hostile * REPORT_BYTES_MAX).encode()[:REPORT_BYTES_MAX]
    began = process_time()
    has_resident_id(text)
    mask(text)
    assert process_time() - began < 1, "seconds; some took minutes when the time grew faster than the text"


WIDE = ["/", "//", ":", ": ", "，", "、", "；", "｜", "|", "~", "+", "=", "*", "\\", "\\/", "⁄", "。", ")("]


@pytest.mark.parametrize("gap", WIDE)
@given(
    resident=RESIDENTS,
    before=st.sampled_from(["", "号码", "张三", "13800138000 ", "2025-03-01 "]),
    after=st.sampled_from(["", "，女", " 1"]),
)
def test_an_id_whose_groups_are_parted_by_what_parts_a_list_too_is_found_and_masked(
    gap: str, resident: str, before: str, after: str
) -> None:
    for middle in (gap.join((resident[:6], resident[6:14], resident[14:])), gap.join(re.findall("..", resident))):
        text = json.dumps({"name": before + middle + after}, ensure_ascii=False)
        assert has_resident_id(text.encode())
        assert not has_resident_id(mask(text.encode()))
        assert resident not in digits_of(mask_text(text))


ZH_DIGITS = ["〇一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖", "○弌弍弎四五陸七八九", "㊀"]


@given(RESIDENTS, st.sampled_from(ZH_DIGITS[:3]), st.sampled_from(["", "-", "/"]), st.booleans(), st.booleans())
def test_an_id_in_chinese_digits_is_found_and_masked(resident: str, digits: str, gap: str, old: bool, mixed: bool) -> None:
    old = old and resident[:2] in PROVINCES and 1930 <= int(resident[6:10]) < 2000
    groups = [resident[:6], resident[8:14] if old else resident[6:14], resident[14:17] if old else resident[14:]]
    for at in range(3):
        groups[at] = groups[at] if mixed and at != 1 else groups[at].translate({48 + value: each for value, each in enumerate(digits)})
    text = f"见第三人身份证{gap.join(groups)}。"
    for told in (text, json.dumps(text)):
        assert has_resident_id(told.encode())
        masked = mask_text(told)
        assert masked.count("*") == (9 if old else 12)
        assert not has_resident_id(masked.encode())


PROVINCES = [str(code) for code in (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71)]
PROVINCES += ["81", "82"]
OLD_IDS = st.builds(
    lambda province, region, born, number: f"{province}{region:04d}{born:%y%m%d}{number:03d}",
    st.sampled_from(PROVINCES), st.integers(0, 9999), st.dates(date(1930, 1, 1), date(1999, 12, 31)), st.integers(0, 999),
)  # fmt: skip


@given(OLD_IDS, st.sampled_from(["", " ", "-", "/", "　"]), st.sampled_from(["", "张三", "ID", "a", "No.", "1."]), st.booleans())
def test_a_15_digit_id_is_found_and_masked(old: str, gap: str, before: str, full_width: bool) -> None:
    text = gap.join((old[:6], old[6:12], old[12:]))
    text = f"{before}{text.translate(FULL_WIDTH) if full_width else text}，女"
    raw = json.dumps({"data": {"name": text}}, ensure_ascii=False).encode()
    assert has_resident_id(raw)
    assert mask(raw).count(b"*") == 9
    assert not has_resident_id(mask(raw))


@given(st.from_regex(r"[0-9]{15}", fullmatch=True))
def test_15_digits_of_no_province_or_no_day_of_birth_from_1930_on_are_no_id(number: str) -> None:
    year, month, day = int(number[6:8]), int(number[8:10]), int(number[10:12])
    try:
        plausible = number[:2] in PROVINCES and year >= 30 and date(1900 + year, month, day) is not None
    except ValueError:
        plausible = False
    assert has_resident_id(f"编号{number}".encode()) == plausible


@pytest.mark.parametrize("field", ENTITY_FIELDS)
def test_a_registration_number_is_no_id_where_it_is_said_to_be_one(field: str) -> None:
    """Those of individual businesses begin, behind the region, with 6 to 9: one of 27 holds what may be a day of birth."""
    assert not has_resident_id(json.dumps({"data": {field: REGISTRATION}}).encode())
    assert not has_resident_id(json.dumps({"data": {field: [REGISTRATION, REGISTRATION]}}).encode())
    for called in (
        "注册号",
        "原注册号：",
        "营业执照号码为 ",
        "（执照：",
        "工商注册号码 ",
        "营业执照编号",
        "注册编号:",
        '"注册号":"',
        '"注册号": "',
    ):
        assert not has_resident_id(f"{called}{OLD}".encode())
        assert "*" in mask_text(f"{called}{OLD}")
    assert not has_resident_id(json.dumps({"data": {"name": f'{{"注册号":"{OLD}"}}'}}, ensure_ascii=False).encode())
    for called in ("", "注册", "注册人", "营业执照及身份证", "就业失业登记证号", '"注册号":"","身份证":"'):
        assert has_resident_id(f"{called}{OLD}".encode())


@given(OLD_IDS, st.sampled_from(ENTITY_FIELDS))
def test_an_old_id_typed_where_an_entity_belongs_is_found_unless_it_has_the_check_digit_of_one(old: str, field: str) -> None:
    for value in (old, [old], [REGISTRATION, old]):
        assert has_resident_id(json.dumps({"data": {field: value}}).encode()) is not mod_11_10.is_valid(old)


@given(
    OLD_IDS, st.sampled_from(["10.", "20.", "00.", "1,", "号."]), st.sampled_from(["zhangsan", "idnumber", "shenfenzheng", "Wangxiaoming"])
)
def test_neither_a_point_nor_a_word_beside_an_old_id_hides_it(old: str, point: str, word: str) -> None:
    for text in (f"{point}{old}", f"{word}{old}", f"{old}{word}", f"{word}{old}{word}"):
        assert has_resident_id(text.encode())
        assert "*" in mask_text(text)


@given(OLD_IDS, st.sampled_from([" ", "-", ".", "/", "=", "*", "***", " - ", "——"]), st.sets(st.sampled_from([8, 10]), max_size=2))
def test_an_old_id_is_found_and_masked_wherever_its_groups_meet(old: str, gap: str, more: set[int]) -> None:
    text = "".join((gap if place in {6, 12} | more else "") + digit for place, digit in enumerate(old))
    for raw in (text.encode(), json.dumps({"name": f"张三{text}，女"}).encode()):
        assert has_resident_id(raw)
        masked = mask(raw)
        assert is_masked(masked)
        assert not has_resident_id(masked)
        assert mask(masked) == masked


SHOWING_NOTHING = [
    "\ufe0f\u20e3", "\u034f", "\u0332", "\u061c", "\u115f", "\u1160", "\u180b", "\u180e", "\u200b", "\u3164", "\uffa0", "\ufe00", "\ufe0f",
    "\U000e0100", "\U000e01ef",
]  # fmt: skip


@pytest.mark.parametrize("unseen", SHOWING_NOTHING, ids=ascii)
@given(st.one_of(RESIDENTS, OLD_IDS), st.integers(1, 5), st.sampled_from(["", " ", "-"]))
def test_what_shows_nothing_behind_each_digit_does_not_hide_an_id(unseen: str, resident: str, times: int, gap: str) -> None:
    groups = (
        resident[:6],
        resident[6:-3] if len(resident) == 15 else resident[6:14],
        resident[-3:] if len(resident) == 15 else resident[14:],
    )
    text = gap.join("".join(digit + unseen * times for digit in group) for group in groups)
    for raw in (text.encode(), json.dumps({"name": f"张三{text}"}).encode()):
        assert has_resident_id(raw)
        masked = mask(raw)
        assert masked.count(b"*") == len(resident) - 6
        assert is_masked(masked)
        assert not has_resident_id(masked)
        assert mask(masked) == masked


@given(OLD_IDS, st.sampled_from(["\u200b", "\u2060", "\ufeff"]), st.sampled_from(["13800138000", "330127"]))
def test_what_shows_nothing_may_part_two_numbers(old: str, unseen: str, other: str) -> None:
    assert has_resident_id(f"{other}{unseen}{old}".encode())
    assert has_resident_id(f"{old}{unseen}{other}".encode())


@given(OLD_IDS, st.sampled_from(["-", " ", "/", "_", "，"]), st.sampled_from(["", "编号", "2025-"]))
def test_the_code_of_a_unit_with_a_running_number_is_no_id(old: str, gap: str, before: str) -> None:
    assert not has_resident_id(f"{before}{old[:12]}{gap}{old[12:]}".encode())
    assert has_resident_id(f"{before}{old[:6]}{gap}{old[6:12]}{gap}{old[12:]}".encode())


@given(OLD_IDS.filter(lambda old: old[12] != "0"), st.sampled_from([",", ", ", " , ", ",\n"]))
def test_numbers_of_a_json_list_are_no_id_but_within_a_string_they_may_be(old: str, comma: str) -> None:
    numbers = comma.join((old[:6], old[6:12], old[12:]))
    assert not has_resident_id(f'{{"note":"a\\"b","n":[1, {numbers}]}}'.encode())
    assert has_resident_id(json.dumps({"n": f"[{numbers}]"}).encode())
    assert has_resident_id(json.dumps({"n": f'"[{numbers}]'}).encode())
    assert has_resident_id(f'{{"n":[1, {old}, 2]}}'.encode())


@given(
    st.one_of(
        st.from_regex(r"1[3-9][0-9]{9}([ ,，、/;]1[3-9][0-9]{9})?", fullmatch=True),
        st.from_regex(r"62[0-9]{14}|62[0-9]{17}", fullmatch=True),
        st.from_regex(r"(DK|JK)[0-9]{4}[-]?[0-9]{6}", fullmatch=True),
        st.from_regex(r"3301[0-9]{2}2[0-9][01][0-9][0-3][0-9][0-9]{3}", fullmatch=True),
        st.from_regex(r"P[0-9A-HJKMNP-TV-Z]{16}", fullmatch=True),
        st.binary(min_size=32, max_size=32).map(bytes.hex),
        st.uuids().map(str),
        st.datetimes(timezones=st.just(UTC)).map(lambda at: at.isoformat(" ")),
        st.dates(date(1990, 1, 1)).map("{0:%Y/%m/%d}-{0:%Y/%m/%d}".format),
        st.dates(date(1990, 1, 1), date(2040, 1, 1)).map("二〇一〇年{0:%m}月；{0:%Y%m%d}001".format),
        st.from_regex(r"0\.[0-9]{15}", fullmatch=True),
        st.from_regex(r"[0-9a-f]{8}330127850301001|330127850301001[a-z]{7}[0-9]", fullmatch=True),
    )
)
def test_what_departments_write_is_no_id(text: str) -> None:
    raw = json.dumps({"data": {"name": text, "evidence": [{"document": text}]}}, ensure_ascii=False).encode()
    assert not has_resident_id(raw) or any(ric.is_valid(each) for each in re.findall(r"(?=([0-9]{17}[0-9X]))", text))


@given(st.integers(0, 10**6), st.booleans())
def test_the_code_of_an_entity_is_no_id(seed: int, enterprise: bool) -> None:
    code = EntityCodes(Random(seed), "330127000000").unified(enterprise=enterprise)
    assert not has_resident_id(f"代码{code}，原为{code.lower()}".encode())


def test_a_village_a_day_and_a_number_in_a_row_are_no_id() -> None:
    assert not any(has_resident_id(f"330127101205-2010-03-01-{number:04d}".encode()) for number in range(100))
    assert not any(has_resident_id(f"330127112205-20250301-{number:04d}".encode()) for number in range(100))


@pytest.mark.parametrize("field", ['"entity":"@"', '"new_code": "@"', '"entities":["91330127MA2B1C0D18","@"]'])
def test_an_entity_code_that_happens_to_be_a_valid_id_is_none_in_its_own_field(field: str) -> None:
    assert not has_resident_id(f'{{"data":{{{field}}}}}'.replace("@", CODE_LIKE_AN_ID).encode())
    assert has_resident_id(f'{{"data":{{{field}}}}}'.replace("@", VALID).encode())


@pytest.mark.parametrize(
    "text", [f'"name":"{CODE_LIKE_AN_ID}"', f'"name":"\\"entity\\":\\"{CODE_LIKE_AN_ID}\\""', f'"entity":"a {CODE_LIKE_AN_ID}"']
)
def test_anywhere_else_it_counts(text: str) -> None:
    assert has_resident_id(f"{{{text}}}".encode())


def test_the_fields_of_entity_codes_are_those_of_the_contracts() -> None:
    fields = {name for rules in RULES.values() for fact in rules.facts for name, kind in _naming_fields(fact) if kind == "entity"}
    assert fields == set(ENTITY_FIELDS)
