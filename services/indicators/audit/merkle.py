"""Merkle tree over records in position order, as Certificate Transparency defines it (RFC 9162 §2.1, with SHA-256).

A leaf is a record's exact bytes, and the leaf at index i is the record at position i + 1. Whoever holds a *tree head* that was published
(a size and its root) can be shown that a record is in it, and that a later tree only appended to it, without the other records.

Paths alone bind sizes only as far as these shape them: index 0 has one and the same path in trees of 3 and of 4 leaves that share a root.
So a proof is verified against whole heads, and must name their sizes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final, Self

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves (§2.1.1)."""
_LEAF_PREFIX: Final = b"\x00"
_NODE_PREFIX: Final = b"\x01"
_TREE_SIZE_MAX: Final = 2**64 - 1
_NODES_HASHED_AT_ONCE: Final = 8192
_HASH_TEXT: Final = re.compile(rf"[0-9a-f]{{{2 * HASH_BYTES}}}")


class ProofFault(StrEnum):
    """Why a proof does not show what it claims."""

    MALFORMED = "malformed"
    SIZE_DIFFERS = "size_differs"
    INDEX_OUTSIDE_TREE = "index_outside_tree"
    TREE_SHRANK = "tree_shrank"
    PATH_TOO_SHORT = "path_too_short"
    PATH_TOO_LONG = "path_too_long"
    ROOT_DIFFERS = "root_differs"
    FIRST_ROOT_DIFFERS = "first_root_differs"
    SECOND_ROOT_DIFFERS = "second_root_differs"


_FAULTS: Final = {
    ProofFault.MALFORMED: ("证明的格式不对", "the proof is malformed"),
    ProofFault.SIZE_DIFFERS: ("证明针对的树大小与公布的不同", "the proof is about a tree of another size than the one published"),
    ProofFault.INDEX_OUTSIDE_TREE: ("叶序号不在树内", "the leaf index lies outside the tree"),
    ProofFault.TREE_SHRANK: ("后一棵树比前一棵小", "the second tree is smaller than the first"),
    ProofFault.PATH_TOO_SHORT: ("证明路径太短", "the path is too short for the tree"),
    ProofFault.PATH_TOO_LONG: ("证明路径太长", "the path is too long for the tree"),
    ProofFault.ROOT_DIFFERS: ("算出的树根与公布的不同", "the root that follows is not the one published"),
    ProofFault.FIRST_ROOT_DIFFERS: ("算出的前一棵树的树根与公布的不同", "the first root that follows is not the one published"),
    ProofFault.SECOND_ROOT_DIFFERS: ("算出的后一棵树的树根与公布的不同", "the second root that follows is not the one published"),
}


class ProofRejected(Exception):
    """A proof shows nothing; `fault` says why, the message says it in Chinese and English."""

    def __init__(self, fault: ProofFault, detail: str = "") -> None:
        zh, en = _FAULTS[fault]
        super().__init__(f"{zh} / {en}" + (f": {detail}" if detail else ""))
        self.fault = fault


