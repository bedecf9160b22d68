"""What a comparison of stream and store means."""

from shared.contracts.envelope import NO_HASH
from shared.relay.findings import (
    NOTHING_COMPARED,
    Compared,
    Forked,
    Healthy,
    Refilled,
    StoreBehind,
    StreamSeen,
    describe,
    judge,
    may_record,
)

A, B = "a" * 64, "b" * 64


def test_an_empty_stream_beside_an_empty_store_is_healthy() -> None:
    assert judge("training", StreamSeen(0, 0, 0), 0, NOTHING_COMPARED) == Healthy("training", 0, 0)


def test_an_empty_stream_beside_a_full_store_is_simply_filled() -> None:
    assert judge("training", StreamSeen(0, 0, 0), 7, NOTHING_COMPARED) == Healthy("training", 0, 7)


def test_a_stream_that_is_an_equal_prefix_is_healthy() -> None:
    assert judge("training", StreamSeen(1, 5, 5), 7, Compared(5, A, A)) == Healthy("training", 5, 7)


def test_a_stream_that_is_not_there_is_made_anew() -> None:
    assert judge("training", None, 7, NOTHING_COMPARED) == Refilled("training", 0, 7, "missing")


def test_a_purged_stream_keeps_its_last_sequence_and_is_made_anew() -> None:
    assert judge("training", StreamSeen(6, 5, 0), 7, Compared(5, None, A)) == Refilled("training", 5, 7, "incomplete")


def test_a_stream_that_lost_its_beginning_is_made_anew() -> None:
    assert judge("training", StreamSeen(3, 5, 3), 7, Compared(5, A, A)) == Refilled("training", 5, 7, "incomplete")


def test_a_stream_with_a_hole_is_made_anew() -> None:
    assert judge("training", StreamSeen(1, 5, 4), 7, Compared(5, A, A)) == Refilled("training", 5, 7, "incomplete")


def test_a_stream_that_is_ahead_means_that_the_store_is_an_older_backup() -> None:
    assert judge("training", StreamSeen(1, 9, 9), 7, Compared(7, A, A)) == StoreBehind("training", 9, 7)


def test_a_damaged_stream_that_is_ahead_is_left_alone_because_its_tail_is_the_only_copy() -> None:
    assert judge("training", StreamSeen(8, 9, 2), 7, Compared(7, None, A)) == StoreBehind("training", 9, 7)


def test_an_empty_store_beside_a_full_stream_is_an_older_backup_too() -> None:
    assert judge("training", StreamSeen(1, 9, 9), 0, Compared(0, NO_HASH, NO_HASH)) == StoreBehind("training", 9, 0)


def test_another_record_at_the_same_position_is_a_fork_whichever_is_longer() -> None:
    for last, in_store in ((5, 7), (7, 7), (9, 7)):
        position = min(last, in_store)
        assert judge("training", StreamSeen(1, last, last), in_store, Compared(position, B, A)) == Forked("training", position, B, A)


def test_a_fork_in_a_damaged_stream_is_a_fork_and_not_refilled() -> None:
    assert judge("training", StreamSeen(3, 5, 3), 7, Compared(5, B, A)) == Forked("training", 5, B, A)


def test_recording_is_allowed_only_while_there_is_one_history() -> None:
    assert may_record(Healthy("training", 5, 7))
    assert may_record(Refilled("training", 0, 7, "missing"))
    assert not may_record(StoreBehind("training", 9, 7))
    assert not may_record(Forked("training", 5, B, A))
    assert not may_record(None)


def test_every_finding_is_said_in_chinese_and_in_english() -> None:
    findings = (
        Healthy("training", 5, 7),
        Refilled("training", 0, 7, "missing"),
        StoreBehind("training", 9, 7),
        Forked("training", 5, B, A),
    )
    for finding in findings:
        zh, en = describe(finding)
        assert zh.startswith("training：")
        assert en.startswith("training: ")
        assert en.isascii() or "…" in en
