"""An archive gives both engines what the records themselves give; whatever is done to its files is found and named."""

import random
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.indicators.answers import ask, board
from services.indicators.api.questions import answer_bytes
from services.indicators.audit.archive import writer as writing
from services.indicators.audit.archive.index import INDEX, ArchivedFile, BadArchive, Index, index_bytes, read_index
from services.indicators.audit.archive.reader import is_of_these_contracts, opened_archive
from services.indicators.audit.archive.writer import ArchiveBusy, ArchiveWriter, BrokenHistory
from services.indicators.audit.folded import Recorded
from services.indicators.audit.recompute import Engine, recompute
from services.indicators.audit.records import BadRecords, End, check_history
from services.indicators.evaluation.county import County
from shared.contracts.envelope import Record, parse_record, record_bytes
from shared.contracts.registry import MeetingHeld
from shared.contracts.training import GuidanceGiven
from shared.durable import put
from tests.indicators.audit.archives import arriving, write
from tests.indicators.audit.test_recompute import in_order
from tests.indicators.comparing import example_county
from tests.indicators.simulated import simulated
from tests.support.records import COUNTY, TOWN, VILLAGE, Records, person


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return simulated(21, 3000)


@pytest.fixture(scope="module")
def kept(records: list[Record], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive that nobody may change."""
    folder = tmp_path_factory.mktemp("kept") / "archive"
    write(folder, COUNTY, records, batches=6)
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(kept, tmp_path / "archive")


def index_of(folder: Path) -> Index:
    return read_index((folder / INDEX).read_bytes())


def complaint(folder: Path) -> str:
    """What is found to be wrong with an archive when it is read as a whole."""
    with pytest.raises(BadArchive) as caught, opened_archive(folder, COUNTY) as archive:
        archive.database()
    return str(caught.value)


def boards(history: Recorded, county: County, engine: Engine, days: list[tuple[date, date]]) -> list[bytes]:
    as_known = recompute(history, county.plan, engine)
    found = []
    for as_of, known in days:
        snapshot = as_known(known)
        found.append(answer_bytes(board(snapshot, ask(snapshot, known, None, as_of, known))))
    return found


def test_the_second_engine_answers_from_an_archive_as_the_live_fold_from_the_records(kept: Path, records: list[Record]) -> None:
    county, history = example_county(), check_history(in_order(records), COUNTY)
    last = history.last_known_day
    days = [(date(county.plan.year, 12, 31), last), (date(county.plan.year, 6, 30), last - timedelta(days=200))]
    with opened_archive(kept, COUNTY) as archive:
        assert is_of_these_contracts(archive)
        assert (archive.last_known_day, archive.positions) == (last, history.positions)
        assert list(archive.raws()) == in_order(records)
        assert boards(archive, county, "duckdb", days) == boards(history, county, "live", days)
        assert archive.records == history.records


def test_any_tool_reads_the_sets_by_county_and_period(kept: Path, records: list[Record]) -> None:
    with duckdb.connect() as connection:
        found = connection.sql(
            f"SELECT month, service, count(*) FROM read_parquet('{kept}/records/*/*/*.parquet', hive_partitioning = true) "
            f"WHERE county::VARCHAR = '{COUNTY}' GROUP BY ALL"
        ).fetchall()
        entities = connection.sql(f"SELECT count(DISTINCT entity) FROM read_parquet('{kept}/registry_entity_registered/*/*/*.parquet')")
        assert entities.fetchall() == [(len({r.data["entity"] for r in records if r.type == "registry.entity_registered"}),)]
    assert {(month, service): count for month, service, count in found} == Counter(
        (record.known_day.strftime("%Y-%m"), record.service) for record in records
    )


def test_a_partition_has_few_files_and_one_once_its_period_is_over(tmp_path: Path) -> None:
    records = Records()
    for day in range(20, 45):
        on = date(2025, 1, 1) + timedelta(days=day)
        records.add(on, GuidanceGiven(person=person(day), guidance_kind="policy", unit=VILLAGE))
    told = [record for record in records if record.service == "training"]
    for record in told:
        write(tmp_path / "archive", COUNTY, [record])
        files = Counter((file.set, file.period) for file in index_of(tmp_path / "archive").files)
        assert max(files.values()) <= 5
    files = Counter((file.set, file.period) for file in index_of(tmp_path / "archive").files)
    assert files["records", "2025-01"] == 1
    with opened_archive(tmp_path / "archive", COUNTY) as archive:
        assert list(archive.raws()) == [record.raw for record in told]


def test_an_amendment_in_a_later_file_finds_its_fact(tmp_path: Path) -> None:
    """A fact is corrected, another corrected and then voided, each in a file of its own."""
    records = Records()
    first, second = (records.add("2025-03-01", GuidanceGiven(person=person(n), guidance_kind="policy", unit=VILLAGE)) for n in (1, 2))
    records.correct(first, "2025-03-02", GuidanceGiven(person=person(1), guidance_kind="law", unit=TOWN), known="2025-04-01")
    records.correct(second, "2025-03-02", GuidanceGiven(person=person(3), guidance_kind="law", unit=TOWN), known="2025-04-01")
    records.void(second, known="2025-05-01")
    for record in records:
        write(tmp_path / "archive", COUNTY, [record])
    with opened_archive(tmp_path / "archive", COUNTY) as archive:
        connection = archive.database()
        said = connection.sql("SELECT position, revision, known, person, guidance_kind FROM training_guidance_given ORDER BY revision")
        assert [(*row[:2], str(row[2]), *row[3:]) for row in said.fetchall()] == [
            (1, 1, "2025-03-01", person(1), "policy"), (2, 2, "2025-03-01", person(2), "policy"),
            (1, 3, "2025-04-01", person(1), "law"), (2, 4, "2025-04-01", person(3), "law"),
        ]  # fmt: skip
        assert connection.sql("SELECT service, position, voided FROM void").fetchall() == [(1, 2, 5)]


def test_what_no_contract_describes_stands_among_the_records_only_and_marks_the_board(tmp_path: Path) -> None:
    records = Records()
    records.add("2025-03-01", MeetingHeld(unit=COUNTY, meeting="m1", title="领导小组会议", meeting_kind="leading_group"))
    records.something_else("registry", "meeting_streamed", known="2025-03-02")
    records.something_else("registry", "meeting_held", known="2025-03-03")
    records.close("2025-03-03")
    undescribed = {("registry", len(records.listings) + 2), ("registry", len(records.listings) + 3)}
    write(tmp_path / "archive", COUNTY, list(records), undescribed=undescribed)
    history = check_history(in_order(list(records)), COUNTY)
    days = [(history.last_known_day, history.last_known_day)]
    with opened_archive(tmp_path / "archive", COUNTY) as archive:
        assert archive.closed == history.closed
        assert archive.unreadable == history.unreadable
        assert boards(archive, example_county(), "duckdb", days) == boards(history, example_county(), "duckdb", days)


def test_an_archive_is_read_up_to_given_ends(kept: Path, records: list[Record]) -> None:
    at = {"registry": 1500, "training": 300, "finance": 0}
    hashes = {(record.service, record.position): record.hash for record in records}
    ends = {service: End(position, hashes.get((service, position))) for service, position in at.items()}
    history = check_history(in_order(records), COUNTY, ends)
    days = [(history.last_known_day, history.last_known_day)]
    with opened_archive(kept, COUNTY, ends) as archive:
        assert (archive.positions, archive.last_known_day, archive.records) == (at, days[0][0], history.records)
        assert boards(archive, example_county(), "duckdb", days) == boards(history, example_county(), "live", days)
    for wrong, says in ((End(10_000), "training ends at position"), (End(5, "0" * 64), "training's position 5 has the hash")):
        with pytest.raises(BadRecords, match=says), opened_archive(kept, COUNTY, {"training": wrong}):
            pass


# ── what is done to files ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_flipped_byte_anywhere_is_found_in_its_file(folder: Path) -> None:
    by = random.Random(5)
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".parquet", ".jsonl"})
    for path in [folder / INDEX, *by.choices(files, k=20)]:
        raw = path.read_bytes()
        at = by.randrange(len(raw))
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << by.randrange(8)]) + raw[at + 1 :])
        assert path.relative_to(folder).as_posix() in complaint(folder), at
        path.write_bytes(raw)


def test_a_line_of_the_index_that_cannot_be_read_is_named(folder: Path) -> None:
    lines = (folder / INDEX).read_bytes().splitlines(keepends=True)
    for at in (0, 2):
        (folder / INDEX).write_bytes(b"".join([*lines[:at], b"?" + lines[at], *lines[at + 1 :]]))
        assert f"{INDEX}, line {at + 1}, is damaged or was edited" in complaint(folder)


Damage = Callable[[Path, Path], object]

DAMAGES: dict[str, tuple[Damage, str]] = {
    "cut off": (lambda one, _: one.write_bytes(one.read_bytes()[:-9]), "{one} has"),
    "missing": (lambda one, _: one.unlink(), "{one} is missing"),
    "another's": (lambda one, two: shutil.copy(two, one), "{one} holds what belongs to {two}"),
    "foreign": (lambda one, _: shutil.copy(one, one.with_name("registry-1-2-00000001.parquet")), "is not in the index"),
}


@pytest.mark.parametrize(("damage", "says"), DAMAGES.values(), ids=DAMAGES)
def test_files_are_those_of_the_index(damage: Damage, says: str, folder: Path) -> None:
    one, two = (file.path for file in index_of(folder).files[3:5])
    damage(folder / one, folder / two)
    assert says.format(one=one, two=two) in complaint(folder)


def test_an_archive_that_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    with ArchiveWriter.opened(tmp_path / "archive", COUNTY):
        assert (tmp_path / "archive").stat().st_mode & 0o777 == 0o700


def test_an_archive_of_another_county_is_refused(folder: Path) -> None:
    with pytest.raises(BadArchive, match="of county 330127000000, the plan of 330128000000"), opened_archive(folder, "330128000000"):
        pass
    with pytest.raises(BadArchive, match="is the archive of county 330127000000"), ArchiveWriter.opened(folder, "330128000000"):
        pass


def test_a_folder_without_an_index_is_no_archive(tmp_path: Path) -> None:
    assert "it is no archive" in complaint(tmp_path)


def forge(folder: Path, file: ArchivedFile, edit: Callable[[pa.Table], pa.Table]) -> None:
    """Edit a file and have the index vouch for it."""
    sink = BytesIO()
    pq.write_table(edit(pq.ParquetFile(folder / file.path).read()), sink)
    (folder / file.path).write_bytes(sink.getvalue())
    index = index_of(folder)
    forged = replace(file, bytes=len(sink.getvalue()), sha256=sha256(sink.getvalue()).hexdigest())
    files = tuple(forged if each == file else each for each in index.files)
    (folder / INDEX).write_bytes(index_bytes(replace(index, files=files)))


def test_an_index_that_vouches_for_edited_records_does_not_help_them(folder: Path, kept: Path) -> None:
    file = next(file for file in index_of(folder).files if file.set == "records" and file.service == "training" and file.rows > 5)
    at = file.first + 2

    def say_otherwise(rows: pa.Table, change: Callable[[bytes], bytes]) -> pa.Table:
        raws = rows["raw"].to_pylist()
        raws[2] = change(raws[2])
        hashes = [sha256(raw).hexdigest() for raw in raws]
        return rows.set_column(rows.column_names.index("raw"), "raw", pa.array(raws, pa.binary())).set_column(
            rows.column_names.index("hash"), "hash", pa.array(hashes)
        )

    edits: dict[str, Callable[[pa.Table], pa.Table]] = {
        f"{file.path}: training's position {at + 1}: does not follow": lambda rows: say_otherwise(rows, lambda raw: raw + b" "),
        f"{file.path}: training's position {at}: is no record": lambda rows: say_otherwise(rows, lambda _: b"\xff"),
        f"{file.path}: training's position {at}: the columns beside": lambda rows: say_otherwise(rows, lambda raw: raw).set_column(
            rows.column_names.index("type"), "type", pa.array(["training.course_opened.v9"] * rows.num_rows)
        ),
        f"{file.path}: training's position {at}: is missing: the next one is {at + 1}": lambda rows: pa.concat_tables([rows[:2], rows[3:]]),
        f"training's position {at}: comes twice": lambda rows: pa.concat_tables([rows[:3], rows[2:]]),
    }
    for says, edit in edits.items():
        forge(folder, file, edit)
        found = complaint(folder)
        assert says.replace(f"position {at}: the columns", f"position {file.first}: the columns") in found
        shutil.copytree(kept, folder, dirs_exist_ok=True)


def test_a_record_that_lies_in_two_files_is_named_with_both(folder: Path) -> None:
    one, two = [file for file in index_of(folder).files if file.set == "records" and file.service == "training"][:2]
    forge(folder, two, lambda rows: pa.concat_tables([pq.ParquetFile(folder / one.path).read()[:1], rows]))
    assert f"{one.path}, {two.path}: training's position {one.first}: comes twice" in complaint(folder)


@pytest.mark.parametrize("batches", [1, 3], ids=["in one file", "in two files"])
def test_the_same_report_recorded_twice_is_named_with_both_places(batches: int, tmp_path: Path) -> None:
    """Chained and vouched for like any other record, a fact and a void under an id each that was recorded before."""
    told = simulated(21, 900)
    for position in (5, 3):
        first = next(record for record in told if (record.service, record.position) == ("finance", position))
        last = [record for record in told if record.service == "finance"][-1]
        again = record_bytes(
            source=first.source, id=first.id, type="finance.fact_voided", version=1, occurred=last.occurred, recorded=last.recorded,
            position=last.position + 1, prevhash=last.hash, data={"source": first.source, "id": first.id, "reason": "重复录入"},
        )  # fmt: skip
        told = [*told, parse_record(again)]
    write(tmp_path / "archive", COUNTY, told[:-2])
    write(tmp_path / "archive", COUNTY, told, batches=batches)
    path, path_again = (
        next(file.path for file in index_of(tmp_path / "archive").files if file.set == "records" and file.service == "finance"
             and file.first <= position <= file.last)
        for position in (5, last.position)
    )  # fmt: skip
    said = complaint(tmp_path / "archive")
    assert f"{path_again}: finance's position {last.position} is {told[-2].source} {told[-2].id} again, as position 5 in {path} is" in said


def test_an_index_that_vouches_for_edited_sets_is_found_out(folder: Path, kept: Path) -> None:
    file = next(file for file in index_of(folder).files if file.set == "registry_entity_registered" and file.rows > 2)
    forge(folder, file, lambda rows: rows[1:])
    assert f"registry_entity_registered: position {file.first} is missing there" in complaint(folder)
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    forge(folder, file, lambda rows: pa.concat_tables([rows, rows[:1]]))
    assert "comes twice" in complaint(folder)


# ── who writes ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Killed(BaseException):
    """The writer's process is gone."""


@pytest.fixture
def deadly(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """After so many files more the writer is dead, in the midst of the next."""
    left = [10**9]

    def dying(path: Path, raw: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            path.with_name(f".{path.name}.0.part").write_bytes(raw[: len(raw) // 2])
            raise Killed
        put(path, raw)

    monkeypatch.setattr(writing, "put", dying)
    return lambda files: left.__setitem__(0, files)


def test_whenever_a_writer_dies_nothing_is_lost_and_nothing_twice(
    records: list[Record], tmp_path: Path, deadly: Callable[[int], None]
) -> None:
    by = random.Random(3)
    folder, some = tmp_path / "archive", records[:1000]
    write(folder, COUNTY, records[:600])
    done, deaths = 600, 0
    while done < len(some):
        batch = some[done : done + by.randrange(50, 150)]
        deadly(by.randrange(60))
        try:
            write(folder, COUNTY, batch)
            done += len(batch)
        except Killed:
            deaths += 1
            deadly(10**9)
            with opened_archive(folder, COUNTY) as archive:
                assert sum(archive.positions.values()) == done
    deadly(10**9)
    write(folder, COUNTY, some)
    assert deaths > 3
    with opened_archive(folder, COUNTY) as archive:
        assert list(archive.raws()) == in_order(some)
        archive.database()
    assert not list(folder.rglob("*.part"))
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}
    assert there == {file.path for file in index_of(folder).files}


def test_records_that_do_not_follow_are_not_taken_in(folder: Path, records: list[Record]) -> None:
    before = (folder / INDEX).read_bytes()
    last = records[-1]
    edited = parse_record(last.raw.replace(b'"position":"%d"' % last.position, b'"position":"%d"' % (last.position + 1)))
    with ArchiveWriter.opened(folder, COUNTY) as writer, pytest.raises(BrokenHistory, match="does not follow the one before it"):
        writer.append(arriving([edited]))
    assert (folder / INDEX).read_bytes() == before


def test_a_writer_does_not_go_on_in_an_archive_that_lost_its_files(folder: Path, records: list[Record]) -> None:
    with ArchiveWriter.opened(folder, COUNTY) as writer:
        (folder / INDEX).rename(folder / "aside")
        with pytest.raises(BadArchive, match="was taken away"):
            writer.append(arriving(records[-1:]))
    (folder / "aside").rename(folder / INDEX)
    file = index_of(folder).files[0]
    (folder / file.path).unlink()
    with pytest.raises(BadArchive, match=f"{file.path} is missing"), ArchiveWriter.opened(folder, COUNTY):
        pass


def test_only_one_writes(folder: Path) -> None:
    with ArchiveWriter.opened(folder, COUNTY), pytest.raises(ArchiveBusy), ArchiveWriter.opened(folder, COUNTY):
        pass


def test_a_damaged_file_is_not_written_anew_as_sound(tmp_path: Path, records: list[Record]) -> None:
    folder = tmp_path / "archive"
    write(folder, COUNTY, records[:10])
    file = index_of(folder).files[0]
    (folder / file.path).write_bytes((folder / file.path).read_bytes()[:-1] + b"?")
    with pytest.raises(BadArchive, match=file.path):
        write(folder, COUNTY, records[10:20])


def test_whoever_reads_keeps_files_from_being_deleted(tmp_path: Path, records: list[Record]) -> None:
    folder = tmp_path / "archive"
    write(folder, COUNTY, records[:100])
    with opened_archive(folder, COUNTY) as archive:
        write(folder, COUNTY, records[100:300])
        assert len(list(archive.raws())) == 100
        archive.database()
    with opened_archive(folder, COUNTY) as archive:
        assert len(list(archive.raws())) == 300
    write(folder, COUNTY, records[300:310])
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}
    assert there == {file.path for file in index_of(folder).files}


def test_an_archive_of_other_contracts_is_derived_anew_and_stays_until_then(tmp_path: Path, records: list[Record]) -> None:
    folder = tmp_path / "archive"
    write(folder, COUNTY, records[:400])
    (folder / INDEX).write_bytes(index_bytes(replace(index_of(folder), contracts="0" * 64)))
    old = (folder / INDEX).read_bytes()
    with opened_archive(folder, COUNTY) as archive:
        assert not is_of_these_contracts(archive)
    with ArchiveWriter.opened(folder, COUNTY) as writer:
        assert not any(head.position for head in writer.index.heads.values())
        writer.append(arriving(records[:300]))
        assert (folder / INDEX).read_bytes() == old
        writer.append(arriving(records[300:500]))
    with opened_archive(folder, COUNTY) as archive:
        assert is_of_these_contracts(archive)
        assert list(archive.raws()) == in_order(records[:500])
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}
    assert there == {file.path for file in index_of(folder).files}