def hash_leaf(leaf: bytes) -> bytes:
    """The hash of a leaf's exact bytes (§2.1.1)."""
    return sha256(_LEAF_PREFIX + leaf).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """The hash of a node over its two children's hashes (§2.1.1)."""
    return sha256(_NODE_PREFIX + left + right).digest()


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What is published of a tree. Raises ProofRejected (malformed) for a size that is no uint64 and a root that is not 32 bytes."""

    tree_size: int
    """In leaves."""
    root: bytes

    def __post_init__(self) -> None:
        _check_sizes(self.tree_size)
        _check_hashes(self.root)

    def to_json(self) -> dict[str, int | str]:
        """As JSON: the root is a lower-case hexadecimal text."""
        return {"tree_size": self.tree_size, "root": self.root.hex()}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Out of what `to_json` gave. Raises ProofRejected (malformed) for anything else."""
        match value:
            case {"tree_size": int(size), "root": root, **others} if not others:
                return cls(size, _hash_from(root))
            case _:
                raise ProofRejected(ProofFault.MALFORMED, "tree_size, root")


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That a leaf stands at an index in a tree of a size (§2.1.3).

    Raises ProofRejected (malformed) for numbers that are no uint64 and hashes that are not 32 bytes.
    """

    leaf_index: int
    """From 0."""
    tree_size: int
    """In leaves."""
    inclusion_path: tuple[bytes, ...]
    """Hashes of the subtrees beside the way from the leaf to the root, lowest first."""

    def __post_init__(self) -> None:
        _check_sizes(self.leaf_index, self.tree_size)
        _check_hashes(*self.inclusion_path)

    def to_json(self) -> dict[str, int | list[str]]:
        """As JSON: hashes are lower-case hexadecimal texts."""
        return {"leaf_index": self.leaf_index, "tree_size": self.tree_size, "inclusion_path": [step.hex() for step in self.inclusion_path]}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Out of what `to_json` gave. Raises ProofRejected (malformed) for anything else."""
        match value:
            case {"leaf_index": int(index), "tree_size": int(size), "inclusion_path": list(path), **others} if not others:
                return cls(index, size, _hashes_from(path))
            case _:
                raise ProofRejected(ProofFault.MALFORMED, "leaf_index, tree_size, inclusion_path")

    def verify(self, leaf_hash: bytes, head: TreeHead) -> None:
        """Check that the leaf with this hash stands at the index in the tree with this head (§2.1.3.2). Raises ProofRejected if not."""
        _check_hashes(leaf_hash)
        _check_named(self.tree_size, head)
        if self.leaf_index >= self.tree_size:
            raise ProofRejected(ProofFault.INDEX_OUTSIDE_TREE, f"{self.leaf_index} ≥ {self.tree_size}")
        fn, sn = self.leaf_index, self.tree_size - 1
        computed = leaf_hash
        for step in self.inclusion_path:
            if sn == 0:
                raise ProofRejected(ProofFault.PATH_TOO_LONG)
            if fn & 1 or fn == sn:
                computed = hash_node(step, computed)
                fn, sn = _past_right_edge(fn, sn)
            else:
                computed = hash_node(computed, step)
            fn, sn = fn >> 1, sn >> 1
        if sn != 0:
            raise ProofRejected(ProofFault.PATH_TOO_SHORT)
        _compare(ProofFault.ROOT_DIFFERS, computed, head.root)


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That a tree begins with all leaves of an earlier one, in the same order (§2.1.4).

    The RFC defines it for 0 < first < second. Here a tree is also consistent with itself and with the empty tree, both by an empty path:
    the first needs equal roots, the second says nothing of the later tree, because every tree begins with no leaves.
    Raises ProofRejected (malformed) for numbers that are no uint64 and hashes that are not 32 bytes.
    """

    tree_size_1: int
    """Of the earlier tree, in leaves."""
    tree_size_2: int
    """Of the later tree, in leaves."""
    consistency_path: tuple[bytes, ...]
    """Hashes of the subtrees that make both roots, lowest first."""

    def __post_init__(self) -> None:
        _check_sizes(self.tree_size_1, self.tree_size_2)
        _check_hashes(*self.consistency_path)

    def to_json(self) -> dict[str, int | list[str]]:
        """As JSON: hashes are lower-case hexadecimal texts."""
        path = [step.hex() for step in self.consistency_path]
        return {"tree_size_1": self.tree_size_1, "tree_size_2": self.tree_size_2, "consistency_path": path}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Out of what `to_json` gave. Raises ProofRejected (malformed) for anything else."""
        match value:
            case {"tree_size_1": int(first), "tree_size_2": int(second), "consistency_path": list(path), **others} if not others:
                return cls(first, second, _hashes_from(path))
            case _:
                raise ProofRejected(ProofFault.MALFORMED, "tree_size_1, tree_size_2, consistency_path")

    def verify(self, first_head: TreeHead, second_head: TreeHead) -> None:
        """Check that the tree with the second head only appended to the one with the first (§2.1.4.2). Raises ProofRejected if not."""
        _check_named(self.tree_size_1, first_head)
        _check_named(self.tree_size_2, second_head)
        first, second = self.tree_size_1, self.tree_size_2
        if first > second:
            raise ProofRejected(ProofFault.TREE_SHRANK, f"{first} > {second}")
        if first in {0, second}:
            self._verify_trivial(first_head.root, second_head.root)
            return
        if not self.consistency_path:
            raise ProofRejected(ProofFault.PATH_TOO_SHORT)
        path = iter(self.consistency_path if first & (first - 1) else (first_head.root, *self.consistency_path))
        fn, sn = first - 1, second - 1
        while fn & 1:
            fn, sn = fn >> 1, sn >> 1
        computed_first = computed_second = next(path)
        for step in path:
            if sn == 0:
                raise ProofRejected(ProofFault.PATH_TOO_LONG)
            if fn & 1 or fn == sn:
                computed_first, computed_second = hash_node(step, computed_first), hash_node(step, computed_second)
                fn, sn = _past_right_edge(fn, sn)
            else:
                computed_second = hash_node(computed_second, step)
            fn, sn = fn >> 1, sn >> 1
        if sn != 0:
            raise ProofRejected(ProofFault.PATH_TOO_SHORT)
        _compare(ProofFault.FIRST_ROOT_DIFFERS, computed_first, first_head.root)
        _compare(ProofFault.SECOND_ROOT_DIFFERS, computed_second, second_head.root)

    def _verify_trivial(self, first_root: bytes, second_root: bytes) -> None:
        if self.consistency_path:
            raise ProofRejected(ProofFault.PATH_TOO_LONG)
        if self.tree_size_1 == 0:
            _compare(ProofFault.FIRST_ROOT_DIFFERS, EMPTY_ROOT, first_root)
        if self.tree_size_1 == self.tree_size_2:
            _compare(ProofFault.SECOND_ROOT_DIFFERS, first_root, second_root)


