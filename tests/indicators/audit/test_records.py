"""A file of records is read whole or refused, with the line and what was expected there, in Chinese and English."""

import gzip
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from deploy.simulator import unit_reports
from deploy.simulator.file import report_line
from services.indicators.audit.records import BadRecords, End, Ends, History, read_history, up_to
from shared.contracts.base import SERVICES
from shared.contracts.envelope import NO_HASH, parse_record, record_bytes
from shared.days import instant_from
from tests.indicators.audit.flips import every_flip_is_located
from tests.indicators.comparing import example_county
from tests.indicators.simulated import simulated
from tests.support.records import COUNTY


@cache
def lines() -> tuple[bytes, ...]:
    """A history as exported."""
    records = sorted(simulated(3, 300), key=lambda record: (SERVICES.index(record.service), record.position))
    return tuple(record.raw for record in records)


def read(folder: Path, *raw: bytes, county: str = COUNTY, pack: Callable[[bytes], bytes] = bytes, ends: Ends | None = None) -> History:
    file = folder / "facts.jsonl"
    file.write_bytes(pack(b"".join(line + b"\n" for line in raw)))
    return read_history(file, county, ends)


def test_plain_and_gzip_are_the_same_history(tmp_path: Path) -> None:
    plain, packed = read(tmp_path, *lines()), read(tmp_path, *lines(), pack=gzip.compress)
    assert [record.raw for record in plain.records] == [record.raw for record in packed.records] == list(lines())
    assert sum(plain.positions.values()) == len(lines())


def test_an_empty_file_is_no_history(tmp_path: Path) -> None:
    with pytest.raises(BadRecords, match="没有记录 / the file holds no records"):
        read(tmp_path)


def test_a_report_is_not_a_record(tmp_path: Path) -> None:
    report = next(iter(unit_reports(example_county())))
    with pytest.raises(
        BadRecords, match=r"第 2 行是上报的报告.* / line 2 is a report, not a record: give a file that kaiye facts --export wrote"
    ):
        read(tmp_path, lines()[0], report.raw)


def test_what_kaiye_simulate_writes_is_named_as_reports(tmp_path: Path) -> None:
    report = next(iter(unit_reports(example_county())))
    with pytest.raises(BadRecords, match="line 1 is a report, not a record"):
        read(tmp_path, report_line(COUNTY, report))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"{", "不是完整的 JSON / line 3 is no record: it is not a whole JSON object"),
        (b"[1]", "it is no JSON object"),
        (b'{"id":"1","type":"registry.unit_listed.v1"}', "it lacks source, time, occurred, position, prevhash, data"),
    ],
)
def test_what_is_no_record_is_named_by_its_line_and_what_it_lacks(tmp_path: Path, line: bytes, says: str) -> None:
    with pytest.raises(BadRecords, match=says):
        read(tmp_path, *lines()[:2], line)


@pytest.mark.parametrize(
    ("beginning", "says"), [(b"PAR1", "Parquet"), (b"\xef\xbb\xbf", "byte order mark"), (b"\xff\xfe", "UTF-16"), (b"PK\x03\x04", "zip")]
)
def test_a_file_of_another_kind_is_named_as_such(tmp_path: Path, beginning: bytes, says: str) -> None:
    with pytest.raises(BadRecords, match=says):
        read(tmp_path, beginning + lines()[0])


def test_up_to_given_ends_and_no_further(tmp_path: Path) -> None:
    whole = read(tmp_path, *lines())
    third = next(record for record in whole.records if record.service == "training" and record.position == 3)
    cut = read(tmp_path, *lines(), ends={"training": End(3, third.hash), "finance": End(0)})
    assert cut.positions == {**whole.positions, "training": 3, "finance": 0}
    assert cut.hashes["training"] == third.hash
    up_to = {**whole.positions, **cut.positions}
    assert cut.records == [record for record in whole.records if record.position <= up_to[record.service]]


def test_a_history_that_was_read_once_is_cut_as_if_it_were_read_again(tmp_path: Path) -> None:
    """At every place: also before a service closed its days, and where the last record is none that a contract describes."""
    unknown = lines()[-1].replace(b'"type":"finance.', b'"type":"finance.un')
    raws = (*lines()[:-1], unknown)
    whole = read(tmp_path, *raws)
    assert len(whole.unreadable) == 1
    for service in SERVICES:
        for position in {1, whole.positions[service] // 2, whole.positions[service]}:
            ends: Ends = {service: End(position)}
            assert up_to(whole, ends) == read(tmp_path, *raws, ends=ends)
    with pytest.raises(BadRecords, match="finance ends at position"):
        up_to(whole, {"finance": End(whole.positions["finance"] + 1)})
    with pytest.raises(BadRecords, match="it was changed"):
        up_to(whole, {"training": End(3, whole.hashes["training"])})


def test_a_file_that_was_cut_off_or_edited_at_its_end_is_found_by_its_ends(tmp_path: Path) -> None:
    whole = read(tmp_path, *lines())
    ends: Ends = {service: End(whole.positions[service], whole.hashes[service]) for service in SERVICES}
    last = whole.positions["finance"]
    with pytest.raises(BadRecords, match=f"finance ends at position {last - 1}, not at {last}: its end was cut off"):
        read(tmp_path, *lines()[:-1], ends=ends)
    with pytest.raises(BadRecords, match=f"finance's position {last} has the hash .*, not {whole.hashes['finance']}: it was changed"):
        read(tmp_path, *lines()[:-1], lines()[-1].replace(b'"data":{', b'"data": {'), ends=ends)


def test_a_missing_position_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRecords, match=r"第 3 条，却是第 4 条，.* / line 3: registry's position 4 where 3 was expected, "):
        read(tmp_path, *lines()[:2], *lines()[3:])


