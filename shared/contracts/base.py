"""What every fact is made of: the base class, the identifiers and what they name.

A *fact* is what a department reports and the system records. Its class declares everything the rest of kaiye needs to know
about it: its type and version, its natural key, the aggregate that rules on it, and, through the types of its fields,
which persons, entities, courses, loans … it names. Nothing else in the project repeats any of these.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from operator import mul
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.exact import LINE, LINES, Whole
from shared.contracts.versions import Earlier, fields_touched
from shared.units import UnitKind, unit_kind

Service = Literal["registry", "training", "finance"]
SERVICES: tuple[Service, ...] = ("registry", "training", "finance")

Kind = Literal[
    "person", "entity", "venue", "association", "platform", "green_channel", "case", "policy", "project", "rectification",
    "course", "internship", "survey", "loan", "fund", "unit", "statistic", "benchmark", "duty", "checklist_item", "occasion",
]  # fmt: skip
"""The kinds of thing facts are about or name. Each owns its facts' history: see `Fact.about`."""


@dataclass(frozen=True, slots=True)
class Names:
    """Marks a field whose text names a thing of this kind; the field's subject key is `kind:text`."""

    kind: Kind


Subject = str
"""A subject key: `kind:id`, such as `person:P0123456789ABCDEF` or `entity:91330100000000000X`."""


def subject_of(kind: Kind, identifier: str) -> Subject:
    """The subject key of one thing."""
    return f"{kind}:{identifier}"


def _unit_of_kinds(*kinds: UnitKind) -> AfterValidator:
    def check(code: str) -> str:
        found = unit_kind(code)
        if found not in kinds:
            raise ValueError(f"{code} is a {found}, not a {' or '.join(kinds)} / {code} 不是所要求类型的单位")
        return code

    return AfterValidator(check)


_USCC_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUES = {character: value for value, character in enumerate(_USCC_CHARACTERS)}
_USCC_WEIGHTS = tuple(3**place % 31 for place in range(17))


def _check_character(code: str) -> str:
    """GB 32100, appendix A: the 18th character that belongs to the first 17."""
    total = sum(map(mul, _USCC_WEIGHTS, map(_USCC_VALUES.__getitem__, code)))
    return _USCC_CHARACTERS[-total % 31]


def _entity_code(code: str) -> str:
    if len(code) == 15:
        return code
    if _check_character(code) != code[17]:
        raise ValueError(f"the check character of {code} is wrong (GB 32100) / 统一社会信用代码 {code} 校验位错误")
    return code


_IDENTIFIER = StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")

UnitCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$"), _unit_of_kinds("county", "township", "community", "village")]
"""统计用区划代码 of a county, township, community or village (12 digits)."""
ParkCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$"), _unit_of_kinds("park")]
"""统计用区划代码 of a park (园区): positions 7–9 are 400–599."""
AnyUnitCode = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{12}$"), _unit_of_kinds("county", "township", "park", "community", "village"), Names("unit")
]
"""统计用区划代码 of any unit, as a thing facts are about."""
PersonId = Annotated[str, StringConstraints(pattern=r"^P[0-9A-HJKMNP-TV-Z]{16}$"), Names("person")]
"""A person's random pseudonym (80 bits in Crockford's base 32 after a `P`); never a resident id (PIPL)."""
EntityCode = Annotated[
    str, StringConstraints(pattern=r"^([0-9]{15}|[0-9A-HJ-NPQRTUWXY]{18})$"), AfterValidator(_entity_code), Names("entity")
]
"""统一社会信用代码 (GB 32100, 18 characters with check character; letter-prefixed rural collectives are valid too) or a
15-digit older registration number."""
VenueId = Annotated[str, _IDENTIFIER, Names("venue")]
AssociationId = Annotated[str, _IDENTIFIER, Names("association")]
PlatformId = Annotated[str, _IDENTIFIER, Names("platform")]
GreenChannelId = Annotated[str, _IDENTIFIER, Names("green_channel")]
CaseId = Annotated[str, _IDENTIFIER, Names("case")]
PolicyId = Annotated[str, _IDENTIFIER, Names("policy")]
ProjectId = Annotated[str, _IDENTIFIER, Names("project")]
RectificationId = Annotated[str, _IDENTIFIER, Names("rectification")]
DutyId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$"), Names("duty")]
ChecklistItemId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$"), Names("checklist_item")]
"""One item of the checklist by which policy implementation is checked."""
OccasionId = Annotated[str, _IDENTIFIER, Names("occasion")]
"""Something that happens once and needs no history: a meeting, a bulletin, an expo, a subsidy payment. Each report names its own."""
FundId = Annotated[str, _IDENTIFIER, Names("fund")]
SeriesName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$"), Names("statistic")]
BenchmarkedIndicator = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$"), Names("benchmark")]
CourseId = Annotated[str, _IDENTIFIER, Names("course")]
InternshipId = Annotated[str, _IDENTIFIER, Names("internship")]
SurveyId = Annotated[str, _IDENTIFIER, Names("survey")]
LoanId = Annotated[str, _IDENTIFIER, Names("loan")]

