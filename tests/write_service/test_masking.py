"""Resident ids found and masked."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from shared.contracts.base import _naming_fields
from shared.write_service.masking import ENTITY_FIELDS, has_resident_id, mask, mask_text
from tests.support.reporting import RULES

VALID = "11010519491231002X"
RESIDENCE_PERMIT = "810000199408230021"


def with_check(first: str) -> str:
    return first + ric.calc_check_digit(first + "0")


@pytest.mark.parametrize("text", [VALID, VALID.lower(), RESIDENCE_PERMIT, f"号码{VALID}。", f"a{VALID}b", f'{{"id":"{VALID}"}}'])
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


def test_a_village_a_day_and_a_number_in_a_row_are_no_id() -> None:
    assert not any(has_resident_id(f"330127101205-2010-03-01-{number:04d}".encode()) for number in range(100))


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
