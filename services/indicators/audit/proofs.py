"""Proofs out of evidence bundles: that one fact is among those a bundle was made of, and that a later bundle only added facts.

A fact's proof brings the signed manifest along and nothing of the other facts, so whoever is shown one fact needs only the public key.
It is kept and checked against whole heads (a size and its root): a root alone does not bind how many leaves there are.

Erasing a person (PIPL) deletes the row that says who a pseudonym is. That row is in no record, and so in no leaf: nothing that was proved
changes, and what was erased stands in no proof that was handed out.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, ValidationError

from services.indicators.audit.bundle import Intact, own_key, raw_key, verifies
from services.indicators.audit.manifest import MANIFEST, SIGNATURE, Altered, BundleUnusable, Manifest
from services.indicators.audit.merkle import ConsistencyProof, InclusionProof, MerkleTree, ProofRejected, TreeHead, hash_leaf
from services.indicators.audit.records import lacking
from shared.contracts.base import SERVICES, Service
from shared.contracts.envelope import Record, parse_record

FORMAT: Final = 1


class FactProof(BaseModel):
    """That a fact is the one at its position among those of a bundle.

    `record` are its exact bytes, `manifest` the exact bytes that were signed, both as text; `signature` is in hex; `inclusion` is the proof
    of RFC 9162, section 2.1.3, for the service's root in the manifest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    format: Literal[1] = FORMAT
    service: Service
    record: str
    inclusion: dict[str, Any]
    manifest: str
    signature: str

    @property
    def text(self) -> bytes:
        """The proof's file."""
        return orjson.dumps(self.model_dump(), option=orjson.OPT_INDENT_2) + b"\n"

    @classmethod
    def read(cls, text: bytes) -> Self:
        """A proof from its file. Raises BundleUnusable for what is none."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            zh, en = _lacking(error)
            raise BundleUnusable(f"不是事实证明：{zh} / this is no proof of a fact: {en}") from error


def _lacking(error: ValidationError) -> tuple[str, str]:
    """What a file lacks to be a proof, in Chinese and English."""
    details = error.errors()
    if not details[0]["loc"]:
        return "不是一个完整的 JSON 对象", "it is not one whole JSON object"
    missing = [str(each["loc"][0]) for each in details if each["type"] == "missing"]
    if missing:
        return f"缺少 {'、'.join(missing)}", f"it lacks {', '.join(missing)}"
    where = ".".join(map(str, details[0]["loc"]))
    return f"{where} 不合要求", f"{where} is not as it should be"


@dataclass(frozen=True, slots=True)
class Proved:
    """What a proof shows: this fact, in the tree with this head, as a county's manifest says that this key signed."""

    record: Record
    head: TreeHead
    manifest: Manifest


def prove_fact(bundle: Intact, service: Service, position: int) -> FactProof:
    """The proof of one fact of a bundle. Raises BundleUnusable where there is no such position."""
    records = bundle.facts[service]
    if not 1 <= position <= len(records):
        raise BundleUnusable(f"{service} 只有第 1 至 {len(records)} 条 / {service} has positions 1 to {len(records)} only")
    return FactProof(
        service=service, record=records[position - 1].decode(),
        inclusion=_tree(records).inclusion_proof(position - 1, len(records)).to_json(),
        manifest=bundle.files[MANIFEST].decode(), signature=bundle.files[SIGNATURE].hex(),
    )  # fmt: skip


