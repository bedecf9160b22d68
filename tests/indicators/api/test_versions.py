"""A release older than what is recorded: it goes on, says what it cannot read, and nothing is lost once a newer one is started."""

import pytest

import shared.contracts
from services.indicators.answers import Question, board
from services.indicators.audit import agreement
from services.indicators.audit.relational.compiled import read_catalogue
from services.indicators.catalog import FOLDINGS, MEASURES, definition_of, digest_of
from shared.contracts.training import GuidanceGiven
from shared.contracts.versions import Earlier
from tests.indicators.api.system import COUNTY, VILLAGE, Recorded, System, person
from tests.indicators.api.test_rebuild import process

TYPE = GuidanceGiven.type


class GuidanceGivenV1(GuidanceGiven):
    """Guidance before there was another version of it."""

    version = 1


async def test_what_a_newer_release_recorded_is_held_and_counts_once_it_can_be_read(
    system: System, recorded: Recorded, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """One person is guided as only a newer version says it, another with a field more, a third as ever."""
    newer, more, plain = ({"unit": VILLAGE, "person": person(number), "guidance_kind": "law"} for number in (50, 51, 52))
    recorded.raw("training", TYPE, newer, on="2025-07-01", version=2)
    recorded.raw("training", TYPE, {**more, "minutes": 45}, on="2025-07-01")
    recorded.raw("training", TYPE, plain, on="2025-07-01")
    await recorded.publish(system.nc)
    await system.followed(recorded)
    (row, *_) = (await system.get("/indicators/guided"))["indicators"]
    assert (row["value"], row["incomplete"]) == ("12", 1)
    health = await system.get("/health")
    assert (health["unreadable"], [finding["code"] for finding in health["findings"]]) == (1, ["unreadable_records"])
    explained = await system.get("/explain/guided")
    assert (explained["agrees"], explained["total"]) == (True, 12)

    monkeypatch.setattr(agreement, "KNOWN_DAYS", 2)
    program = read_catalogue()
    monkeypatch.setattr(GuidanceGiven, "version", 2)
    monkeypatch.setattr(GuidanceGiven, "earlier", (Earlier(GuidanceGivenV1, ()),))
    monkeypatch.setitem(shared.contracts._BY_TYPE, (TYPE, 2), GuidanceGiven)
    digest_of.cache_clear()
    try:
        definitions = {name: definition_of(measure) for name, measure in MEASURES.items()}
        async with process(dsn, FOLDINGS, definitions, lambda: program) as upgraded:
            await upgraded.rebuilder.work()
            live = upgraded.live
            assert live.versions.rebuild.stage == "switched", live.versions.rebuild.difference
            (row, *_) = board(live.snapshot(), Question(COUNTY, live.today(), live.today()), "guided").indicators
            assert (row.value, row.incomplete) == ("13", 0)
    finally:
        digest_of.cache_clear()
