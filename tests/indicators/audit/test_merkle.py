"""The Merkle tree against RFC 9162 §2.1: its recursive definitions are written out here once more, plainly, and must agree."""

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.indicators.audit.merkle import (
    EMPTY_ROOT,
    ConsistencyProof,
    Frontier,
    InclusionProof,
    MerkleTree,
    ProofFault,
    ProofRejected,
    TreeHead,
    hash_leaf,
)

VECTOR_LEAVES = tuple(
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
)  # fmt: skip
ROOT_OF_1 = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
ROOT_OF_8 = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
ALL_SIZES_TO = 64
LARGE = 3001
"""Leaves of the large tree: no power of two, and several incomplete levels on its right."""


# ---- the definitions of the RFC, word for word


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(leaves: Sequence[bytes]) -> bytes:
    """§2.1.1."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """§2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    return [*path(m, leaves[:k]), mth(leaves[k:])] if m < k else [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], b: bool) -> list[bytes]:
    """§2.1.4.1."""
    if m == len(leaves):
        return [] if b else [mth(leaves)]
    k = split(len(leaves))
    return [*subproof(m, leaves[:k], b), mth(leaves[k:])] if m <= k else [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def sides(m: int, n: int) -> str:
    """On which side of each sibling a leaf's way to the root goes, lowest first: all that an inclusion proof shows of index and size."""
    if n == 1:
        return ""
    k = split(n)
    return sides(m, k) + "l" if m < k else sides(m - k, n - k) + "r"


def shared(m: int, n: int, b: bool = True) -> str:
    """Where a consistency path begins, and which of its steps are in both trees: all that the proof shows of the two sizes."""
    if m == n:
        return "root" if b else "step"
    k = split(n)
    return shared(m, k, b) + " later" if m <= k else shared(m - k, n - k, False) + " both"


# ---- what the tests stand on


def distinct(count: int) -> list[bytes]:
    return [f"record {position}".encode() for position in range(1, count + 1)]


def tree_of(leaves: Sequence[bytes]) -> MerkleTree:
    return MerkleTree(b"".join(hash_leaf(leaf) for leaf in leaves))


SMALL_LEAVES = distinct(ALL_SIZES_TO)
SMALL = tree_of(SMALL_LEAVES)
LARGE_LEAVES = distinct(LARGE)
LARGE_TREE = tree_of(LARGE_LEAVES)


def inclusion_fault(proof: InclusionProof, leaf_hash: bytes, root: bytes) -> ProofFault | None:
    """What is wrong in a proof, were the root that of the size it names."""
    try:
        proof.verify(leaf_hash, TreeHead(proof.tree_size, root))
    except ProofRejected as rejected:
        return rejected.fault
    return None


def consistency_fault(proof: ConsistencyProof, first_root: bytes, second_root: bytes) -> ProofFault | None:
    """What is wrong in a proof, were the roots those of the sizes it names."""
    try:
        proof.verify(TreeHead(proof.tree_size_1, first_root), TreeHead(proof.tree_size_2, second_root))
    except ProofRejected as rejected:
        return rejected.fault
    return None


def with_changed_bit(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def with_changed_step(steps: tuple[bytes, ...], step: int, bit: int) -> tuple[bytes, ...]:
    return (*steps[:step], with_changed_bit(steps[step], bit), *steps[step + 1 :])


UNHURRIED = settings(deadline=None)
BITS = st.integers(0, 255)
SIZES = st.integers(1, ALL_SIZES_TO) | st.integers(1, LARGE)
LEAF_LISTS = st.lists(st.binary(max_size=5), max_size=40)
"""Short leaves, so that some are equal and some empty."""


@st.composite
def places(draw: st.DrawFn) -> tuple[int, int]:
    """An index and the size of a tree that has it."""
    size = draw(SIZES)
    return draw(st.integers(0, size - 1)), size


@st.composite
def size_pairs(draw: st.DrawFn) -> tuple[int, int]:
    """0 < first < second."""
    second = draw(SIZES.filter(lambda size: size > 1))
    return draw(st.integers(1, second - 1)), second


# ---- published vectors


def test_roots_are_those_of_the_published_vectors() -> None:
    tree = tree_of(VECTOR_LEAVES)
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" == tree.root(0).hex()
    assert tree.root(1).hex() == ROOT_OF_1
    assert tree.root(7).hex().startswith("ddb89be4")
    assert tree.root(8).hex() == ROOT_OF_8


def test_a_frontier_has_the_root_of_the_published_vectors_after_every_leaf() -> None:
    frontier = Frontier()
    roots = [frontier.root().hex()]
    for leaf in VECTOR_LEAVES:
        frontier.append(hash_leaf(leaf))
        roots.append(frontier.root().hex())
    assert (roots[0], roots[1], roots[7][:8], roots[8]) == (EMPTY_ROOT.hex(), ROOT_OF_1, "ddb89be4", ROOT_OF_8)


# ---- the recursive definitions


@UNHURRIED
@given(LEAF_LISTS)
def test_frontier_and_tree_equal_the_recursive_root_at_every_size(leaves: list[bytes]) -> None:
    tree, frontier = tree_of(leaves), Frontier()
    for size in range(len(leaves) + 1):
        assert frontier.head() == tree.head(size) == TreeHead(size, mth(leaves[:size]))
        if size < len(leaves):
            frontier.append(hash_leaf(leaves[size]))


@UNHURRIED
@given(LEAF_LISTS.filter(bool), st.data())
def test_proofs_equal_the_recursive_ones(leaves: list[bytes], data: st.DataObject) -> None:
    tree = tree_of(leaves)
    size = data.draw(st.integers(1, len(leaves)))
    index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert tree.inclusion_proof(index, size).inclusion_path == tuple(path(index, leaves[:size]))
    assert tree.consistency_proof(first, size).consistency_path == tuple(subproof(first, leaves[:size], True))


@pytest.mark.parametrize("size", range(1, ALL_SIZES_TO + 1))
def test_every_proof_of_a_small_tree_is_the_recursive_one_and_verifies(size: int) -> None:
    leaves = SMALL_LEAVES[:size]
    assert SMALL.head(size) == TreeHead(size, mth(leaves))
    for index, leaf in enumerate(leaves):
        inclusion = SMALL.inclusion_proof(index, size)
        assert inclusion == InclusionProof(index, size, tuple(path(index, leaves)))
        inclusion.verify(hash_leaf(leaf), SMALL.head(size))
    for first in range(1, size + 1):
        consistency = SMALL.consistency_proof(first, size)
        assert consistency == ConsistencyProof(first, size, tuple(subproof(first, leaves, True)))
        consistency.verify(SMALL.head(first), SMALL.head(size))


@UNHURRIED
@given(places())
def test_inclusion_verifies_in_larger_trees(place: tuple[int, int]) -> None:
    index, size = place
    LARGE_TREE.inclusion_proof(index, size).verify(hash_leaf(LARGE_LEAVES[index]), LARGE_TREE.head(size))


@UNHURRIED
@given(size_pairs())
def test_consistency_verifies_in_larger_trees(pair: tuple[int, int]) -> None:
    first, second = pair
    LARGE_TREE.consistency_proof(first, second).verify(LARGE_TREE.head(first), LARGE_TREE.head(second))


@settings(UNHURRIED, max_examples=10)
@given(st.integers(ALL_SIZES_TO, LARGE))
def test_roots_of_larger_trees_equal_the_recursive_one(size: int) -> None:
    assert LARGE_TREE.root(size) == mth(LARGE_LEAVES[:size])


def test_a_level_of_many_nodes_is_whole() -> None:
    leaf_hashes = [hash_leaf(str(index).encode()) for index in range(40_001)]
    frontier = Frontier()
    for one in leaf_hashes:
        frontier.append(one)
    assert MerkleTree(memoryview(b"".join(leaf_hashes))).root(40_001) == frontier.root()


# ---- whatever is changed is noticed


@UNHURRIED
@given(places(), st.data())
def test_a_changed_bit_breaks_an_inclusion_proof(place: tuple[int, int], data: st.DataObject) -> None:
    index, size = place
    proof, leaf, root = LARGE_TREE.inclusion_proof(index, size), hash_leaf(LARGE_LEAVES[index]), LARGE_TREE.root(size)
    bit = data.draw(BITS)
    assert inclusion_fault(proof, with_changed_bit(leaf, bit), root) == ProofFault.ROOT_DIFFERS
    assert inclusion_fault(proof, leaf, with_changed_bit(root, bit)) == ProofFault.ROOT_DIFFERS
    if proof.inclusion_path:
        step = data.draw(st.integers(0, len(proof.inclusion_path) - 1))
        changed = replace(proof, inclusion_path=with_changed_step(proof.inclusion_path, step, bit))
        assert inclusion_fault(changed, leaf, root) == ProofFault.ROOT_DIFFERS


@UNHURRIED
@given(size_pairs(), st.data())
def test_a_changed_bit_breaks_a_consistency_proof(pair: tuple[int, int], data: st.DataObject) -> None:
    first, second = pair
    proof, first_root, second_root = LARGE_TREE.consistency_proof(first, second), LARGE_TREE.root(first), LARGE_TREE.root(second)
    bit, step = data.draw(BITS), data.draw(st.integers(0, len(proof.consistency_path) - 1))
    roots = {ProofFault.FIRST_ROOT_DIFFERS, ProofFault.SECOND_ROOT_DIFFERS}
    assert consistency_fault(proof, with_changed_bit(first_root, bit), second_root) in roots
    assert consistency_fault(proof, first_root, with_changed_bit(second_root, bit)) == ProofFault.SECOND_ROOT_DIFFERS
    assert (
        consistency_fault(replace(proof, consistency_path=with_changed_step(proof.consistency_path, step, bit)), first_root, second_root)
        in roots
    )


@pytest.mark.parametrize("size", range(1, 18))
def test_a_proof_holds_at_another_index_or_size_only_where_the_way_to_the_root_is_the_same(size: int) -> None:
    for index in range(size):
        proof, leaf, root = SMALL.inclusion_proof(index, size), hash_leaf(SMALL_LEAVES[index]), SMALL.root(size)
        for other_size in range(1, 2 * size + 2):
            for other_index in range(other_size):
                same = sides(other_index, other_size) == sides(index, size)
                found = inclusion_fault(replace(proof, leaf_index=other_index, tree_size=other_size), leaf, root)
                assert (found is None) is same
                assert other_size != size or other_index == index or found is not None


@pytest.mark.parametrize("second", range(2, 18))
def test_a_proof_holds_between_other_sizes_only_where_both_roots_are_made_the_same_way(second: int) -> None:
    for first in range(1, second):
        proof, roots = SMALL.consistency_proof(first, second), (SMALL.root(first), SMALL.root(second))
        for other_second in range(2, 2 * second + 2):
            for other_first in range(1, other_second):
                same = shared(other_first, other_second) == shared(first, second)
                found = consistency_fault(replace(proof, tree_size_1=other_first, tree_size_2=other_second), *roots)
                assert (found is None) is same
                assert other_second != second or other_first == first or found is not None
        assert consistency_fault(replace(proof, tree_size_1=second), *roots) == ProofFault.PATH_TOO_LONG


def test_a_proof_about_another_size_than_the_published_one_is_rejected() -> None:
    """Even where the path fits both: of 3 and of 4 leaves, or from 1 to 2 and from 2 to 3."""
    inclusion, consistency = SMALL.inclusion_proof(0, 3), SMALL.consistency_proof(1, 2)
    with pytest.raises(ProofRejected, match="another size than the one published: 3 ≠ 4") as rejected:
        inclusion.verify(hash_leaf(SMALL_LEAVES[0]), TreeHead(4, SMALL.root(3)))
    assert rejected.value.fault == ProofFault.SIZE_DIFFERS
    for first, second in ((2, 2), (1, 3), (2, 3)):
        with pytest.raises(ProofRejected, match="证明针对的树大小与公布的不同"):
            consistency.verify(TreeHead(first, SMALL.root(1)), TreeHead(second, SMALL.root(2)))


@UNHURRIED
@given(LEAF_LISTS.filter(bool), st.data())
def test_an_inclusion_proof_is_accepted_only_for_the_leaf_that_stands_there(leaves: list[bytes], data: st.DataObject) -> None:
    """Where leaves are equal, two indices may have the same leaf and the same path: then the proof is true of both."""
    tree, size = tree_of(leaves), len(leaves)
    index, claimed = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    leaf = data.draw(st.sampled_from(leaves))
    proof = replace(tree.inclusion_proof(index, size), leaf_index=claimed)
    true = leaves[claimed] == leaf and path(claimed, leaves) == path(index, leaves)
    assert (inclusion_fault(proof, hash_leaf(leaf), tree.root(size)) is None) is true


@UNHURRIED
@given(size_pairs(), st.data())
def test_a_rewritten_record_breaks_consistency(pair: tuple[int, int], data: st.DataObject) -> None:
    first, second = pair
    rewritten = list(LARGE_LEAVES[:second])
    rewritten[data.draw(st.integers(0, first - 1))] += b" altered"
    later = tree_of(rewritten)
    found = consistency_fault(later.consistency_proof(first, second), LARGE_TREE.root(first), later.root(second))
    assert found in {ProofFault.FIRST_ROOT_DIFFERS, ProofFault.SECOND_ROOT_DIFFERS}


@UNHURRIED
@given(places(), st.data())
def test_an_inclusion_path_has_exactly_one_length(place: tuple[int, int], data: st.DataObject) -> None:
    index, size = place
    proof, leaf, root = LARGE_TREE.inclusion_proof(index, size), hash_leaf(LARGE_LEAVES[index]), LARGE_TREE.root(size)
    at = data.draw(st.integers(0, len(proof.inclusion_path)))
    longer = (*proof.inclusion_path[:at], root, *proof.inclusion_path[at:])
    assert inclusion_fault(replace(proof, inclusion_path=longer), leaf, root) == ProofFault.PATH_TOO_LONG
    if proof.inclusion_path:
        assert inclusion_fault(replace(proof, inclusion_path=proof.inclusion_path[:-1]), leaf, root) == ProofFault.PATH_TOO_SHORT


@UNHURRIED
@given(size_pairs())
def test_a_consistency_path_has_exactly_one_length(pair: tuple[int, int]) -> None:
    first, second = pair
    proof, roots = LARGE_TREE.consistency_proof(first, second), (LARGE_TREE.root(first), LARGE_TREE.root(second))
    assert consistency_fault(replace(proof, consistency_path=(*proof.consistency_path, roots[1])), *roots) == ProofFault.PATH_TOO_LONG
    assert consistency_fault(replace(proof, consistency_path=proof.consistency_path[:-1]), *roots) == ProofFault.PATH_TOO_SHORT
    assert consistency_fault(replace(proof, consistency_path=()), *roots) == ProofFault.PATH_TOO_SHORT


# ---- trees without leaves, and the same tree twice


@pytest.mark.parametrize("size", [0, 1, 6, 8])
def test_every_tree_is_consistent_with_itself_and_begins_with_no_leaves(size: int) -> None:
    root, other = SMALL.root(size), SMALL.root(size + 1)
    assert SMALL.consistency_proof(0, size).consistency_path == SMALL.consistency_proof(size, size).consistency_path == ()
    assert consistency_fault(ConsistencyProof(size, size, ()), root, root) is None
    assert consistency_fault(ConsistencyProof(0, size, ()), EMPTY_ROOT, root) is None
    assert consistency_fault(ConsistencyProof(0, size, ()), other, root) == ProofFault.FIRST_ROOT_DIFFERS
    assert consistency_fault(ConsistencyProof(size, size, ()), root, other) == ProofFault.SECOND_ROOT_DIFFERS
    assert consistency_fault(ConsistencyProof(size, size, (root,)), root, root) == ProofFault.PATH_TOO_LONG
    assert consistency_fault(ConsistencyProof(0, size, (root,)), EMPTY_ROOT, root) == ProofFault.PATH_TOO_LONG


def test_a_tree_of_no_size_is_empty() -> None:
    assert consistency_fault(ConsistencyProof(0, 0, ()), SMALL.root(1), SMALL.root(1)) == ProofFault.FIRST_ROOT_DIFFERS


def test_a_leaf_outside_the_tree_is_in_no_proof() -> None:
    leaf = hash_leaf(SMALL_LEAVES[0])
    assert inclusion_fault(InclusionProof(1, 1, ()), leaf, SMALL.root(1)) == ProofFault.INDEX_OUTSIDE_TREE
    assert inclusion_fault(InclusionProof(0, 0, ()), leaf, EMPTY_ROOT) == ProofFault.INDEX_OUTSIDE_TREE
    assert consistency_fault(ConsistencyProof(2, 1, ()), SMALL.root(2), SMALL.root(1)) == ProofFault.TREE_SHRANK


# ---- what cannot be asked


def test_a_tree_answers_only_for_sizes_it_has() -> None:
    tree = tree_of(VECTOR_LEAVES)
    for size in (-1, 9):
        with pytest.raises(ValueError, match="does not hold"):
            tree.root(size)
    for index, size in ((8, 8), (-2, 8), (3, 3), (0, 9), (0, 0)):
        with pytest.raises(ValueError, match="does not hold"):
            tree.inclusion_proof(index, size)
    for first, second in ((2, 1), (-1, 3), (3, 9)):
        with pytest.raises(ValueError, match="does not hold"):
            tree.consistency_proof(first, second)


def test_hashes_have_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MerkleTree(bytes(33))
    with pytest.raises(ValueError, match="32 bytes"):
        Frontier().append(bytes(31))
    assert inclusion_fault(InclusionProof(0, 1, ()), bytes(31), bytes(32)) == ProofFault.MALFORMED
    assert consistency_fault(ConsistencyProof(1, 2, (bytes(32),)), bytes(32), bytes(33)) == ProofFault.MALFORMED


@pytest.mark.parametrize(("first", "second", "steps"), [(-1, 2, ()), (1, 2**64, ()), (True, 2, ()), (1, 2, (bytes(31),))])
@pytest.mark.parametrize("kind", [InclusionProof, ConsistencyProof])
def test_what_is_no_proof_cannot_be_made(
    kind: type[InclusionProof] | type[ConsistencyProof], first: int, second: int, steps: tuple[bytes, ...]
) -> None:
    with pytest.raises(ProofRejected, match="证明的格式不对 / the proof is malformed") as rejected:
        kind(first, second, steps)
    assert rejected.value.fault == ProofFault.MALFORMED


# ---- as JSON


@UNHURRIED
@given(places(), size_pairs())
def test_proofs_come_back_from_json(place: tuple[int, int], pair: tuple[int, int]) -> None:
    inclusion, consistency, head = LARGE_TREE.inclusion_proof(*place), LARGE_TREE.consistency_proof(*pair), LARGE_TREE.head(pair[0])
    assert InclusionProof.from_json(json.loads(json.dumps(inclusion.to_json()))) == inclusion
    assert ConsistencyProof.from_json(json.loads(json.dumps(consistency.to_json()))) == consistency
    assert TreeHead.from_json(json.loads(json.dumps(head.to_json()))) == head


def test_json_is_hexadecimal() -> None:
    tree = tree_of(VECTOR_LEAVES)
    assert tree.head(1).to_json() == {"tree_size": 1, "root": ROOT_OF_1}
    assert tree.inclusion_proof(1, 2).to_json() == {"leaf_index": 1, "tree_size": 2, "inclusion_path": [ROOT_OF_1]}
    assert tree.consistency_proof(1, 2).to_json() == {
        "tree_size_1": 1, "tree_size_2": 2, "consistency_path": [hash_leaf(VECTOR_LEAVES[1]).hex()],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("leaf_index", "1"), ("leaf_index", 1.0), ("leaf_index", True), ("leaf_index", -1), ("leaf_index", None), ("tree_size", 2**64),
        ("inclusion_path", ROOT_OF_1), ("inclusion_path", [1]), ("inclusion_path", [ROOT_OF_1.upper()]),
        ("inclusion_path", [ROOT_OF_1[:-2]]),
        ("inclusion_path", [ROOT_OF_1 + "\n"]), ("inclusion_path", [" " + ROOT_OF_1[1:]]), ("root", ROOT_OF_1),
    ],
)  # fmt: skip
def test_json_that_is_no_proof_is_malformed(name: str, value: object) -> None:
    well: dict[str, object] = {"leaf_index": 1, "tree_size": 2, "inclusion_path": [ROOT_OF_1]}
    InclusionProof.from_json(well)
    with pytest.raises(ProofRejected) as rejected:
        InclusionProof.from_json(well | {name: value})
    assert rejected.value.fault == ProofFault.MALFORMED


@pytest.mark.parametrize(
    "value",
    [None, [], "proof", {}, {"leaf_index": 0, "tree_size": 1}, {"tree_size_1": 1, "tree_size_2": 1}, {"tree_size": 1, "root": None}],
)
def test_other_json_is_neither_proof_nor_head(value: object) -> None:
    for kind in (InclusionProof, ConsistencyProof, TreeHead):
        with pytest.raises(ProofRejected, match="malformed"):
            kind.from_json(value)
