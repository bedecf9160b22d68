from random import Random

from pydantic import TypeAdapter
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_10

from deploy.simulator.codes import EntityCodes, check_character, pseudonym, unknown_unit, with_wrong_check
from shared.contracts.base import EntityCode, PersonId
from shared.units import unit_kind
from shared.write_service.masking import has_resident_id

ENTITY: TypeAdapter[str] = TypeAdapter(EntityCode)
PERSON: TypeAdapter[str] = TypeAdapter(PersonId)
COUNTY = "330127000000"


def test_unified_codes_have_the_check_character_of_the_standard_and_none_comes_twice() -> None:
    codes = EntityCodes(Random(3), COUNTY)
    given = [codes.unified(enterprise=number % 2 == 0) for number in range(5_000)]
    assert len(set(given)) == 5_000
    for code in given:
        assert ENTITY.validate_python(code) == code
        assert uscc.is_valid(code)
        assert code[2:8] == "330127"
    assert given[0].startswith("91")
    assert given[1].startswith("92")


def test_the_check_character_is_the_librarys() -> None:
    for code in ("91330127MA2B1C0D1", "91110000600037341"):
        assert check_character(code) == uscc.calc_check_digit(code)


def test_a_wrong_check_character_is_wrong_and_only_it() -> None:
    code = EntityCodes(Random(5), COUNTY).unified(enterprise=True)
    assert not uscc.is_valid(with_wrong_check(code))
    assert with_wrong_check(code)[:17] == code[:17]


def test_older_numbers_have_15_digits_and_count_up() -> None:
    codes = EntityCodes(Random(5), COUNTY)
    first, second = codes.registration_number(), codes.registration_number()
    assert ENTITY.validate_python(first) == first
    assert int(second[:14]) == int(first[:14]) + 1


def test_older_numbers_have_the_right_check_digit_and_none_is_taken_for_a_resident_id() -> None:
    codes = EntityCodes(Random(5), COUNTY)
    numbers = [codes.registration_number() for _ in range(1000)]
    assert all(mod_11_10.is_valid(number) for number in numbers)
    assert not any(has_resident_id(f'{{"entity":"{number}"}}'.encode()) for number in numbers)


def test_pseudonyms_are_those_of_the_contract() -> None:
    random = Random(7)
    given = {pseudonym(random) for _ in range(5_000)}
    assert len(given) == 5_000
    assert all(PERSON.validate_python(person) == person for person in given)


def test_unknown_units_are_well_formed_villages() -> None:
    random = Random(9)
    assert {unit_kind(unknown_unit(random, COUNTY)) for _ in range(500)} == {"village"}
