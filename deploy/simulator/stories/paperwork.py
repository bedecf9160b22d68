"""How the campaign is run, by the calendar: letters, events, duties, funds, ratings, evaluations and documents."""

from deploy.simulator.things import Data, Story
from deploy.simulator.world import World

_EVENTS = (
    ("media_campaign", "创业媒体专题宣传", (2, 6, 10)), ("consultation_day", "创业主题宣传咨询日", (3, 6, 11)),
    ("contest", "创业大赛", (9,)), ("pioneer_selection", "创业先锋评选", (11,)), ("expo", "创业项目博览会", (5,)),
    ("campus_briefing", "高校毕业生政策宣讲", (4, 6)),
)  # fmt: skip
DUTIES = (
    ("leading_group", "rsj"), ("meeting_system", "chuangjianban"), ("publicity", "xcb"), ("financing", "czj"),
    ("high_tech_projects", "kjj"), ("venue_approval", "ghj"), ("market_access", "gsj"), ("local_tax_relief", "dsj"),
    ("documents_owed.campus_briefings", "jyuj"), ("documents_owed.guidance_directory", "jmj"), ("documents_owed.ybc", "txw"),
    ("documents_owed.training_in_teaching_plan", "jyj"), ("documents_owed.green_channel_plan", "gsj"),
    ("documents_owed.site_rules", "ghj"), ("documents_owed.internship_pilot", "jyuj"),
)  # fmt: skip
"""Duties as plan files name them, and who owes each."""
MEMBERS = (
    "rsj", "jyj", "xcb", "cyb", "fgw", "jyuj", "jcj", "mzj", "czj", "bb", "ghj", "jmj", "wsj", "nyj", "tjj", "gsj", "dsj", "guoshui",
    "kjj", "gtj", "zgh", "txw", "gsl", "fl", "cl", "rmyh",
)  # fmt: skip
"""The departments of the leading group, which sign letters."""
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
            world.spawn(_letter(world, {"units": [code]}, world.day_at(year, 2, 16) + n % 12 + (9 if n == 20 else 0)))
    for n, department in enumerate(MEMBERS):
        if world.keeps(3):
            world.spawn(_letter(world, {"departments": [department]}, world.day_at(year, 2, 12) + n % 15))
    for kind, title, months in _EVENTS:
        for month in months:
            world.spawn(_event(world, kind, title, world.day_at(year, month, 8) + int(world.rnd() * 18)))
    for n, (duty, owner) in enumerate(DUTIES):
        if n < 2 or world.keeps(3):
            world.spawn(_duty(world, duty, owner, returned=n == 1))
    for n, code in enumerate((*world.communities, *world.villages[:20])):
        if world.keeps(2):
            world.spawn(_credit_community(world, code, lapses=n == 1))
    for kind, amount_fen in _FUNDS:
        for n in range(20):
            if n == 15 or world.keeps(2):
                world.spawn(_fund_raised(world, kind, amount_fen, world.day_at(year - 3 + n // 5, 1 + n % 5 * 2, 14)))
    world.spawn(_evaluations(world))


def _letter(world: World, signed_by: Data, day: int) -> Story:
    yield day
    targets = [{"indicator": indicator, "variant": "default", "value": value} for indicator, value in _TARGETS]
    data = {"unit": world.county, "letter": world.key("ZR"), **signed_by, "targets": targets}
    world.report(world.desks.office, "registry.responsibility_letter_signed", data)


def _event(world: World, kind: str, title: str, day: int) -> Story:
    yield day
    data = {"unit": world.county, "event": world.key("HD"), "name": title, "event_kind": kind, "organiser_level": "county"}
    world.report(world.desks.office, "registry.campaign_event_held", data)


def _duty(world: World, duty: str, department: str, *, returned: bool) -> Story:
    """Evidence is shown and accepted, now and then (or surely, where `returned`) only the second time."""
    owner = {"department": department}
    yield world.day_at(world.plan_year, 2, 20) + int(world.rnd() * 150)
    for attempt in range(2):
        shown = {"duty": duty, **owner, "evidence": [{"document": f"县创建〔{world.year}〕{duty}"}]}
        known = world.report(world.desks.labour, "registry.duty_evidenced", shown)
        yield world.between(5, 20)
        if world.rnd() < 0.75 and not (returned and attempt == 0):
            world.report(world.desks.office, "registry.duty_accepted", {"duty": duty, **owner}, after=known)
            return
        world.report(world.desks.office, "registry.duty_returned", {"duty": duty, **owner, "reason": "佐证材料不齐"}, after=known)
        yield world.between(10, 30)


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


def _evaluations(world: World) -> Story:
    year, office = world.plan_year, world.desks.office
    for n, day in enumerate((world.day_at(year, 9, 20), world.day_at(year, 11, 25), world.day_at(year + 1, 1, 15))):
        yield day
        digest = f"{world.random.getrandbits(256):064x}"
        published = {"as_of": world.date_of(day - 10), "known_at": world.date_of(day - 1), "digest": digest}
        evaluation = {"evaluation": world.key("KP"), "rehearsal": n < 2, "sheet": f"{year}年创业型城市考评标准", **published}
        world.report(office, "registry.evaluation_published", evaluation)
        for kind in _DOCUMENTS:
            if world.keeps(4):
                document = {"unit": world.county, "document": world.key("WJ"), "document_kind": kind, **published}
                world.report(office, "registry.document_published", document)
