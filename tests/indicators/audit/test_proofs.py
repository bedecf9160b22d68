"""One fact is shown to be among a bundle's without the others, and that the later of two bundles only added facts."""

import re
from datetime import date
from functools import cache
from hashlib import sha256

import orjson
import pytest

from services.indicators.audit.bundle import Files, Intact, check_integrity, raw_key
from services.indicators.audit.manifest import Altered, BundleUnusable
from services.indicators.audit.merkle import ConsistencyProof, TreeHead
from services.indicators.audit.proofs import FactProof, check_fact, growth, prove_fact
from services.indicators.audit.signing import sign
from shared.contracts.base import SERVICES
from shared.contracts.registry import MeetingHeld
from shared.contracts.training import CourseOpened
from tests.indicators.audit.test_bundle import KEY, OTHER_KEY, a_few, bundle, lines_of, made, put_together_with
from tests.support.records import TOWN, Records


@cache
def intact() -> Intact:
    return check_integrity(bundle())


@cache
def proof() -> FactProof:
    return prove_fact(intact(), "registry", 12)


def test_every_fact_of_a_bundle_is_proved_by_itself() -> None:
    for service in SERVICES:
        for position, raw in enumerate(intact().facts[service], 1):
            read = FactProof.read(prove_fact(intact(), service, position).text)
            for pinned in (None, KEY.public_key()):
                proved = check_fact(read, pinned, intact().manifest.heads[service].tree)
                assert (proved.record.raw, proved.record.position, proved.manifest) == (raw, position, intact().manifest)
    others = [line for line in lines_of(a_few()) if line != intact().facts["registry"][11]]
    assert not any(line in proof().text for line in others), "a proof shows nothing of the other facts"


def test_who_knows_only_the_rfc_can_check_a_proof() -> None:
    """Section 2.1.3.2, written out; nothing of kaiye takes part."""
    said = orjson.loads(proof().text)
    KEY.public_key().verify(bytes.fromhex(said["signature"]), said["manifest"].encode())
    head = orjson.loads(said["manifest"])["heads"]["registry"]
    fn, sn = said["inclusion"]["leaf_index"], head["position"] - 1
    root = sha256(b"\x00" + said["record"].encode()).digest()
    for step in map(bytes.fromhex, said["inclusion"]["inclusion_path"]):
        if fn % 2 or fn == sn:
            root = sha256(b"\x01" + step + root).digest()
            while fn % 2 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = sha256(b"\x01" + root + step).digest()
        fn, sn = fn >> 1, sn >> 1
    assert (sn, root.hex()) == (0, head["root"])


