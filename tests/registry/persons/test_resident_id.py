"""Every spelling of a resident id is one person, and what is none is refused with a reason that does not repeat it."""

import pytest

from shared.resident_id import NotAResidentId, canonical
from tests.registry.persons.ids import old_form, resident_id

WITH_X = next(id for id in map(resident_id, range(1000)) if id.endswith("X"))
WITHOUT = next(id for id in map(resident_id, range(1000)) if not id.endswith("X"))
FULL_WIDTH = {ord(narrow): ord(narrow) + 0xFEE0 for narrow in "0123456789Xx"}


@pytest.mark.parametrize("id", [WITH_X, WITHOUT])
@pytest.mark.parametrize(
    "spelt",
    [
        str,
        str.lower,
        old_form,
        lambda one: one.translate(FULL_WIDTH),
        lambda one: one.lower().translate(FULL_WIDTH),
        lambda one: f"\ufeff {one[:6]} {one[6:14]}-{one[14:]}\u3000",
        lambda one: f"'{one}",
    ],
)
def test_every_spelling_is_the_same_person(id: str, spelt: "type[str]") -> None:
    assert canonical(spelt(id)) == id


@pytest.mark.parametrize("region", ["810000", "820000", "830000"])
def test_holders_of_residence_permits_have_ids_like_everybody(region: str) -> None:
    id = resident_id(7, region=region)
    assert canonical(id) == id


def test_an_older_id_of_a_centenarian_is_of_the_century_before() -> None:
    """The order codes 996 to 999 of 15-digit ids were theirs."""
    assert canonical("330127991231998") == resident_id(998, born="18991231")
    assert canonical("330127991231995") == resident_id(995, born="19991231")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("", "not_a_resident_id"),
        (WITHOUT[:17], "not_a_resident_id"),
        (f"{WITHOUT}0", "not_a_resident_id"),
        (f"X{WITHOUT[1:]}", "not_a_resident_id"),
        ("330127********0012", "not_a_resident_id"),
        ("91330127MA2KX0001H", "not_a_resident_id"),
        ("P0123456789ABCDEF", "not_a_resident_id"),
        ("3.30127E+17", "spreadsheet_number"),
        (resident_id(1, born="19870230"), "no_such_birthday"),
        ("330127871301001", "no_such_birthday"),
        (WITHOUT[:17] + "X", "wrong_check_character"),
        (WITHOUT[:16] + str((int(WITHOUT[16]) + 1) % 10) + WITHOUT[17], "wrong_check_character"),
    ],
)
def test_what_is_no_id_is_refused_and_not_repeated(given: str, code: str) -> None:
    with pytest.raises(NotAResidentId) as refused:
        canonical(given)
    assert refused.value.reason.code == code
    assert not given or given not in str(refused.value)
