"""Persons in answers: every pseudonym is masked wherever it stands in a text, and is otherwise in another question's answer."""

import orjson
import pytest

from services.indicators.answers import BadQuestionError
from services.indicators.api import persons
from services.indicators.api.persons import Places, masked_answer, masked_json, persons_in
from services.indicators.audit.inputs import Subject

PERSON = "P0123456789ABCDEF"
OTHER = "P0123456789ABCDEG"


@pytest.mark.parametrize("text", [
    f"见：\n{PERSON}", f"\t{PERSON}\r\n", f"\f{PERSON}\b", f"\x01{PERSON}\x7f", f"{PERSON}见", f'"{PERSON}"', f"\\{PERSON}\\",
    f"person:{PERSON}", orjson.dumps({"why": f"见\n{PERSON}\t"}).decode(), f"\\u89c1{PERSON}",
])  # fmt: skip
@pytest.mark.parametrize("ascii", [True, False])
def test_a_pseudonym_is_masked_beside_every_other_character(text: str, *, ascii: bool) -> None:
    raw = orjson.dumps({"matter": text, PERSON: [text, 1.50, None]})
    if ascii:  # every character of the text as an escape
        raw = ('{"matter":"' + "".join(f"\\u{ord(each):04x}" for each in text) + '"}').encode()
    assert persons_in(raw) == {PERSON}
    for masked in (masked_answer(raw), masked_json(raw)):
        assert persons_in(masked) == set()
        assert PERSON not in str(orjson.loads(masked))
        shown = orjson.loads(masked)["matter"]
        assert (shown.split("P012***")[0], "P012***" in shown) == (text.split(PERSON)[0], True)
    assert masked_answer(masked_answer(raw)) == masked_answer(raw)


def test_what_names_nobody_keeps_every_byte() -> None:
    raw = b'{"a": "\\u89c1\\n", "b":1.50,"c":"XP0123456789ABCDEF","d":"\\\\"}'
    assert masked_answer(raw) == masked_json(raw) == raw


def test_a_place_is_another_ones_in_another_question(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [Subject(name, 1, ()) for name in (OTHER, PERSON)]

    def page(after: str, limit: int) -> list[Subject]:
        return [each for each in reversed(there) if each.name > after][:limit]

    places = Places()
    place = places.of(PERSON, "a")
    assert place != places.of(PERSON, "b")
    assert place != places.of(OTHER, "a")
    assert PERSON not in place
    assert places.of("330127000000001", "a") == places.name_at("330127000000001", "a", page) == "330127000000001"
    assert Places().name_at(place, "a", page) == PERSON, "found though nobody remembers it"
    with pytest.raises(BadQuestionError, match="ask again from the first page"):
        places.name_at(place, "b", page)
    del there[1]
    assert places.name_at(place, "a", page) == PERSON, "remembered though it counts no more"
    monkeypatch.setattr(persons, "PLACES_KEPT", 1)
    places.of(OTHER, "a")
    with pytest.raises(BadQuestionError) as gone:
        places.name_at(place, "a", page)
    assert gone.value.code == persons.UNKNOWN_PLACE
