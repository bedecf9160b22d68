"""Resident ids found and masked."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from shared.write_service.masking import has_resident_id, mask, mask_text

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
        "", "110105194912310021", "91330127MA2B1C0D18", "330127600012345", f"1{VALID}", f"{VALID[:-1]}01", "11010519490231002X",
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
