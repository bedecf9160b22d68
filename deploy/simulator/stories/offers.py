"""What founders are offered: green channels, service platforms, associations, policies, projects and the checks on policies."""

from deploy.simulator.stories.people import matched
from deploy.simulator.things import Data, Story
from deploy.simulator.world import World

_POLICIES = (
    ("market_access", "关于放宽创业主体准入条件的若干意见"), ("finance", "小额担保贷款实施办法"), ("tax_and_fees", "创业税费减免实施细则"),
    ("venues", "创业经营场地使用办法"), ("green_channel", "创业绿色通道工作方案"), ("finance", "高校毕业生创业基金管理办法"),
    ("tax_and_fees", "创业补贴和贷款贴息办法"), ("market_access", "全民创业登记便利化措施"),
)  # fmt: skip
_PROJECTS = ("山核桃初加工", "竹编工艺", "农家乐", "电商服务站", "蔬菜大棚", "家政服务", "智能灌溉", "生物饲料")
CHECKLIST = tuple(f"{section}.{item}" for section in range(1, 6) for item in range(1, 5))


def offers(world: World) -> None:
    """Everything that is set up once."""
    year = world.plan_year
    for n, (kind, title) in enumerate(_POLICIES):
        day = world.day_at(year - 2 + n // 3, 2 + n % 3 * 3, 11) if n < 6 else world.day_at(year, 3 + n, 6)
        world.spawn(_policy(world, kind, title, day, repealed=n == 1))
    for n, code in enumerate(world.townships + world.parks):
        if n < 3 or world.keeps(3):
            place = {"park": code} if code in world.parks else {"unit": code}
            pilot = n < 6
            opens = world.day_at(year, 2, 15) + n * 3 if pilot else world.day_at(year, 5, 1) + n * 6
            world.spawn(_green_channel(world, place, opens, pilot=pilot, closed=n == 2))
    for code in (world.county, *world.townships, *world.communities, *world.villages):
        if world.keeps():
            world.spawn(_platform(world, code))
    for code in world.townships[:10]:
        if world.keeps(3):
            world.spawn(_association(world, code))
    for item in CHECKLIST:
        if world.keeps(2):
            world.spawn(_checks(world, item))
    for n in range(3):
        world.spawn(_directory(world, world.day_at(year - 1 + n // 2, 3 + n % 2 * 5, 20)))


def _policy(world: World, kind: str, title: str, day: int, *, repealed: bool) -> Story:
    yield day
    policy = world.key("ZC")
    data = {"unit": world.county, "policy": policy, "title": title, "policy_kind": kind}
    known = world.report(world.desks.office, "registry.policy_issued", data)
    if repealed:
        yield world.day_at(world.plan_year, 6, 1)
        world.report(world.desks.office, "registry.policy_repealed", {"policy": policy}, after=known)


def _green_channel(world: World, place: dict[str, str], opens: int, *, pilot: bool, closed: bool) -> Story:
    yield opens
    channel = world.key("LT")
    known = world.report(world.desks.market, "registry.green_channel_opened", {**place, "channel": channel, "pilot": pilot})
    if closed:
        yield world.between(120, 200)
        world.report(world.desks.market, "registry.green_channel_closed", {"channel": channel}, after=known)


def _platform(world: World, code: str) -> Story:
    """A service platform of one unit, opened some time in the history or the plan year, changed later."""
    rnd = world.rnd
    level = "county" if code == world.county else "township" if code in world.desks.townships else "community_or_village"
    start, end = world.day, world.day_at(world.plan_year, 11, 30)
    yield start + int((end - start) * (0.15 if level != "community_or_village" else 1.0) * rnd() ** 0.8)
    platform = world.key("PT")
    staff = 6 if level == "county" else 2 + int(rnd() * 3) if level == "township" else int(rnd() * 2.4)
    has = {"full_time_staff": staff, "networked": rnd() < 0.7, "budgeted": rnd() < 0.5, "guidance_window": rnd() < 0.6}
    data = {"unit": code, "platform": platform, "name": f"{world.names[code]}公共就业服务站", "level": level, **has}
    known = world.report(world.desks.at(code), "registry.service_platform_opened", data)
    if rnd() < 0.35:
        yield world.soon(200)
        changed: Data = {"platform": platform, **has, "networked": True, "full_time_staff": staff + 1}
        if rnd() < 0.03:
            changed["in_service"] = False
        world.report(world.desks.at(code), "registry.service_platform_changed", changed, after=known)


def _association(world: World, code: str) -> Story:
    yield world.soon(700)
    association, desk = world.key("XH"), world.desks.commerce
    data = {"unit": code, "association": association, "name": f"{world.names[code]}创业者协会"}
    known = world.report(desk, "registry.association_founded", data)
    number = world.number("association")
    members: set[str] = set()
    for _ in range(10 + int(world.rnd() * 20)):
        yield world.soon(20)
        _join(world, association, members, known)
    if number % 4 == 3:
        yield world.soon(60)
        world.report(desk, "registry.association_dissolved", {"association": association}, after=known)


def _join(world: World, association: str, members: set[str], after: int) -> None:
    """A founder or an entity joins an association."""
    entity, person = world.entities.pick(), world.people.pick()
    if entity is None or person is None:
        return
    member = {"entity": entity.code} if world.rnd() < 0.5 else {"person": person.id}
    joined = {"association": association, **member}
    if members.isdisjoint(member.values()):
        members.update(member.values())
        world.report(world.desks.commerce, "registry.association_member_joined", joined, after=after)


def _checks(world: World, item: str) -> Story:
    """One item of the policy checklist, checked every quarter of the plan year with slowly more points."""
    possible = 5
    for quarter in range(4):
        yield world.day_at(world.plan_year, quarter * 3 + 3, 18) + int(world.rnd() * 10)
        points = min(possible, int(2.2 + quarter * 0.7 + world.rnd() * 1.6))
        data = {"item": item, "points": points, "possible": possible}
        world.report(world.desks.supervision, "registry.policy_implementation_checked", data)


def _directory(world: World, day: int) -> Story:
    yield day
    data = {
        "unit": world.county, "directory": world.key("ML"), "title": "适合微小、中小企业发展的行业及创业项目指导目录",
        "projects": 40 + int(world.rnd() * 40),
    }  # fmt: skip
    world.report(world.desks.trade, "registry.guidance_directory_published", data)


def project(world: World) -> Story:
    """A project is collected, displayed once or twice, and taken up by somebody."""
    rnd = world.rnd
    name = world.key("XM")
    high_tech = rnd() < 0.2
    desk = world.desks.science if high_tech else world.desks.employment
    data = {**world.place().fields, "project": name, "name": world.pick(_PROJECTS), "high_tech": high_tech}
    known = world.report(desk, "registry.project_collected", data)
    for _ in range(1 + int(rnd() * 1.5)):
        yield world.between(10, 60)
        world.report(desk, "registry.project_displayed", {"project": name}, after=known)
    for _ in range(world.count(1.15)):
        yield world.between(5, 50)
        world.spawn(matched(world, name, known))
