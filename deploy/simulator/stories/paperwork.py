"""How the campaign is run, by the calendar: letters, events, duties, funds, ratings, evaluations and documents."""

from collections.abc import Iterator

from deploy.simulator.desks import Desk
from deploy.simulator.rates import DUTY_LATE_SHARE, DUTY_NEVER_SHARE, DUTY_RETURNED_SHARE
from deploy.simulator.report import PlanDuty
from deploy.simulator.things import NEVER, Data, Story
from deploy.simulator.world import World

_EVENTS = (
    ("media_campaign", "创业媒体专题宣传", (2, 6, 10)), ("consultation_day", "创业主题宣传咨询日", (3, 6, 11)),
    ("contest", "创业大赛", (9,)), ("pioneer_selection", "创业先锋评选", (11,)), ("expo", "创业项目博览会", (5,)),
    ("campus_briefing", "高校毕业生政策宣讲", (4, 6)),
)  # fmt: skip
_ORIGINS = ("county_budget", "higher_budget", "bank", "enterprise", "donation")
_FUNDS = (("guarantee_fund_contributed", 100_000_000), ("graduate_fund_raised", 26_000_000), ("support_fund_raised", 60_000_000))
"""In fen, each time, in a full-size county."""
_TARGETS = (("new_enterprises", "6"), ("jobs_brought", "140"))
_DOCUMENTS = ("progress_table", "bulletin", "scoring_sheet", "evidence_index", "rectification_list", "roster")


