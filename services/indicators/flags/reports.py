"""What is odd about a report beside others: the same fact reported again, and what it is about missing."""

from collections.abc import Iterable, Iterator

from services.indicators.flags.kinds import FlagKind, Found, Histories, Known, types
from services.indicators.history import Chain, Content
from services.indicators.relations.lives import oldest_code
from shared.contracts import FACTS
from shared.contracts.base import Fact, Subject, about_of

_ALL = types(*FACTS)

# The same fact again


def _same(histories: Histories, key: Subject) -> Iterable[Chain]:
    return histories.same(key)


def _again(known: Known, *, alike: bool) -> Iterator[Found]:
    """Reports of a fact beside the one that counts."""
    counts = next((fact for fact in known.view.facts if fact.key == known.subject), None)
    for report in known.reports:
        if counts is not None and report.key == known.subject and report is not counts and report.says_the_same_as(counts) == alike:
            things = tuple(sorted(subject for named in report.names.values() for subject in named))
            yield Found(report.order, (counts.order,), things, report.fact.unit, report.fact.park)


def _confirming(known: Known) -> Iterator[Found]:
    return _again(known, alike=True)


def _contradicting(known: Known) -> Iterator[Found]:
    return _again(known, alike=False)


# What a fact is about, or names, missing


def _openings() -> dict[str, frozenset[type[Fact]]]:
    found: dict[str, frozenset[type[Fact]]] = {}
    for fact in FACTS:
        if fact.opens:
            kind = about_of(fact.model_validate(fact.example)).partition(":")[0]
            found[kind] = found.get(kind, frozenset()) | {fact}
    return found


OPENINGS = _openings()
"""The facts that bring things of a kind into being: without one of them there is no such thing."""


def opens(chain: Chain, thing: Subject, codes: frozenset[str]) -> bool:
    """Whether a chain opens a thing of these codes; what opens one may name another of its kind."""
    return type(chain.first.fact) in OPENINGS[thing.partition(":")[0]] and _about(chain) in codes


def _about(chain: Chain) -> str:
    return about_of(chain.first.fact).partition(":")[2]


def _naming(histories: Histories, thing: Subject) -> Iterable[Chain]:
    """All that names a thing, unless it was there from the first and for good, under its one code."""
    chains = histories.naming(thing)
    codes = histories.index.codes(thing)
    sure = [chain.known for chain in chains if not chain.amendments and opens(chain, thing, codes)]
    return () if len(codes) == 1 and sure and min(sure) <= min(chain.known for chain in chains) else chains


def _depending(known: Known) -> Iterator[tuple[Content[Fact], Subject, list[Chain]]]:
    """What names the thing without opening it, by which name, and the chains that ever opened what has that name as known on the day."""
    kind, codes = known.subject.partition(":")[0], known.rows.context.codes
    opened = [chain for chain in known.chains if opens(chain, known.subject, codes)]
    places = {(chain.service, chain.position) for chain in opened}
    for report in known.reports:
        if report.order[2:] not in places:
            for named in report.names.get(kind, ()):
                code = named.partition(":")[2]
                if code in codes:
                    yield report, named, [chain for chain in opened if _same_thing(known, kind, _about(chain), code)]


def _same_thing(known: Known, kind: str, one: str, other: str) -> bool:
    return one == other or (kind == "entity" and oldest_code(known.rows, one) == oldest_code(known.rows, other))


def _orphaned(known: Known) -> Iterator[Found]:
    """Facts about a thing whose every opening was voided."""
    standing = {report.order[2:] for report in known.reports}
    for report, named, opened in _depending(known):
        if opened and not any((chain.service, chain.position) in standing for chain in opened):
            yield Found(report.order, tuple(chain.first.order for chain in opened), (named,), report.fact.unit, report.fact.park)


def _unknown(known: Known) -> Iterator[Found]:
    """Facts that name a thing which nobody has opened: facts of another service, for within a service they wait for it."""
    for report, named, opened in _depending(known):
        if not opened:
            yield Found(report.order, (), (named,), report.fact.unit, report.fact.park)


REPORT_FLAGS = (
    FlagKind(
        "confirmation", "另一来源报送同一事实，内容一致", "the same fact with the same content, reported again",
        "记为佐证，只计一次；先报的被作废时由其顶替", "a confirmation: counted once; it stands in when the first is voided",
        "report", _same, (), _ALL, _confirming,
    ),
    FlagKind(
        "contradiction", "另一来源报送同一事实，内容不一致", "the same fact with another content, reported again",
        "不计数，以所列的另一条为准", "it does not count, the other one named does",
        "report", _same, (), _ALL, _contradicting,
    ),
    FlagKind(
        "orphaned", "所依据的登记已作废", "what it depends on was voided",
        "重新登记之前不计数", "counts for nothing until what it depends on is recorded anew",
        "thing", _naming, (), _ALL, _orphaned,
    ),
    FlagKind(
        "unknown_reference", "所涉对象尚无登记", "it names something that nobody has recorded",
        "照计；有赖该对象的指标待其登记后计入", "counts; figures that go by what it names wait until that is recorded",
        "thing", _naming, (), _ALL, _unknown,
    ),
)  # fmt: skip