def check_fact(proof: FactProof, pinned: Ed25519PublicKey | None = None, head: TreeHead | None = None) -> Proved:
    """Check a fact's proof with a key from elsewhere where one is given, and against a head from elsewhere where one is given.

    Raises Altered where it does not hold, BundleUnusable where it cannot be judged.
    """
    text = proof.manifest.encode()
    key = own_key(text) if pinned is None else pinned
    try:
        signature = bytes.fromhex(proof.signature)
    except ValueError as error:
        raise Altered("signature", "不是十六进制", f"is no hexadecimal: {error}") from error
    if key is None or not verifies(text, signature, key):
        name = "signed_by" if pinned is None or key is None else raw_key(key)
        raise Altered("signature", f"与 manifest 和公钥 {name} 不符", f"does not belong to the manifest and the public key {name}")
    manifest = Manifest.read(text)
    if manifest.signed_by != raw_key(key):
        raise Altered(
            "manifest", f"自称由 {manifest.signed_by} 签名，却由 {raw_key(key)} 签名",
            f"says that {manifest.signed_by} signed it, {raw_key(key)} did",
        )  # fmt: skip
    signed = manifest.heads[proof.service].tree
    if head is not None and head != signed:
        raise Altered(
            "manifest", f"{proof.service} 的树为 {_told(signed)}，指定的是 {_told(head)}",
            f"{proof.service}'s tree is {_told(signed)}, the one given {_told(head)}",
        )  # fmt: skip
    raw = proof.record.encode()
    try:
        inclusion = InclusionProof.from_json(proof.inclusion)
        inclusion.verify(hash_leaf(raw), signed)
    except ProofRejected as error:
        zh, _, en = str(error).partition(" / ")
        raise Altered("inclusion", zh, en) from error
    try:
        record = parse_record(raw)
    except ValueError as error:
        zh, en = lacking(raw)
        raise Altered("record", f"不是已记录的事实：{zh}", f"is no record: {en}") from error
    if (record.service, record.position) != (proof.service, inclusion.leaf_index + 1):
        raise Altered(
            "record", f"自称 {record.service} 的第 {record.position} 条，却是 {proof.service} 的第 {inclusion.leaf_index + 1} 片叶",
            f"says it is {record.service}'s position {record.position}, and is {proof.service}'s leaf {inclusion.leaf_index + 1}",
        )  # fmt: skip
    return Proved(record, signed, manifest)


@dataclass(frozen=True, slots=True)
class Growth:
    """What became of a service's records between two bundles. Without a proof the history was rewritten."""

    service: Service
    older: TreeHead
    newer: TreeHead
    proof: ConsistencyProof | None
    """That the newer only appended to the older (RFC 9162, section 2.1.4), verified against both heads."""
    rewritten: int | None = None
    """The first position at which the newer has another record than the older, or none."""

    def to_json(self) -> dict[str, Any]:
        """With both heads, so that who keeps it can check it again."""
        return {
            "service": self.service, "older": self.older.to_json(), "newer": self.newer.to_json(),
            "consistency": None if self.proof is None else self.proof.to_json(), "rewritten": self.rewritten,
        }  # fmt: skip


def growth(older: Intact, newer: Intact) -> list[Growth]:
    """Of each service whether the newer bundle only appended to the older. Raises BundleUnusable for bundles of different counties."""
    counties = older.manifest.county, newer.manifest.county
    if counties[0] != counties[1]:
        raise BundleUnusable(f"两个证据包属于不同的县：{counties[0]}、{counties[1]} / the bundles are of different counties")
    return [_growth(service, older, newer) for service in SERVICES]


def _growth(service: Service, older: Intact, newer: Intact) -> Growth:
    first, second = older.manifest.heads[service].tree, newer.manifest.heads[service].tree
    proof = _appended(newer.facts[service], first, second)
    if proof is not None:
        return Growth(service, first, second, proof)
    before, after = older.facts[service], newer.facts[service]
    same = next((index for index, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), len(after))
    return Growth(service, first, second, None, same + 1)


def _appended(records: Sequence[bytes], first: TreeHead, second: TreeHead) -> ConsistencyProof | None:
    """The proof that the second head's records, which these are, begin with those of the first; None where they do not."""
    if first.tree_size > second.tree_size:
        return None
    proof = _tree(records).consistency_proof(first.tree_size, second.tree_size)
    try:
        proof.verify(first, second)
    except ProofRejected:
        return None
    return proof


def _tree(records: Sequence[bytes]) -> MerkleTree:
    return MerkleTree(b"".join(map(hash_leaf, records)))


def _told(head: TreeHead) -> str:
    return json.dumps(head.to_json())