def paperwork(world: World) -> None:
    """Everything that follows the calendar."""
    year = world.plan_year
    for n, code in enumerate(world.townships + world.parks):
        if world.keeps(3):
            _letter(world, {"units": [code]}, world.day_at(year, 2, 16) + n % 12 + (9 if n == 20 else 0))
    for n, department in enumerate(world.plan.departments):
        if department.letter and world.keeps(3):
            _letter(world, {"departments": [department.code]}, world.day_at(year, 2, 12) + n % 15)
    for kind, title, months in _EVENTS:
        for month in months:
            world.spawn(_event(world, kind, title, world.day_at(year, month, 8) + int(world.rnd() * 18)))
    for n, code in enumerate((*world.communities, *world.villages[:20])):
        if world.keeps(2):
            world.spawn(_credit_community(world, code, lapses=n == 1))
    for kind, amount_fen in _FUNDS:
        for n in range(20):
            if n == 15 or world.keeps(2):
                world.spawn(_fund_raised(world, kind, amount_fen, world.day_at(year - 3 + n // 5, 1 + n % 5 * 2, 14)))
    evaluated = world.day_at(year, 9, 20), world.day_at(year, 11, 25), world.day_at(year + 1, 1, 15)
    world.done["rehearsals", world.county] = evaluated[0]
    world.spawn(_evaluations(world, evaluated))
    for duty in world.plan.duties:
        for owner, desk, done in _owing(world, duty):
            if world.keeps(3):
                world.spawn(_duty(world, duty, owner, desk, done))


def _letter(world: World, signed_by: Data, day: int) -> None:
    """A letter signed on this day; with the last of them it is done that they are signed."""
    done = "letters_signed", world.county
    world.done[done] = max(day, world.done.get(done, 0))

    def story() -> Story:
        yield day
        targets = [{"indicator": indicator, "variant": "default", "value": value} for indicator, value in _TARGETS]
        data = {"unit": world.county, "letter": world.key("ZR"), **signed_by, "targets": targets}
        world.report(world.desks.office, "registry.responsibility_letter_signed", data)

    world.spawn(story())


def _event(world: World, kind: str, title: str, day: int) -> Story:
    yield day
    data = {"unit": world.county, "event": world.key("HD"), "name": title, "event_kind": kind, "organiser_level": "county"}
    world.report(world.desks.office, "registry.campaign_event_held", data)


def _owing(world: World, duty: PlanDuty) -> Iterator[tuple[dict[str, str], Desk, int]]:
    """Who owes a duty, as the fact names them, the desk that shows it for each, and the day on which it is done as told elsewhere, or 0."""
    for department in duty.owing_departments:
        yield {"department": department}, world.desks.of(department), world.done.get((duty.id, world.county), 0)
    groups = {
        "county": (world.county,), "townships": world.townships, "parks": world.parks,
        "townships_and_parks": world.townships + world.parks, "communities": world.communities, "villages": world.villages,
    }  # fmt: skip
    for code in groups[duty.units] if duty.units else ():
        yield {"park" if code in world.parks else "unit": code}, world.desks.at(code), world.done.get((duty.id, code), 0)


def _duty(world: World, duty: PlanDuty, owner: dict[str, str], desk: Desk, done: int) -> Story:
    """Evidence is shown and accepted: mostly in time, some late, some only the second time; a few never are."""
    fate, due, first = world.evenly("duty"), duty.due.toordinal(), world.day_at(world.plan_year, 1, 1)
    never, late = not done and fate < DUTY_NEVER_SHARE, fate >= 1 - DUTY_LATE_SHARE
    if done == NEVER or (never and fate < DUTY_NEVER_SHARE / 2):
        return
    returned = never or world.rnd() < DUTY_RETURNED_SHARE
    ruled = max(done, due + 3 + int(world.rnd() * 42) if late else due - int(world.rnd() ** 3 * (due - first) * 0.8))
    yield max(done, first, ruled - (12 if returned else 3) - int(world.rnd() * 18))
    if not world.gone.isdisjoint(owner.values()):
        return
    fact: Data = {"duty": duty.id, **owner}
    evidence = [{"document": f"{world.names[world.county]}创建〔{world.year}〕{duty.id}"}]
    known = world.report(desk, "registry.duty_evidenced", {**fact, "evidence": evidence})
    if returned and (never or ruled - world.day >= 3):
        yield (world.day + ruled) // 2
        known = world.report(world.desks.office, "registry.duty_returned", {**fact, "reason": "佐证材料不齐"}, after=known)
        if never:
            return
        yield (world.day + 1 + ruled) // 2
        known = world.report(desk, "registry.duty_evidenced", {**fact, "evidence": [*evidence, {"document": "补充材料"}]}, after=known)
    yield ruled
    world.report(world.desks.office, "registry.duty_accepted", fact, after=known)


def _credit_community(world: World, code: str, *, lapses: bool) -> Story:
    """Rated once a year when it goes well; some ratings are not renewed, a few (one surely, where it `lapses`) are taken back."""
    rnd, bank = world.rnd, world.desks.bank
    if rnd() < 0.12 and not lapses:
        return
    yield world.day_at(world.plan_year - 1, 3, 1) + int(rnd() * 400)
    while True:
        rate = 0.938 + 0.06 * rnd()
        data = {"code": code, "lending_fen": 1_000_000 * int(8 + rnd() * 40), "recovery_rate": f"{rate:.4f}"}
        known = world.report(bank, "finance.credit_community_rated", data)
        if rnd() < 0.1 or lapses:
            lapses = False
            yield world.between(60, 300)
            world.report(bank, "finance.credit_rating_lapsed", {"code": code}, after=known)
        if rnd() < 0.2:
            return
        yield world.between(330, 390)


def _fund_raised(world: World, kind: str, amount_fen: int, day: int) -> Story:
    rnd = world.rnd
    yield day + int(rnd() * 20)
    fund, desk = kind.split("_", maxsplit=1)[0], world.desks.finance
    raised_fen = int(amount_fen * (0.7 + 0.6 * rnd()) * max(1.0, world.scale))
    data = {"fund": fund, "voucher": world.key("CZ"), "origin": world.pick(_ORIGINS), "amount_fen": raised_fen}
    known = world.report(desk, f"finance.{kind}", data)
    if fund == "guarantee" and rnd() < 0.4:
        yield world.between(60, 150)
        back = {"fund": fund, "voucher": world.key("CZ"), "origin": data["origin"], "amount_fen": raised_fen // 10}
        world.report(desk, "finance.guarantee_fund_withdrawn", back, after=known)


def _evaluations(world: World, days: tuple[int, ...]) -> Story:
    """All but the last are rehearsals."""
    year, office = world.plan_year, world.desks.office
    for n, day in enumerate(days):
        yield day
        digest = f"{world.random.getrandbits(256):064x}"
        published = {"as_of": world.date_of(day - 10), "known_at": world.date_of(day - 1), "digest": digest}
        evaluation = {"evaluation": world.key("KP"), "rehearsal": n < len(days) - 1, "sheet": f"{year}年创业型城市考评标准", **published}
        world.report(office, "registry.evaluation_published", evaluation)
        for kind in _DOCUMENTS:
            if world.keeps(4):
                document = {"unit": world.county, "document": world.key("WJ"), "document_kind": kind, **published}
                world.report(office, "registry.document_published", document)
