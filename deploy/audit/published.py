"""Published evaluations compared with what the second engine makes of the facts they name, published documents with what is recorded."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Final

from deploy.audit.found import Audited, Checked, Difference, Different, NotCompared
from deploy.evaluation_documents import documents_of
from deploy.kept_documents import KeptDocuments
from deploy.publishing import digest_of, numbered
from services.indicators.audit.archive.reader import Archive
from services.indicators.audit.folded import Recorded
from services.indicators.audit.published import KeptEntries, in_force, publications, reproduce
from services.indicators.audit.published_bulletins import PublishedBulletin, reproduce_bulletin
from services.indicators.audit.records import Ends
from shared.contracts.common import FactCorrected, FactVoided, common_type
from shared.contracts.envelope import Record, parse_record
from shared.contracts.registry import DocumentPublished, EvaluationPublished

_TYPES = (
    EvaluationPublished.type, DocumentPublished.type, common_type(FactVoided, "registry"), common_type(FactCorrected, "registry"),
)  # fmt: skip
"""What was published, and what amends it."""
Opening = Callable[[ExitStack, Ends], Recorded]
"""Gives what was recorded up to the ends, for as long as the stack is open."""


def compare_published(
    kept: KeptDocuments, recorded: Recorded, up_to: Opening, entries: KeptEntries, audited: Audited
) -> None:  # fmt: skip
    """Compute anew what evaluations and bulletins were published here, and look at the documents kept. Raises Different, BadFolder.

    A document made from an evaluation is made anew from it. What cannot be computed anew is counted and named.
    """
    records, same = list(_concerned(recorded)), 0
    chosen = publications(records)
    passed_over: dict[str, list[str]] = {}
    made: dict[str, str] = {}
    """Digests of the documents that follow from the evaluations published, by their numbers."""
    for done, publication in enumerate(chosen, 1):
        with ExitStack() as opened:
            found = reproduce(publication, kept.read, partial(up_to, opened), entries=entries)
        if found.outcome == "different":
            raise _different(publication.position, publication.number, found.zh, found.en)
        same += found.outcome == "same"
        if found.outcome != "same":
            passed_over.setdefault(found.outcome, []).append(found.number)
        elif found.others:
            passed_over.setdefault("own_definitions", []).append(found.number)
        if found.evaluation is not None:
            for kind, made_anew in documents_of(found.evaluation).items():
                made[numbered(found.number, kind)] = digest_of(made_anew)
        audited.progress("查看已发布考评 / published evaluations, looked at", done, len(chosen))
    for position, fact in in_force(records, DocumentPublished):
        content = kept.read(fact.digest)
        if content is not None and digest_of(content) != fact.digest:
            raise _different(position, fact.document, "留存的文件被改动", "what was kept of it was changed")
        if content is None and fact.positions is not None:
            raise _different(
                position, fact.document, f"没有留存的文件 {fact.digest}", f"the kept file {fact.digest} is not there"
            )  # fmt: skip
        if made.get(fact.document, fact.digest) != fact.digest:
            raise _different(position, fact.document, "与由考评结果重新生成的不同", "is not what follows from the evaluation")
        if content is None:
            passed_over.setdefault("elsewhere", []).append(fact.document)
            continue
        if why := _why_not_made_anew(position, fact, made, kept, up_to):
            passed_over.setdefault(why, []).append(fact.document)
        same += why in (None, "own_definitions", "not_made_anew")
    audited.checked.append(Checked("published", None, same))
    for why, (zh, en) in _PASSED_OVER.items():
        if numbers := passed_over.get(why):
            audited.not_compared.append(NotCompared("published", len(numbers), zh, en, tuple(numbers)))


def _why_not_made_anew(
    position: int, fact: DocumentPublished, made: Mapping[str, str], kept: KeptDocuments, up_to: Opening
) -> str | None:  # fmt: skip
    """A bulletin is made anew from the facts, what follows from an evaluation has been already; of anything else there is only the digest.

    Raises Different.
    """
    if fact.document_kind != "bulletin":
        return None if fact.document in made else "not_made_anew"
    with ExitStack() as opened:
        found = reproduce_bulletin(PublishedBulletin(position, fact), kept.read, partial(up_to, opened))
    match found.outcome:
        case "different":
            raise _different(position, fact.document, found.zh, found.en)
        case "same":
            return "own_definitions" if found.others else None
        case "other_definitions":
            return found.outcome
        case _:
            return "not_made_anew"


_PASSED_OVER: Final = {
    "unreproducible": (
        "发布记录没有写明位置、方案和考评标准，或留存的指标定义本版本无法计算",
        "their records do not say what they can be computed anew from, or this release cannot compute by the declarations kept with them",
    ),
    "other_definitions": (
        "在本版本中另有定义且无法按当时的定义计算：考评至多核对了其余项目，合计、结论和通报没有核对",
        "defined otherwise by this release, which cannot follow those definitions: at most other items were compared, no sums or verdicts",
    ),
    "own_definitions": (
        "按发布时留存的定义逐字节相同；其中有与本版本不同的定义，是否正当由人判断，见 --reproduce",
        "the same by the definitions kept with them, some of them not today's: people say whether that is right, --reproduce names them",
    ),
    "kept_entries": (
        "本版本无法按当时的定义由事实重算，由账本留存的当时账目读出，逐字节相同",
        "this release cannot follow their definitions of then; read off the entries that the ledger keeps of then they are the same",
    ),
    "elsewhere": ("在别处发布，此处没有留存", "published elsewhere: nothing of them is kept here"),
    "not_made_anew": ("只核对留存文件的摘要，未重新生成", "only the digest of what is kept was compared: they were not made anew"),
}  # fmt: skip
"""Why published evaluations and documents were not compared, or not in whole."""


def _concerned(recorded: Recorded) -> Iterable[Record]:
    if not isinstance(recorded, Archive):
        return (record for record in recorded.readable if record.type in _TYPES)
    rows = recorded.connection.execute(
        "SELECT raw FROM stored WHERE described AND service = 0 AND list_contains(?, regexp_replace(type, '[.]v[0-9]+$', '')) "
        "ORDER BY position", [list(_TYPES)],
    ).fetchall()  # fmt: skip
    return (parse_record(raw) for (raw,) in rows)


def _different(position: int, number: str, zh: str, en: str) -> Different:
    return Different(Difference(
        "published", f"已发布的 {number}（registry 第 {position} 条）：{zh}", f"published {number} (registry's position {position}): {en}",
        service="registry", position=position,
    ))  # fmt: skip