@pytest.mark.parametrize(
    ("changed", "where", "said"),
    [
        ({"record": proof().record.replace("第3家", "第三家")}, "inclusion", "the root that follows is not the one published"),
        ({"service": "training"}, "inclusion", "the proof is about a tree of another size"),
        ({"inclusion": {**proof().inclusion, "leaf_index": 13}}, "inclusion", "the root that follows|the path is too"),
        ({"inclusion": {**proof().inclusion, "tree_size": 3}}, "inclusion", "the proof is about a tree of another size"),
        ({"inclusion": {}}, "inclusion", "the proof is malformed"),
        ({"manifest": proof().manifest.replace('"final": true', '"final": false')}, "signature", "does not belong to the manifest"),
        ({"signature": "00" * 64}, "signature", "does not belong to the manifest"),
        ({"signature": "zz"}, "signature", "is no hexadecimal"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:20],
)
def test_a_proof_in_which_anything_was_changed_shows_nothing(changed: dict[str, object], where: str, said: str) -> None:
    with pytest.raises(Altered, match=said) as found:
        check_fact(FactProof.read(orjson.dumps(proof().model_dump() | changed)))
    assert found.value.file == where


def test_a_proof_is_held_against_the_key_and_the_whole_head_that_were_published() -> None:
    with pytest.raises(
        Altered, match="does not belong to the manifest and the public key " + OTHER_KEY.public_key().public_bytes_raw().hex()
    ):
        check_fact(proof(), OTHER_KEY.public_key())
    manifest = proof().manifest.replace(raw_key(KEY.public_key()), raw_key(OTHER_KEY.public_key()))
    claimed = proof().model_copy(update={"manifest": manifest, "signature": sign(manifest.encode(), KEY).hex()})
    with pytest.raises(Altered, match=r"manifest: says that [0-9a-f]{64} signed it, 03a107bf[0-9a-f]+ did"):
        check_fact(claimed, KEY.public_key())
    head = intact().manifest.heads["registry"].tree
    for other in (TreeHead(head.tree_size - 1, head.root), TreeHead(head.tree_size, bytes(32))):
        with pytest.raises(Altered, match=r"registry's tree is .*, the one given"):
            check_fact(proof(), None, other)


def test_what_is_no_proof_and_a_position_that_is_not_there_are_bad_input() -> None:
    no_object = "不是一个完整的 JSON 对象", "it is not one whole JSON object"
    lacks = "缺少 inclusion、manifest、signature", "it lacks inclusion, manifest, signature"
    for text, (zh, en) in (
        (b"", no_object), (b"[]", no_object), (proof().text[:-9], no_object), (proof().text + b"{}\n", no_object),
        (b'{"service": "registry", "record": "", "text": ""}', lacks),
        (orjson.dumps(proof().model_dump() | {"format": 2}), ("format 不合要求", "format is not as it should be")),
    ):  # fmt: skip
        with pytest.raises(BundleUnusable, match=f"^不是事实证明：{zh} / this is no proof of a fact: {en}$"):
            FactProof.read(text)
    for position in (0, 18):
        with pytest.raises(BundleUnusable, match="registry 只有第 1 至 17 条 / registry has positions 1 to 17 only"):
            prove_fact(intact(), "registry", position)


def later(records: Records) -> Files:
    records.add("2025-07-05", MeetingHeld(unit=TOWN, meeting="m3", title="后来", meeting_kind="office"))
    records.add("2025-07-05", CourseOpened(unit=TOWN, course="C1", name="班", course_kind="start_up", institution="局"))
    return made(lines_of(records), known_at=date(2025, 7, 5))


def test_a_later_bundle_only_added_facts() -> None:
    found = growth(intact(), check_integrity(later(a_few())))
    assert [(each.service, each.older.tree_size, each.newer.tree_size, each.rewritten) for each in found] == [
        ("registry", 17, 19, None), ("training", 1, 2, None), ("finance", 1, 1, None),
    ]  # fmt: skip
    for each in found:
        kept = orjson.loads(orjson.dumps(each.to_json()))
        ConsistencyProof.from_json(kept["consistency"]).verify(TreeHead.from_json(kept["older"]), TreeHead.from_json(kept["newer"]))


def test_the_service_whose_history_was_rewritten_is_named_with_the_position() -> None:
    other = Records()
    other.add("2025-01-01", MeetingHeld(unit=TOWN, meeting="m9", title="改写", meeting_kind="office"))
    other.close("2025-07-01")
    other.add("2025-07-03", MeetingHeld(unit=TOWN, meeting="m1", title="会", meeting_kind="office"))
    rewritten = check_integrity(later(other))
    found = {each.service: (each.proof is not None, each.rewritten) for each in growth(intact(), rewritten)}
    assert found == {"registry": (False, 10), "training": (True, None), "finance": (True, None)}
    cut = growth(check_integrity(later(a_few())), intact())
    assert [(each.service, each.rewritten) for each in cut if each.proof is None] == [("registry", 18), ("training", 2)]


def test_bundles_of_different_counties_are_not_compared() -> None:
    manifest = intact().manifest.model_copy(update={"county": "330182000000"})
    with pytest.raises(BundleUnusable, match=r"属于不同的县：330127000000、330182000000 / the bundles are of different counties"):
        growth(intact(), Intact(manifest, intact().files, intact().facts))


def test_who_a_pseudonym_is_stands_in_no_leaf_and_no_file() -> None:
    """Erasing a person deletes only that link: a bundle is made of the records and the plan alone, where people are pseudonyms, so what was
    proved before holds afterwards, and the same bundle can be made again."""
    resident_id = re.compile(rb"(?<![0-9a-f])[1-9]\d{16}[\dX](?![0-9a-f])")
    assert not any(resident_id.search(content) for content in bundle().values())
    assert re.search(rb'"person":"P[0-9A-Z]{16}"', bundle()["facts-registry.jsonl"])
    assert made(lines_of(a_few())) == bundle()
    assert check_fact(proof(), KEY.public_key()).record.raw == intact().facts["registry"][11]


def test_a_proof_whose_record_is_not_at_the_place_it_names_is_refused() -> None:
    """Whoever signs cannot pass one position off as another: what the record says of itself must be where it stands."""
    swapped = put_together_with(**{"facts-registry.jsonl": b"".join(line + b"\n" for line in intact().facts["training"])})
    said = prove_fact(Intact(intact().manifest, swapped, {**intact().facts, "registry": intact().facts["training"]}), "registry", 1)
    with pytest.raises(Altered, match="says it is training's position 1, and is registry's leaf 1"):
        check_fact(said)