class Frontier:
    """A tree that only grows, as the hashes of its largest complete subtrees: one for every 1 in the binary of its size."""

    def __init__(self) -> None:
        self.size = 0
        """In leaves."""
        self._subtrees: list[bytes] = []

    def append(self, leaf_hash: bytes) -> None:
        """Add a leaf by its hash. Raises ValueError if it is not 32 bytes."""
        if len(leaf_hash) != HASH_BYTES:
            raise ValueError(f"a leaf hash has {HASH_BYTES} bytes, not {len(leaf_hash)}")
        complete, merged = self.size, leaf_hash
        while complete & 1:
            merged = hash_node(self._subtrees.pop(), merged)
            complete >>= 1
        self._subtrees.append(merged)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far (§2.1.1)."""
        return _joined(reversed(self._subtrees))

    def head(self) -> TreeHead:
        """What is to be published of the leaves so far."""
        return TreeHead(self.size, self.root())


class MerkleTree:
    """The tree over stored leaf hashes, with every complete subtree's hash kept: it answers for each of its sizes in O(log n).

    Takes as much memory again as the leaf hashes, which are not copied and must not change. Raises ValueError if they are not whole.
    """

    def __init__(self, leaf_hashes: bytes | memoryview) -> None:
        if memoryview(leaf_hashes).nbytes % HASH_BYTES:
            raise ValueError(f"leaf hashes have {HASH_BYTES} bytes each")
        self._levels = [memoryview(leaf_hashes).cast("B")]
        while len(self._levels[-1]) >= 2 * HASH_BYTES:
            self._levels.append(_level_above(self._levels[-1]))
        self.size = len(self._levels[0]) // HASH_BYTES
        """In leaves."""

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves. Raises ValueError if there are not so many."""
        self._check(0, size)
        return self._root_between(0, size)

    def head(self, size: int) -> TreeHead:
        """What is to be published of the first `size` leaves. Raises ValueError if there are not so many."""
        return TreeHead(size, self.root(size))

    def inclusion_proof(self, index: int, size: int) -> InclusionProof:
        """The proof that the leaf at `index` (from 0) is among the first `size` (§2.1.3.1). Raises ValueError if it is not."""
        self._check(index + 1, size)
        path = []
        start, end = 0, size
        while end - start > 1:
            split = start + _left_leaves(end - start)
            if index < split:
                path.append(self._root_between(split, end))
                end = split
            else:
                path.append(self._root_between(start, split))
                start = split
        return InclusionProof(index, size, tuple(reversed(path)))

    def consistency_proof(self, first: int, second: int) -> ConsistencyProof:
        """The proof that the first `second` leaves begin with the first `first` (§2.1.4.1). Raises ValueError if there are not so many."""
        self._check(first, second)
        path = []
        start, end = 0, second
        while first not in {0, end}:
            split = start + _left_leaves(end - start)
            if first <= split:
                path.append(self._root_between(split, end))
                end = split
            else:
                path.append(self._root_between(start, split))
                start = split
        if start > 0:
            path.append(self._root_between(start, end))
        return ConsistencyProof(first, second, tuple(reversed(path)))

    def _check(self, low: int, high: int) -> None:
        if not 0 <= low <= high <= self.size:
            raise ValueError(f"0 ≤ {low} ≤ {high} ≤ {self.size} does not hold")

    def _root_between(self, start: int, end: int) -> bytes:
        """The root over the leaves from `start` to before `end`, which all lie in one subtree that begins at `start`."""
        ones = (level for level in range((end - start).bit_length()) if (end - start) >> level & 1)
        return _joined(self._complete(level, (end >> level) - 1) for level in ones)

    def _complete(self, level: int, index: int) -> bytes:
        """The hash of the index-th subtree of 2^level leaves."""
        return bytes(self._levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES])