Fen = Annotated[Whole, Field(ge=0, le=10**15)]
"""Money in integer fen (分)."""
SquareMetres = Annotated[Whole, Field(ge=0, le=10**8)]
"""Area in whole square metres."""
Count = Annotated[Whole, Field(ge=0, le=10**9)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200), LINE]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=2000), LINES]
Industry = Annotated[str, StringConstraints(pattern=r"^[A-T][0-9]{0,4}$|^[0-9]{2,4}$")]
"""A GB/T 4754 code: a section letter, optionally with digits, or the digits alone."""

Category = Literal[
    "graduate", "returning_migrant", "urban_migrant", "unemployed", "hard_to_employ", "veteran", "disabled", "woman", "youth",
    "new_entrant", "other",
]  # fmt: skip
"""人员类别: 高校毕业生, 返乡农民工, 进城务工农民工, 下岗失业人员, 就业困难人员, 复转军人, 残疾人, 妇女, 青年, 新成长劳动力, 其他."""
Categories = Annotated[tuple[Category, ...], Field(max_length=11), AfterValidator(lambda named: tuple(sorted(set(named))))]
"""A person's categories on the fact's day: a *set*, so that the order in which they are named makes no other content."""

Repeat = Literal["confirms", "supersedes"]
"""What a second report with the same natural key is: a confirmation (or, with other content, a flagged contradiction that
posts nothing), or the newer value (statistics, benchmarks, checks, head-counts, survey answers)."""


class Evidence(BaseModel):
    """佐证材料: a reference to a document, never the document."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    document: Text
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None


class Fact(BaseModel):
    """One fact of one day. Subclasses add the payload; `occurred` and the reporter travel in the envelope.

    `unit` is the lowest known unit, `park` the park if there is one; both are optional unless the class says otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[str]
    """`<service>.<subject>_<past participle>`, the CloudEvents type without its version."""
    version: ClassVar[int] = 1
    """The newest version of the type, which is this class."""
    earlier: ClassVar[tuple[Earlier, ...]] = ()
    """The versions before it, from 1 on."""
    about: ClassVar[str]
    """The field that names the thing whose history this fact belongs to; the aggregate of that kind rules on it."""
    opens: ClassVar[bool] = False
    """Whether this fact brings the thing it is about into being; until it is recorded, the other facts about it wait."""
    natural_key: ClassVar[tuple[str, ...]]
    """The fields (and `occurred`) that make two reports the same fact."""
    repeat: ClassVar[Repeat] = "confirms"
    by_office: ClassVar[bool] = False
    """Whether nobody but the office (创建办) reports it."""
    zh: ClassVar[str]
    """The Chinese name shown to people."""
    example: ClassVar[dict[str, Any]]
    """A valid `data` object, shown in the reference."""

    unit: UnitCode | None = None
    park: ParkCode | None = None
    evidence: Annotated[tuple[Evidence, ...], Field(max_length=50)] = ()


