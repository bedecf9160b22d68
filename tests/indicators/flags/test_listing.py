"""How flags are listed: by unit, kind, department and state, page by page, with the office's rulings."""

from dataclasses import replace
from datetime import date

import pytest

from services.indicators.answers import BadQuestionError, Question
from services.indicators.api.flags import Wanted, flags, masked
from services.indicators.flags.book import FlagBook
from services.indicators.flags.catalogue import FLAG_KINDS
from shared.contracts.finance import LoanApplied
from shared.contracts.registry import EntityDeregistered, FlagConfirmed, FlagDismissed, StaffReported
from shared.contracts.training import TraineeEnrolled
from tests.indicators.flags.telling import BANK, GSJ, LATER, Story, loaded, snapshot_of
from tests.support.records import COUNTY, PARK, SOURCE, TOWN, TOWN_B, VILLAGE, VILLAGE_B, Told, entity, person

FLAG = f"loan_without_entity:finance:{BANK}:"


def lends(story: Story, on: str, loan: str, *, unit: str | None = VILLAGE, park: str | None = None) -> Told:
    """A loan that names no entity."""
    applied = LoanApplied(loan=loan, loan_kind="personal", borrowers=(person(1),), amount_fen=100, unit=unit, park=park)
    return story.add(on, applied, source=BANK)


def rules(story: Story, on: str, told: Told, ruling: str, *, confirms: bool, known: str | None = None) -> Told:
    """The office rules on a loan that names no entity."""
    shape = FlagConfirmed if confirms else FlagDismissed
    fact = shape(ruling=ruling, service=told.service, source=told.source, id=told.id, flag="loan_without_entity", note="已核")
    return story.add(on, fact, known=known, source=f"/{COUNTY}/chuangjianban/banan")


def closed_yet_operating(story: Story) -> Told:
    """An entity reports staff after its deregistration."""
    story.registers("2025-01-01", 1, 1, unit=VILLAGE_B)
    story.add("2025-02-01", EntityDeregistered(entity=entity(1)), source=GSJ)
    return story.add("2025-03-01", StaffReported(entity=entity(1), employees=2))


def test_a_flag_is_named_by_its_kind_and_the_fact_and_says_who_reported_it_and_what_makes_it_odd() -> None:
    story = Story()
    staffed = closed_yet_operating(story)
    (flag,) = story.listed().flags
    assert flag.flag == f"closed_yet_operating:registry:{SOURCE}:{staffed.id}"
    assert (flag.department, flag.unit, flag.state, flag.about) == ("employment", VILLAGE_B, "open", [f"entity:{entity(1)}"])
    assert (flag.fact.type, flag.fact.occurred.isoformat()) == ("registry.staff_reported", "2025-03-01")
    assert [(other.source, other.type) for other in flag.others] == [(GSJ, "registry.entity_deregistered")]


def test_a_fact_that_is_odd_for_several_is_told_alike_in_whichever_order_their_histories_were_looked_into() -> None:
    story, hired = Story(), tuple(f"P{letter * 16}" for letter in "ABC")
    for number in (1, 2):
        story.registers("2025-01-01", number, 9)
    for number in (1, 2):
        story.add("2025-02-01", StaffReported(entity=entity(number), employees=3, persons=hired))
    story.add("2025-01-05", TraineeEnrolled(course="K1", person=hired[2], unit=VILLAGE))
    projection = loaded(story)
    chains = list(projection.index.chains())
    for order in (chains, chains[::-1]):
        book = FlagBook(projection.index)
        book.touch(order)
        assert book.catch_up(10_000)
        day = date.fromisoformat(LATER)
        told = flags(book, snapshot_of(projection), Question(COUNTY, day, day), Wanted(kind="job_claimed_twice"))
        first, *others = (f"person:{each[:4]}***" for each in hired)
        assert [each.about for each in told.flags] == [[first, f"entity:{entity(1)}", f"entity:{entity(2)}", *others]]


def test_the_office_rules_on_a_flag_and_its_last_word_holds_as_known_on_each_day() -> None:
    story = Story()
    told = lends(story, "2025-03-01", "L1")
    rules(story, "2025-04-01", told, "R1", confirms=True)
    second = rules(story, "2025-05-01", told, "R2", confirms=False, known="2025-05-10")
    story.void(second, known="2025-06-01")

    def state(known: str, as_of: str | None = None) -> tuple[str, str | None]:
        (flag,) = story.listed(known, as_of).flags
        return flag.state, flag.ruling.ruling if flag.ruling else None

    assert state("2025-03-31") == ("open", None)
    assert state("2025-04-01") == ("confirmed", "R1")
    assert state("2025-05-09") == ("confirmed", "R1")
    assert state("2025-05-31") == ("dismissed", "R2")
    assert state("2025-05-31", "2025-04-30") == ("confirmed", "R1")
    assert state("2025-06-01", "2025-03-31") == ("open", None)


def test_of_rulings_of_one_number_the_one_that_confirms_a_voided_one_stands_in_for_it() -> None:
    story = Story()
    told = lends(story, "2025-03-01", "L1")
    first = rules(story, "2025-04-01", told, "R1", confirms=True)
    other = lends(story, "2025-03-02", "L2")
    rules(story, "2025-04-01", other, "R1", confirms=True)
    rules(story, "2025-04-01", told, "R1", confirms=True)
    story.void(first, known="2025-05-01")
    for known in ("2025-04-30", "2025-05-01"):
        states = {flag.fact.id: flag.state for flag in story.listed(known).flags if flag.kind == "loan_without_entity"}
        assert states == {told.id: "confirmed", other.id: "open"}, known


