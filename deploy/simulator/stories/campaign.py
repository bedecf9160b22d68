"""The campaign: which units take part, their leading bodies, plans and reports, and changes in the roster itself."""

from deploy.simulator.things import NEVER, Story
from deploy.simulator.world import World

ENTERED_SHARE = 0.45
ENTERED_LATER_SHARE = 0.25
DESIGNATED_SHARE = {"township": 0.5, "park": 0.34, "community": 0.53, "village": 0.46}
"""Designated by the end of the plan year, of all units of the kind."""


def campaign(world: World) -> None:
    """Everything about units that is not their list."""
    year, townships = world.plan_year, world.townships + world.parks
    kinds = {"township": world.townships, "park": world.parks, "community": world.communities, "village": world.villages}
    for kind, codes in kinds.items():
        shuffled = list(codes)
        world.random.shuffle(shuffled)
        entered, later = (int(len(codes) * share + 0.5) for share in (ENTERED_SHARE, ENTERED_SHARE + ENTERED_LATER_SHARE))
        designated = int(len(codes) * DESIGNATED_SHARE[kind] + 0.5)
        for n, code in enumerate(shuffled[:later]):
            if world.keeps():
                loses = kind == "village" and n == 0
                world.spawn(_unit(world, code, early=n < entered, designated=n < designated, loses=loses))
    _once(world, "registry.county_plan_issued", "county_plan_issued", world.county, world.day_at(year, 2, 9))
    _once(world, "registry.leading_body_established", "leading_bodies", world.county, world.day_at(year, 1, 8))
    for n, code in enumerate(townships):
        if not world.keeps(5):
            continue
        founded = world.day_at(year, 1, 10) + int(world.rnd() * 56)
        _once(world, "registry.leading_body_established", "leading_bodies", code, NEVER if n == len(townships) - 1 else founded)
        submitted = world.day_at(year, 2, 24) + int(world.rnd() * 19)
        if n % 7 == 5:
            submitted = world.day_at(year, 3, 16) + int(world.rnd() * 30)
        _once(world, "registry.unit_plan_submitted", "plans_submitted", code, NEVER if n == 3 else submitted)
        world.spawn(_progress_reports(world, code))
    world.spawn(_roster_changes(world))


def _once(world: World, type: str, duty: str, code: str, day: int) -> None:
    """What a unit does once, on this day; it is a duty of the plan too, shown to be done not before."""
    world.done[duty, code] = day

    def story() -> Story:
        yield day
        world.report(world.desks.at(code), type, {"code": code})

    world.spawn(story())


def _unit(world: World, code: str, *, early: bool, designated: bool, loses: bool) -> Story:
    """A unit enters the campaign and is designated, most late in the plan year; very few lose the name again (surely where it `loses`)."""
    year, office = world.plan_year, world.desks.office
    yield (world.day_at(year, 2, 10) if early else world.day_at(year, 9, 5)) + int(world.rnd() * 55)
    known = world.report(world.desks.at(code), "registry.unit_entered_campaign", {"code": code})
    if designated:
        yield max(world.day_at(year, 9, 20) + int(world.rnd() * 96), world.day + 5)
    else:
        yield world.day_at(year + 1, 1, 10) + int(world.rnd() * 160)
    known = world.report(office, "registry.unit_designated", {"code": code}, after=known)
    if world.rnd() < 0.012 or loses:
        yield world.between(10, 60)
        world.report(office, "registry.unit_designation_withdrawn", {"code": code}, after=known)


def _progress_reports(world: World, code: str) -> Story:
    for year, quarter in [(world.plan_year, n) for n in (1, 2, 3, 4)]:
        ends = world.day_at(year, quarter * 3 + 1, 1) if quarter < 4 else world.day_at(year + 1, 1, 1)
        yield ends + 1 + int(world.rnd() * 12)
        if world.rnd() < 0.94:
            data = {"code": code, "period": f"{year}-Q{quarter}"}
            world.report(world.desks.at(code), "registry.progress_report_submitted", data)


def _roster_changes(world: World) -> Story:
    """In the plan year one village is renamed, one merged into its neighbour, one dissolved into a community (村改居).

    Another was merged the year before the plan year, and one two years before.
    """
    year, office = world.plan_year, world.desks.office
    renamed = next(iter(world.villages), None)
    if renamed is None or not world.keeps(8):
        return
    by_township: dict[str, list[str]] = {}
    for code in world.villages:
        by_township.setdefault(code[:9], []).append(code)
    merging = [codes for codes in reversed(by_township.values()) if len(codes) > 2]
    for back, codes in zip((2, 1), merging[1:3], strict=False):
        yield world.day_at(year - back, 12, 31)
        _end(world, "registry.unit_merged", codes[-1], "into", codes[-2])
    yield world.day_at(year, 4, 20)
    world.report(office, "registry.unit_renamed", {"code": renamed, "name": "新" + world.names[renamed]})
    if merging:
        yield world.day_at(year, 6, 30)
        _end(world, "registry.unit_merged", merging[0][-1], "into", merging[0][-2])
    community = next((code for code in reversed(world.communities) if len(by_township.get(code[:9], ())) > 1), None)
    if community:
        yield world.day_at(year, 8, 31)
        _end(world, "registry.unit_dissolved", by_township[community[:9]][-1], "successor", community)


def _end(world: World, type: str, code: str, how: str, successor: str) -> None:
    known = world.report(world.desks.office, type, {"code": code, how: successor})
    world.replace_unit(code, successor, known)
