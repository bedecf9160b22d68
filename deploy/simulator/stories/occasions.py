"""What has no fixed day: meetings, inspections, praise and blame, payments, and the rulings of the office."""

from deploy.simulator.outbox import Outgoing
from deploy.simulator.things import Data, Story
from deploy.simulator.world import World

_MATTERS = ("创业政策落实情况", "小额担保贷款发放情况", "创业培训质量", "台账资料归集情况", "孵化基地建设进度")
_MEETINGS = (
    ("leading_group", "创建工作领导小组会议"),
    ("joint_conference", "就业工作联席会议"),
    ("office", "创建办例会"),
    ("other", "座谈会"),
)


def meeting(world: World) -> Story:
    """A meeting, sometimes a bulletin after it."""
    kind, title = world.pick(_MEETINGS)
    data = {"unit": world.county, "meeting": world.key("HY"), "title": title, "meeting_kind": kind}
    world.report(world.desks.office, "registry.meeting_held", data)
    if world.rnd() < 0.4:
        yield world.between(3, 15)
        bulletin = {"unit": world.county, "bulletin": world.key("TB"), "title": "关于创建工作进展情况的通报"}
        world.report(world.desks.office, "registry.bulletin_issued", bulletin)


def inspection(world: World) -> Story:
    """An inspection of a township; what it finds must be put right by a day."""
    rnd, desk = world.rnd, world.desks.supervision
    unit, number = world.pick(world.townships), world.key("JC")
    matter = world.pick(_MATTERS)
    world.report(desk, "registry.inspection_held", {"unit": unit, "inspection": number, "matter": matter})
    if rnd() < 0.5:
        yield world.between(2, 8)
        name = world.key("ZG")
        due = world.date_of(world.between(20, 60))
        opened = {"unit": unit, "rectification": name, "matter": f"{matter}需要整改", "due": due, "inspection": number}
        known = world.report(desk, "registry.rectification_opened", opened)
        if rnd() < 0.85:
            yield world.between(10, 70)
            world.report(desk, "registry.rectification_closed", {"rectification": name}, after=known)


def judgement(world: World) -> Story:
    """Praise or blame for a unit, then and again for an entity or a person."""
    rnd = world.rnd
    yield world.between(0, 20)
    person, entity = world.people.pick(), world.entities.pick()
    whom: Data = {"units": [world.pick(world.townships)]}
    if rnd() < 0.5 and person is not None and entity is not None:
        whom = {"persons": [person.id], "entities": [entity.code]}
    praise = rnd() < 0.7
    reason = "措施得力、成效显著" if praise else "工作进展缓慢"
    data = {"unit": world.county, "occasion": world.key("BZ" if praise else "PP"), **whom, "reason": reason}
    world.report(world.desks.office, f"registry.{'commendation' if praise else 'criticism'}_issued", data)


def payment(world: World) -> Story:
    """Money for a person or an entity: from the support fund, from the graduates' fund, or as interest."""
    rnd, place = world.rnd, world.place()
    yield world.between(0, 10)
    person, entity = world.helped.pick(), world.entities.pick()
    if person is None or entity is None:
        return
    way = rnd()
    if way < 0.35:
        paid: Data = {
            **place.fields, "fund": "support", "voucher": world.key("BF"), "entity": entity.code,
            "amount_fen": 100_000 * int(5 + rnd() * 30),
        }  # fmt: skip
        world.report(world.desks.finance, "finance.support_fund_paid", paid, after=entity.known)
    elif way < 0.6:
        granted = {**place.fields, "fund": "graduate", "voucher": world.key("FF"), "person": person.id, "amount_fen": 1_000_000}
        world.report(world.desks.finance, "finance.graduate_fund_granted", granted)
    else:
        subsidy = {
            **place.fields, "payment": world.key("BT"), "subsidy_kind": "interest", "persons": [person.id], "one_off": False,
            "amount_fen": 10_000 * int(5 + rnd() * 40),
        }  # fmt: skip
        world.report(world.desks.finance, "finance.subsidy_paid", subsidy)


def ruling(world: World) -> Story:
    """The office rules on a report or a flag, or a list of people is exported."""
    rnd, office = world.rnd, world.desks.office
    way = int(rnd() * 5)
    if way == 4:
        export = {
            "unit": world.county, "export": world.key("DC"), "roster": "trained", "who": "office-07", "reason": "考评验收佐证",
            "masked": rnd() < 0.9, "persons": int(rnd() * 500),
        }  # fmt: skip
        world.report(office, "registry.roster_exported", export)
        return
    refused, flagged = world.refused(), world.flagged.pick()
    if way < 2 and refused is not None:
        name, reason = (("report_dismissed", "重复报送"), ("report_resubmitted", "补正单位代码"))[way]
        world.report(office, f"registry.{name}", {**_about(world, refused), "reason": reason}, after=refused.instant)
    elif way >= 2 and flagged is not None:
        report, flag = flagged
        name, note = (("flag_confirmed", "确有差错"), ("flag_dismissed", "经核实无误"))[way - 2]
        world.report(office, f"registry.{name}", {**_about(world, report), "flag": flag, "note": note}, after=report.instant)
    yield world.day


def _about(world: World, report: Outgoing) -> Data:
    service = report.type.partition(".")[0]
    return {"ruling": world.key("CL"), "service": service, "source": report.desk.source, "id": report.id}
