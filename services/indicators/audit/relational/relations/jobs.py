"""Who works where: founders who operate, employments and head-counts, and the jobs new entities bring."""

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import ORDER, RECORDED, Facts, Rows
from services.indicators.audit.relational.relations.helps import foundings, helped_entities
from services.indicators.audit.relational.relations.lives import founders, lives, stages, with_oldest
from services.indicators.audit.relational.shape import days_later, earliest, holds, lasting, next_year, rows, truly
from services.indicators.audit.relational.units import with_urban
from shared.contracts.registry import EmploymentEnded, EmploymentStarted, StaffReported


def _explicit(facts: Facts) -> Table:
    """Employments that were reported one by one: begun (`employed`) or ended."""
    found = ibis.union(
        *(
            facts.of(type_).select("entity", "person", *ORDER, employed=ibis.literal(type_ is EmploymentStarted))
            for type_ in (EmploymentStarted, EmploymentEnded)
        )
    )
    return with_oldest(facts, found)


def _lists(facts: Facts) -> Table:
    """Staff reports that list persons."""
    return with_oldest(facts, facts.of(StaffReported).filter(_.persons.notnull()).select("entity", "persons", *ORDER))


def employments(facts: Facts) -> Table:
    """The days from `start` to the day before `end` on which a person is employed in an entity, from its registration on: from a person's
    first explicit fact on those win over staff reports that list persons.

    Most persons are employed there once and no staff report lists them: that takes no putting in order.
    """
    explicit = facts.shared(_explicit)
    lists = facts.shared(_lists)
    named = lists.select("entity", *ORDER, person=_.persons.unnest())
    ever = named.select("entity", "person").distinct()
    plain = facts.keep("employed_once", _employed_once(explicit).anti_join(ever, ["entity", "person"]))
    others = explicit.anti_join(plain, ["entity", "person"])
    listed = lists.drop("persons").join(ever, "entity")
    listed = listed.left_join(named, ["entity", "person", *ORDER]).select("entity", "person", *ORDER, employed=_.person_right.notnull())
    since = others.group_by("entity", "person").agg(since=_.day.min())
    listed = listed.left_join(since, ["entity", "person"]).filter(_.since.isnull() | (_.day < _.since)).select(*explicit.columns)
    # Staff reports come first where an explicit fact has the same place: none is as late as the first explicit one.
    turns = ibis.window(group_by=["entity", "person"], order_by=ORDER)
    said = ibis.union(others, listed).mutate(before=truly(_.employed.lag().over(turns))).filter(_.employed != _.before)
    spans = said.mutate(end=_.day.lead().over(turns)).filter(_.employed)
    spans = ibis.union(plain, spans.select(*plain.columns)).join(facts.shared(lives).select("entity", "registered"), "entity")
    return spans.select("entity", "person", "end", "registered", start=ibis.greatest(_.day, _.registered))


def _employed_once(explicit: Table) -> Table:
    """Of persons of whom nothing is said but that they were once employed in an entity, and at most that this ended on a later day: from
    which `day` to the day before `end`.
    """
    said = explicit.group_by("entity", "person").agg(
        day=_.day.min(), last=_.day.max(), began=_.day.max(where=_.employed), times=_.count(), begun=_.employed.cast("int64").sum()
    )  # fmt: skip
    once = said.filter(_.begun == 1, _.began == _.day, (_.times == 1) | ((_.times == 2) & (_.day < _.last)))
    return once.select("entity", "person", "day", end=ibis.ifelse(_.times == 1, ibis.null("date"), _.last))


def _jobs_by_stage(facts: Facts) -> Table:
    """Employments of others than founders, cut at the stages of the entity's life and at the new year after its registration."""
    employed = facts.shared(employments).anti_join(facts.shared(founders), ["entity", "person"])
    own = facts.shared(lives).select("entity", *RECORDED, year_end=next_year(_.registered))
    cut = employed.join(own, "entity").join(facts.shared(stages).rename(stage_start="start", stage_end="end"), "entity")
    cut = cut.mutate(day=ibis.greatest(_.start, _.stage_start), until=earliest(_.end, _.stage_end, _.year_end))
    return cut.filter(_.day < _.until)


def _helped(facts: Facts, table: Table) -> Table:
    """A table with `helped`: whether its entity was founded by a successful start."""
    successful = facts.shared(helped_entities).filter(_.successful_start).select(helped_entity="entity")
    return table.left_join(successful, table.entity == successful.helped_entity).mutate(helped=_.helped_entity.notnull())


def _job(facts: Facts) -> Table:
    """Open employment while the entity operates, until the new year after its registration (带动就业)."""
    return rows(_helped(facts, facts.shared(_jobs_by_stage).filter(_.operating)), "person", "entity", "helped", until="until")


def _job_gross(facts: Facts) -> Table:
    """Employed on any day since the registration, counted until the new year after it (累计带动就业)."""
    return rows(facts.shared(_jobs_by_stage).filter(~_.out), "person", "entity", until="year_end")


