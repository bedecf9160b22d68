"""Published evaluations compared with what the second engine makes of the facts they name, published documents with what is recorded."""

from collections.abc import Callable, Iterable
from hashlib import sha256

from deploy.audit.found import Audited, Checked, Difference, Different
from deploy.kept_documents import KeptDocuments
from services.indicators.audit.archive.reader import Archive
from services.indicators.audit.folded import Recorded
from services.indicators.audit.published import in_force, publications, reproduce
from services.indicators.audit.records import Ends
from shared.contracts.common import FactCorrected, FactVoided, common_type
from shared.contracts.envelope import Record, parse_record
from shared.contracts.registry import DocumentPublished, EvaluationPublished

_TYPES = (
    EvaluationPublished.type, DocumentPublished.type, common_type(FactVoided, "registry"), common_type(FactCorrected, "registry"),
)  # fmt: skip
"""What was published, and what amends it."""


def compare_published(kept: KeptDocuments, recorded: Recorded, up_to: Callable[[Ends], Recorded], audited: Audited) -> None:
    """Compute anew what evaluations were published here, and look at the documents kept. Raises Different, BadFolder.

    What was published elsewhere, its record not saying what it follows from and nothing of it being kept here, is left out.
    """
    records, same = list(_concerned(recorded)), 0
    chosen = publications(records)
    for done, publication in enumerate(chosen, 1):
        found = reproduce(publication, kept.read, up_to)
        if found.outcome == "different":
            raise _different(publication.position, publication.number, found.zh, found.en)
        same += found.outcome == "same"
        audited.progress("已发布考评 / published evaluations", done, len(chosen))
    for position, fact in in_force(records, DocumentPublished):
        content = kept.read(fact.digest)
        if content is not None and sha256(content).hexdigest() != fact.digest:
            raise _different(position, fact.document, "留存的文件被改动", "what was kept of it was changed")
        if content is None and fact.positions is not None:
            raise _different(
                position, fact.document, f"没有留存的文件 {fact.digest}", f"the kept file {fact.digest} is not there"
            )  # fmt: skip
        same += content is not None
    audited.checked.append(Checked("published", None, same))


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