class Placed(Fact):
    """A fact that must say where: a unit, a park, or both (flows are counted at the place the fact names)."""

    def model_post_init(self, _context: Any, /) -> None:
        """Raise ValueError when neither unit nor park is given."""
        if self.unit is None and self.park is None:
            raise ValueError("unit or park is required / 必须填写单位或园区")


def service_of(fact: Fact | type[Fact]) -> str:
    """The write service that decides on this fact."""
    return fact.type.partition(".")[0]


def wire_types(fact: type[Fact]) -> tuple[str, ...]:
    """The types on the wire that this class reads: one for each version, the earliest first."""
    return tuple(f"{fact.type}.v{version}" for version in range(1, fact.version + 1))


def shape_in(fact: type[Fact], version: int) -> type[Fact]:
    """The class of what is written in a version of the type: this one, or that of an earlier version."""
    if version == fact.version:
        return fact
    shape = fact.earlier[version - 1].shape
    assert issubclass(shape, Fact), "an earlier version is a fact"
    return shape


def natural_key_of(fact: Fact, occurred: date) -> str:
    """The text that two reports share exactly when they report the same fact."""
    parts = [fact.type]
    for name in fact.natural_key:
        value = occurred if name == "occurred" else getattr(fact, name)
        if isinstance(value, tuple):
            value = ",".join(sorted(map(str, value)))
        parts.append("" if value is None else str(value))
    return "|".join(parts)


def told_otherwise(fact: type[Fact]) -> bool:
    """Whether a fact of this type may have another natural key in an earlier version: its key has other fields there, or what becomes one
    of them in the newest is written otherwise.
    """
    return _told_otherwise(fact.natural_key, fact.earlier)


@cache
def _told_otherwise(natural_key: tuple[str, ...], earlier: tuple[Earlier, ...]) -> bool:
    for before in earlier:
        assert issubclass(before.shape, Fact), "an earlier version is a fact"
        if before.shape.natural_key != natural_key or not fields_touched(before.steps).isdisjoint(natural_key):
            return True
    return False


def about_of(fact: Fact) -> Subject:
    """The subject whose history the fact belongs to."""
    return subject_of(_kind_of_field(type(fact), fact.about), getattr(fact, fact.about))


def names_of(fact: Fact) -> frozenset[Subject]:
    """Every subject the fact names, its own among them."""
    return frozenset(_named(fact))


def _named(model: BaseModel) -> Iterator[Subject]:
    for name, kind in _naming_fields(type(model)):
        value = getattr(model, name)
        for item in value if isinstance(value, tuple) else (value,):
            if item is None:
                continue
            if kind is None:
                yield from _named(item)
            else:
                yield f"{kind}:{item}"


@cache
def _naming_fields(model: type[BaseModel]) -> tuple[tuple[str, Kind | None], ...]:
    """The fields that name something: (field, kind), with kind None for nested models that do."""
    found: list[tuple[str, Kind | None]] = []
    for name, field in model.model_fields.items():
        kinds = {mark.kind for mark in field.metadata if isinstance(mark, Names)}
        nested = False
        for annotation in flattened(field.annotation):
            if isinstance(annotation, Names):
                kinds.add(annotation.kind)
            elif isinstance(annotation, type) and issubclass(annotation, BaseModel) and _naming_fields(annotation):
                nested = True
        found += [(name, kind) for kind in sorted(kinds)]
        if nested:
            found.append((name, None))
    return tuple(found)


def flattened(annotation: Any) -> Iterator[Any]:
    """What an annotation is made of: the types, the marks upon them, and the containers around them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        yield from marks
        yield from flattened(inner)
    elif origin in (Union, UnionType, tuple, list, frozenset):
        yield origin
        for part in get_args(annotation):
            yield from flattened(part)
    else:
        yield annotation


@cache
def _kind_of_field(model: type[BaseModel], name: str) -> Kind:
    (kind,) = (kind for field, kind in _naming_fields(model) if field == name and kind is not None)
    return kind
