"""The catalogue: every indicator, in the order of the plan's sections. One declaration each; nothing else has to be touched to add one."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from hashlib import sha256
from typing import TypeVar, cast

from services.indicators.catalog.activity import ACTIVITY
from services.indicators.catalog.campaign import CAMPAIGN
from services.indicators.catalog.creation import CREATION
from services.indicators.catalog.duties import DUTIES
from services.indicators.catalog.employment import EMPLOYMENT
from services.indicators.catalog.environment import ENVIRONMENT
from services.indicators.catalog.growth import GROWTH
from services.indicators.catalog.release import Release, measures_in
from services.indicators.catalog.resources import RESOURCES
from services.indicators.catalog.tasks import TASKS
from services.indicators.catalog.work import WORK
from services.indicators.evaluation.plan_check import Judging
from services.indicators.figures import Figure, Indicator, Variant
from services.indicators.ledger import Folding
from services.indicators.measures.declarations import written
from services.indicators.measures.kinds import KIND_REVISIONS, Measure, Published, selections
from services.indicators.measures.rows import Select, SubjectKind
from services.indicators.relations import RELATIONS
from services.indicators.versions import Definition

T = TypeVar("T")

CATALOG: tuple[Indicator, ...] = (*ACTIVITY, *EMPLOYMENT, *GROWTH, *ENVIRONMENT, *CREATION, *CAMPAIGN, *TASKS, *RESOURCES, *WORK, *DUTIES)

BENCHMARKS = Published("benchmarks", Select("benchmark"), key=("indicator", "variant", "peer_group"))
"""What peers reach (全国平均水平), for every indicator that is compared with it."""

RULINGS_REVISION = 1
"""Rises whenever which facts are in force (voids, corrections, rival reports) or where they count is ruled differently."""


TODAY = Release(CATALOG, BENCHMARKS)
"""What this release declares."""

MEASURES: Mapping[str, Measure] = TODAY.measures
"""Every measure of the catalogue by its name."""

FOLDINGS: dict[SubjectKind, Folding] = TODAY.foldings
"""The measures by the kind of subject whose history they read."""

JUDGED: Judging = TODAY.judged
"""How each row is judged: what a plan file's targets and a scoring sheet's items must fit."""


@cache
def digest_of(measure: Measure) -> str:
    """What a measure's entries are computed by: its declaration, its kind's and relations' revisions, and the rulings'. Hex.

    What is read in several versions counts too: facts of a version that an earlier release could not read are in no entry of its.
    """
    relations = sorted((select.relation, RELATIONS[select.relation].revision) for select in selections(measure))
    read = {fact for relation, _ in relations for fact in RELATIONS[relation].facts if fact.earlier}
    versions = sorted((fact.type, fact.version, repr([each.steps for each in fact.earlier])) for fact in read)
    said = (measure, KIND_REVISIONS[type(measure)], relations, RULINGS_REVISION, *((versions,) if versions else ()))
    return sha256(repr(said).encode()).hexdigest()


def definition_of(measure: Measure) -> Definition:
    """What a measure's entries are computed by."""
    return Definition(digest_of(measure), written(measure))


DEFINITIONS: Mapping[str, Definition] = {name: definition_of(measure) for name, measure in MEASURES.items()}
"""Every measure's definition, by its name."""


@cache
def figure_digest(figure: Figure) -> str:
    """The `definition` of a row: its figure's declaration and the digests of its measures. Hex."""
    return sha256(repr((figure, sorted({digest_of(measure) for measure in measures_in(figure)}))).encode()).hexdigest()


def with_measures(declaration: T, others: Mapping[str, Measure]) -> T:
    """The same declaration made of other measures of the same names."""
    if isinstance(declaration, Measure):
        return cast(T, others.get(declaration.name, declaration))
    if isinstance(declaration, tuple):
        return cast(T, tuple(with_measures(part, others) for part in declaration))
    if is_dataclass(declaration) and not isinstance(declaration, type):
        parts = {field.name: with_measures(getattr(declaration, field.name), others) for field in fields(declaration)}
        return replace(declaration, **parts)
    return declaration


def indicator(id: str) -> Indicator:
    """One indicator by id. Raises KeyError when there is none."""
    for each in CATALOG:
        if each.id == id:
            return each
    raise KeyError(id)


__all__ = [
    "BENCHMARKS",
    "CATALOG",
    "DEFINITIONS",
    "FOLDINGS",
    "JUDGED",
    "MEASURES",
    "TODAY",
    "Release",
    "Variant",
    "definition_of",
    "digest_of",
    "figure_digest",
    "indicator",
    "measures_in",
    "with_measures",
]