def test_a_position_that_comes_twice_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRecords, match="line 3: registry's position 2 comes twice or too late, 3 was expected"):
        read(tmp_path, *lines()[:2], *lines()[1:])


def test_records_out_of_order_are_told_as_that(tmp_path: Path) -> None:
    with pytest.raises(BadRecords, match=r"line 3 is out of order: registry's position 4 comes before position 3, which is in line 4"):
        read(tmp_path, *lines()[:2], lines()[3], lines()[2], *lines()[4:])
    of = {service: [line for line in lines() if parse_record(line).service == service] for service in SERVICES}
    with pytest.raises(BadRecords, match="is out of order: registry's position 1 comes behind records of training"):
        read(tmp_path, *of["training"], *of["registry"], *of["finance"])


def test_of_two_records_that_do_not_follow_the_one_that_was_changed_is_named(tmp_path: Path) -> None:
    edited = lines()[4].replace(b'"occurred":"20', b'"occurred":"19')
    with pytest.raises(BadRecords, match=r"line 6: registry's position 6 does not follow the one before it: position 5 was changed"):
        read(tmp_path, *lines()[:4], edited, *lines()[5:])
    unchained = lines()[4].replace(parse_record(lines()[4]).prevhash.encode(), b"0" * 64)
    with pytest.raises(BadRecords, match=r"line 5: registry's position 5 does not follow the one before it: it was changed"):
        read(tmp_path, *lines()[:4], unchained, *lines()[5:])
    last = next(number for number, line in enumerate(lines()) if parse_record(line).service != "registry") - 1
    cut = lines()[last].replace(parse_record(lines()[last]).prevhash.encode(), b"0" * 64)
    with pytest.raises(BadRecords, match="one of the two was changed"):
        read(tmp_path, *lines()[:last], cut, *lines()[last + 1 :])


def test_a_bit_flipped_anywhere_is_located(tmp_path: Path) -> None:
    whole = read(tmp_path, *lines())
    every_flip_is_located(lines(), {service: End(whole.positions[service], whole.hashes[service]) for service in SERVICES}, 30, seed=1)


def test_positions_before_the_first_record_are_told_as_that(tmp_path: Path) -> None:
    with pytest.raises(BadRecords, match="up to the positions that were given there are no records"):
        read(tmp_path, *lines(), ends=dict.fromkeys(SERVICES, End(0)))


def test_the_same_report_recorded_twice_is_named_with_both_places(tmp_path: Path) -> None:
    """In its place and chained as it must be, so that nothing but its id tells."""
    *_, first, last = (record for record in map(parse_record, lines()) if record.service == "finance")
    again = record_bytes(
        source=first.source, id=first.id, type=first.type, version=first.version, occurred=first.occurred, recorded=last.recorded,
        position=last.position + 1, prevhash=last.hash, data=first.data,
    )  # fmt: skip
    number = len(lines())
    with pytest.raises(BadRecords) as refused:
        read(tmp_path, *lines(), again)
    assert f"第 {number + 1} 行：finance 第 {last.position + 1} 条与第 {number - 1} 行（第 {first.position} 条）同为" in refused.value.zh
    assert f"is {first.source} {first.id} again, as line {number - 1} (position {first.position}) is" in refused.value.en
    assert read(tmp_path, *lines(), again, ends={"finance": End(last.position, last.hash)}).positions["finance"] == last.position


def test_an_edited_record_breaks_the_chain(tmp_path: Path) -> None:
    edited = lines()[4].replace(b'"name":"', b'"name":"\xe5\x81\x87')
    assert edited != lines()[4]
    with pytest.raises(BadRecords, match="line 6: registry's position 6 does not follow the one before it"):
        read(tmp_path, *lines()[:4], edited, *lines()[5:])


def test_another_countys_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRecords, match="line 1 is of county 330127000000, the plan of 330182000000"):
        read(tmp_path, *lines(), county="330182000000")


def test_a_void_of_an_unknown_fact_is_named(tmp_path: Path) -> None:
    void = record_bytes(
        source=f"/{COUNTY}/gsj/dengji", id="v1", type="registry.fact_voided", version=1, occurred=date(2025, 1, 1),
        recorded=instant_from("2025-01-01T00:00:00Z"), position=1, prevhash=NO_HASH,
        data={"source": f"/{COUNTY}/gsj/dengji", "id": "nothing", "reason": "没有"},
    )  # fmt: skip
    with pytest.raises(BadRecords, match=r"line 1 voids or corrects a fact that is not there: .* nothing"):
        read(tmp_path, void)


def test_a_file_cut_off_in_its_middle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRecords, match="压缩文件不完整：结尾被截去"):
        read(tmp_path, *lines(), pack=lambda whole: gzip.compress(whole)[:-40])


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    def damaged(whole: bytes) -> bytes:
        packed = bytearray(gzip.compress(whole))
        packed[40:70] = bytes(30)
        return bytes(packed)

    with pytest.raises(BadRecords, match="文件已损坏，无法解压或读取"):
        read(tmp_path, *lines(), pack=damaged)


@pytest.mark.parametrize(("said", "instead"), [(b'"source":"/330127000000', b'"source":"'), (b'"id":"', b'"id":" ')])
def test_a_record_that_says_not_who_or_which_is_named_by_its_line(tmp_path: Path, said: bytes, instead: bytes) -> None:
    with pytest.raises(BadRecords, match=r"第 1 行不是已记录的事实：信封内容无法读取.* / line 1 is no record: its envelope cannot be read"):
        read(tmp_path, lines()[0].replace(said, instead, 1))