def test_a_ruling_is_on_one_kind_of_flag_on_one_fact() -> None:
    story = Story()
    one, other = lends(story, "2025-03-01", "L1"), lends(story, "2025-03-01", "L2")
    rules(story, "2025-04-01", replace(one, id="another"), "R1", confirms=True)
    rules(story, "2025-04-01", other, "R2", confirms=True)
    again = rules(story, "2025-04-02", one, "R2", confirms=True)  # another report of R2: it contradicts the first and counts for nothing
    listed = story.listed().flags
    assert {flag.fact.id: flag.state for flag in listed if flag.kind == "loan_without_entity"} == {one.id: "open", other.id: "confirmed"}
    assert [flag.fact.id for flag in listed if flag.kind == "contradiction"] == [again.id]


def test_a_flag_counts_where_the_fact_does() -> None:
    story = Story()
    lends(story, "2025-03-01", "L1", unit=VILLAGE)
    lends(story, "2025-03-01", "L2", unit=None, park=PARK)
    closed_yet_operating(story)
    totals = {unit: story.listed(unit=unit).total for unit in (COUNTY, TOWN, VILLAGE, PARK, TOWN_B, VILLAGE_B)}
    assert totals == {COUNTY: 3, TOWN: 1, VILLAGE: 1, PARK: 1, TOWN_B: 1, VILLAGE_B: 1}


def test_what_is_asked_for_narrows_the_list_and_the_counts() -> None:
    story = Story()
    first = lends(story, "2025-03-01", "L1")
    lends(story, "2025-03-02", "L2")
    closed_yet_operating(story)
    rules(story, "2025-04-01", first, "R1", confirms=True)

    def narrowed(**wanted: str) -> tuple[int, dict[str, tuple[int, int, int]], dict[str, tuple[int, int, int]]]:
        found = story.listed(wanted=Wanted(**wanted))  # type: ignore[arg-type]
        kinds = {row.kind: (row.open, row.confirmed, row.dismissed) for row in found.kinds if row.open or row.confirmed or row.dismissed}
        departments = {row.department: (row.open, row.confirmed, row.dismissed) for row in found.departments}
        assert [row.kind for row in found.kinds] == [kind.code for kind in FLAG_KINDS]
        return found.total, kinds, departments

    assert narrowed() == (
        3, {"closed_yet_operating": (1, 0, 0), "loan_without_entity": (1, 1, 0)}, {"employment": (1, 0, 0), "yinhang": (1, 1, 0)},
    )  # fmt: skip
    assert narrowed(kind="loan_without_entity") == (2, {"loan_without_entity": (1, 1, 0)}, {"yinhang": (1, 1, 0)})
    assert narrowed(department="employment") == (1, {"closed_yet_operating": (1, 0, 0)}, {"employment": (1, 0, 0)})
    assert narrowed(state="confirmed") == (1, {"loan_without_entity": (0, 1, 0)}, {"yinhang": (0, 1, 0)})
    assert narrowed(department="nobody") == (0, {}, {})
    with pytest.raises(BadQuestionError, match="there is no kind of flag odd"):
        narrowed(kind="odd")


def test_pages_follow_one_another_even_when_the_last_flag_of_a_page_is_gone() -> None:
    story = Story()
    told = [lends(story, "2025-03-01", f"L{number}") for number in range(5)]
    first = story.listed(wanted=Wanted(limit=2))
    assert ([flag.fact.id for flag in first.flags], first.next, first.total) == ([told[0].id, told[1].id], FLAG + told[1].id, 5)
    story.void(told[1], known="2025-05-01")
    second = story.listed(wanted=Wanted(limit=2, after=first.next))
    assert ([flag.fact.id for flag in second.flags], second.next) == ([told[2].id, told[3].id], FLAG + told[3].id)
    last = story.listed(wanted=Wanted(limit=2, after=second.next))
    assert ([flag.fact.id for flag in last.flags], last.next) == ([told[4].id], None)


@pytest.mark.parametrize("after", ["", "nonsense", f"{FLAG}r-99", f"odd:finance:{BANK}:r-1", f"loan_without_entity:bank:{BANK}:r-1"])
def test_there_is_no_page_after_what_never_was_a_flag(after: str) -> None:
    story = Story()
    lends(story, "2025-03-01", "L1")
    with pytest.raises(BadQuestionError, match="there is no flag"):
        story.listed(wanted=Wanted(after=after))


def test_persons_are_masked_and_nothing_else_is() -> None:
    assert masked(f"person:{person(1)}") == "person:P000***"
    assert masked(f"entity:{entity(1)}") == f"entity:{entity(1)}"
    story = Story()
    first = story.registers("2025-03-01", 1, 7)
    story.registers("2025-03-01", 1, 7, known=LATER, source=SOURCE)
    (flag,) = story.listed().flags
    assert flag.about == [f"entity:{entity(1)}", "person:P000***"]
    assert person(7) not in story.listed().model_dump_json()
    assert flag.others[0].id == first.id