def _own_stages(facts: Facts) -> Table:
    """The stages in which a founder's entity operates."""
    own = facts.shared(lives).select("entity", *RECORDED, at_unit="unit", at_park="park")
    operating = facts.shared(stages).filter(_.operating).rename(day="start", until="end")
    return facts.shared(founders).join(operating, "entity").join(own, "entity")


def _operating(facts: Facts) -> Table:
    """Founder of an entity that operates (自主创业中)."""
    return rows(with_urban(facts, facts.shared(_own_stages)), "person", "entity", "urban", until="until")


def _working(facts: Facts) -> Table:
    """Operating an entity, or employed in one that is not one's own, whatever has become of it (就业或创业中)."""
    place = {"unit": _.at_unit, "park": _.at_park}
    columns = ("entity", "person", "day", "until", *RECORDED)
    own = facts.shared(_own_stages).select(*columns, **place)
    at = facts.shared(lives).select("entity", *RECORDED, at_unit="unit", at_park="park")
    employed = facts.shared(employments).anti_join(facts.shared(founders), ["entity", "person"]).join(at, "entity")
    employed = lasting(employed.rename(day="start", until="end")).select(*columns, **place)
    return rows(ibis.union(own, employed), "person", "entity", until="until")


def _new_entrepreneur(facts: Facts) -> Table:
    """Each founding by a person who operated nothing at the end of the day before it (新增创业者)."""
    founded = facts.shared(foundings)
    operated = facts.shared(_own_stages).select("person", began="day", gone="until")
    eve = founded.select("person", "entity", eve=days_later(_.day, -1)).join(operated, "person")
    busy = eve.filter(holds(_.began, _.gone, _.eve)).select("person", "entity").distinct()
    return rows(founded.anti_join(busy, ["person", "entity"]), "person", "entity")


def _head_count_reports(facts: Facts) -> Table:
    """Staff reports without persons since the registration, each until the next: while no individual employment is known, and up to the
    new year after the registration.
    """
    own = facts.shared(lives).select("entity", "registered", "unit", "park", year_end=next_year(_.registered))
    counted = facts.of(StaffReported).filter(_.persons.isnull()).select("entity", "employees", *ORDER)
    counted = with_oldest(facts, counted).join(own, "entity").filter(_.day >= _.registered)
    known = ibis.union(facts.shared(_explicit).select("entity", "day"), facts.shared(_lists).select("entity", "day"))
    individual = known.group_by("entity").agg(individual=_.day.min())
    counted = counted.left_join(individual, "entity").drop("entity_right")
    turns = ibis.window(group_by="entity", order_by=ORDER)
    return counted.mutate(until=earliest(_.day.lead().over(turns), _.individual, _.year_end))


def _as_registered(facts: Facts, table: Table) -> Table:
    """A table with the history order of its entity's registration in place of its own."""
    own = facts.shared(lives).select("entity", *RECORDED)
    return table.drop(*RECORDED).join(own, "entity")


def _head_count(facts: Facts) -> Table:
    """Latest staff report of an entity that operates, in its year of registration (用工人数，未去重)."""
    counted = _as_registered(facts, facts.shared(_head_count_reports)).drop("unit", "park")
    operating = facts.shared(stages).filter(_.operating).rename(stage_start="start", stage_end="end")
    cut = counted.join(operating, "entity")
    cut = cut.mutate(day=ibis.greatest(_.day, _.stage_start), until=earliest(_.until, _.stage_end)).filter(_.day < _.until)
    return rows(_helped(facts, cut), "entity", "employees", "helped", until="until")


def _head_count_peak(facts: Facts) -> Table:
    """Greatest staff report so far in the year of registration, where the entity was at the end of the day of the report that set it; out
    of the county it sets none (累计用工人数，未去重).
    """
    place = facts.shared(stages).select("entity", "start", "end", "out", at_unit="unit", at_park="park")
    reports = facts.shared(_head_count_reports).drop("unit", "park").join(place, "entity").filter(holds(_.start, _.end, _.day))
    turns = ibis.window(group_by="entity", order_by=ORDER, following=0)
    counted = ibis.ifelse(_.out, 0, _.employees)
    reports = facts.keep("head_counts_so_far", reports.mutate(counted=counted, peak=counted.max().over(turns)))
    before = reports.peak.lag().over(group_by="entity", order_by=ORDER).fill_null(0)
    sets = facts.keep("head_count_peaks_set", reports.mutate(sets=(_.peak > before).cast("int64")))
    numbered = facts.keep("head_count_peaks_numbered", sets.mutate(number=_.sets.sum().over(turns)))
    own = ibis.window(group_by=["entity", "number"])
    at_peak = {name: ibis.ifelse(_.sets == 1, numbered[f"at_{name}"], ibis.null("string")).max().over(own) for name in ("unit", "park")}
    placed = numbered.mutate(employees=_.peak, **at_peak)
    return rows(_as_registered(facts, placed.filter(_.employees > 0, _.day < _.until)), "entity", "employees", until="until")


JOB_ROWS: dict[str, Rows] = {
    "operating": _operating,
    "job": _job,
    "job_gross": _job_gross,
    "working": _working,
    "new_entrepreneur": _new_entrepreneur,
    "head_count": _head_count,
    "head_count_peak": _head_count_peak,
}