def _level_above(level: memoryview) -> memoryview:
    """The hashes of the nodes over each two neighbours of a level; the last stays alone if it has none."""
    above = bytearray()
    end, stride = len(level) - len(level) % (2 * HASH_BYTES), 2 * HASH_BYTES * _NODES_HASHED_AT_ONCE
    for start in range(0, end, stride):
        pairs = range(start, min(start + stride, end), 2 * HASH_BYTES)
        above += b"".join([sha256(_NODE_PREFIX + level[at : at + 2 * HASH_BYTES]).digest() for at in pairs])
    return memoryview(above).toreadonly()


def _joined(subtrees: Iterator[bytes]) -> bytes:
    """The root over complete subtrees, given smallest (rightmost) first."""
    root = next(subtrees, EMPTY_ROOT)
    for left in subtrees:
        root = hash_node(left, root)
    return root


def _left_leaves(leaves: int) -> int:
    """How many leaves the left child of a node over more than one has: the largest power of two below their number (§2.1.1)."""
    return 1 << (leaves - 1).bit_length() - 1


def _past_right_edge(fn: int, sn: int) -> tuple[int, int]:
    """From a last node up to where it is a right child, or the first: on the way no node stands beside it (§2.1.3.2, §2.1.4.2)."""
    while fn and not fn & 1:
        fn, sn = fn >> 1, sn >> 1
    return fn, sn


def _compare(fault: ProofFault, computed: bytes, published: bytes) -> None:
    if computed != published:
        raise ProofRejected(fault, f"{computed.hex()} ≠ {published.hex()}")


def _check_named(size: int, head: TreeHead) -> None:
    if size != head.tree_size:
        raise ProofRejected(ProofFault.SIZE_DIFFERS, f"{size} ≠ {head.tree_size}")


def _check_sizes(*sizes: int) -> None:
    for size in sizes:
        if isinstance(size, bool) or not 0 <= size <= _TREE_SIZE_MAX:
            raise ProofRejected(ProofFault.MALFORMED, "uint64")


def _check_hashes(*hashes: bytes) -> None:
    for one in hashes:
        if len(one) != HASH_BYTES:
            raise ProofRejected(ProofFault.MALFORMED, f"{len(one)} ≠ {HASH_BYTES}")


def _hashes_from(texts: list[object]) -> tuple[bytes, ...]:
    return tuple(_hash_from(text) for text in texts)


def _hash_from(text: object) -> bytes:
    if not isinstance(text, str) or not _HASH_TEXT.fullmatch(text):
        raise ProofRejected(ProofFault.MALFORMED, f"hex {2 * HASH_BYTES}")
    return bytes.fromhex(text)
