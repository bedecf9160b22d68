"""`kaiye person …` on a running system: ids exchanged, a person reported on, erased, and what was proved before still proved."""

import json
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import cast

import pytest

from deploy.data_folder import DataFolder
from deploy.nats.keys import public_key
from shared.contracts.envelope import Source, report_bytes
from tests.deploy.test_cli import county_runs, run_kaiye
from tests.registry.persons.ids import files_holding, old_form, resident_id

COUNTY = "330127000000"
EXAMPLE_COUNTY = Path(__file__).parents[2] / "deploy" / "counties" / "example"
IDS = [resident_id(number, born="19690913") for number in range(3)]
WHO = ("--who", "office-07", "--reason", "本人书面申请")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new folder on which `kaiye up` runs."""
    data = tmp_path_factory.mktemp("up") / "data"
    with county_runs(data):
        yield data


def person(*words: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return run_kaiye("person", *words, stdin=stdin)


def registered(id: str, entity: str, founder: str) -> str:
    data = {
        "unit": "330127100201", "entity": entity, "name": "甲厂", "entity_kind": "enterprise", "founders": [{"person": founder}],
        "industry": "C2041",
    }  # fmt: skip
    source = Source(COUNTY, "gsj", "dengji")
    return report_bytes(source=source, id=id, type="registry.entity_registered", occurred=date(2025, 3, 3), data=data).decode()


def test_ids_are_exchanged_line_by_line_from_a_file_or_stdin(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "身份证号.txt"
    file.write_text(f"\ufeff{IDS[0]}\r\n{IDS[1][:-1]}\r\n{old_form(IDS[0])}\r\n")
    done = person("identify", file, "--as", "gsj/dengji", "--data", folder)
    assert done.returncode == 1, done.stderr
    first, refused, again = done.stdout.splitlines()
    assert (first, refused) == (again, "")
    assert "第 2 行 line 2：不是身份证号" in done.stderr
    assert "3 个：换取 2、填错 1 / 2 exchanged, 1 refused" in done.stderr
    as_json = person("identify", "-", "--json", "--data", folder, stdin=f"{IDS[0]}\n{IDS[1][:-1]}")
    assert [(line["line"], line.get("person"), line.get("code")) for line in map(json.loads, as_json.stdout.splitlines())] == [
        (1, first, None), (2, None, "not_a_resident_id"),
    ]  # fmt: skip
    assert not any(id in text for id in (IDS[0], IDS[1][:-1], old_form(IDS[0])) for text in (done.stdout, done.stderr, as_json.stdout))


def test_what_makes_no_sense_is_refused_and_never_repeated(folder: Path, tmp_path: Path) -> None:
    (tmp_path / IDS[0]).mkdir()
    (tmp_path / IDS[1]).write_bytes(b"\xff")
    (tmp_path / IDS[2]).touch()
    empty = tmp_path / "empty"
    empty.touch()
    for words, stdin, says in (
        (("identify", "-", "--as", "gsj"), IDS[0], "DEPARTMENT/SYSTEM"),
        (("identify", "-"), "\n", "is empty"),
        (("identify", empty), None, f"错误 / error: 文件 {empty} 是空的 / {empty} is empty"),
        (("identify", folder / "none"), None, "cannot be read"),
        (("identify", IDS[0]), None, "never given as an argument) cannot be read: No such file"),
        (("identify", tmp_path / IDS[0]), None, "never given as an argument) cannot be read: Is a directory"),
        (("identify", tmp_path / IDS[1]), None, "is no UTF-8 text"),
        (("identify", tmp_path / IDS[2]), None, "is empty"),
        (("erase", old_form(IDS[0]), *WHO), None, "never given as an argument"),
        (("erase", "-", *WHO), f"{IDS[0]}\n{IDS[1]}", "exactly one line, not 2"),
        (("erase", "-", *WHO), IDS[2], "there is no link of this person"),
        (("erase", "-", *WHO), IDS[2][:-1], "not a resident id"),
        (("erase", "-", "--who", "office-07", "--reason", " "), IDS[2], "reason"),
        (("rotate-key", "--who", "office-07", "--reason", f"因 {IDS[2]}"), None, "must not hold a resident id"),
    ):
        done = person(*words, "--data", folder, stdin=stdin)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert says in done.stderr
        assert not any(id[:17] in done.stderr for id in IDS)


def test_an_erased_person_is_nobodys_and_every_proof_still_holds(folder: Path, tmp_path: Path) -> None:
    (before,) = person("identify", "-", "--data", folder, stdin=IDS[1]).stdout.split()
    assert run_kaiye("report", "-", "--data", folder, stdin=registered("p-1", "91330127MA2KX0001H", before)).returncode == 0
    older, newer = tmp_path / "older", tmp_path / "newer"
    assert run_kaiye("evidence", "export", older, "--data", folder).returncode == 0
    (position,) = (
        json.loads(line)["position"] for line in (older / "facts-registry.jsonl").read_text().splitlines() if before in line
    )  # fmt: skip
    proof = run_kaiye("evidence", "prove", older, "registry", position).stdout

    rotated = person("rotate-key", *WHO, "--json", "--data", folder)
    assert rotated.returncode == 0, rotated.stderr
    assert json.loads(rotated.stdout)["version"] == 2
    erased = person("erase", "-", *WHO, "--data", folder, stdin=IDS[1])
    assert (erased.returncode, erased.stdout) == (0, f"已注销 / erased: {before}\n")
    (after,) = person("identify", "-", "--data", folder, stdin=IDS[1]).stdout.split()
    assert after != before
    assert run_kaiye("report", "-", "--data", folder, stdin=registered("p-2", "91330127MA2KX0002L", after)).returncode == 0

    assert run_kaiye("evidence", "export", newer, "--data", folder).returncode == 0
    for bundle in (older, newer):
        verified = run_kaiye("evidence", "verify", bundle)
        assert verified.returncode == 0, verified.stderr
    assert before in (newer / "facts-registry.jsonl").read_text(), "history stays"
    assert run_kaiye("evidence", "consistency", older, newer).returncode == 0
    (tmp_path / "proof.json").write_text(proof)
    assert run_kaiye("evidence", "check-proof", tmp_path / "proof.json").returncode == 0
    audited = run_kaiye("audit", "--pairs", "1", "--units", "1", "--data", folder)
    assert audited.returncode == 0, audited.stdout + audited.stderr


def guided(id: str, person: str) -> str:
    data = {"unit": "330127100201", "person": person, "guidance_kind": "law"}
    source = Source(COUNTY, "jiuyeju", "core")
    return report_bytes(source=source, id=id, type="training.guidance_given", occurred=date(2025, 3, 3), data=data).decode()


def acting(folder: Path) -> str:
    """Who acts on a folder: the key, whatever account is named."""
    return f"administrator {public_key(DataFolder(folder).running().nats_seeds['administrator'])} : office-07"


def test_rosters_are_masked_unless_somebody_says_why_and_every_export_is_recorded_before_it_is_written(
    folder: Path, tmp_path: Path
) -> None:
    persons = ("P0123456789ABCDEF", "P0123456789ABCDEG")
    sent = run_kaiye(
        "report", "-", "--data", folder, stdin="\n".join(guided(f"g-{n}", each) for n, each in enumerate((*persons, persons[0])))
    )
    assert sent.returncode == 0, sent.stderr
    asked = ("export", "guided", "--as-of", "2025-12-31", "--who", "office-07", "--data", folder)

    wrong = person(*asked, "--out", tmp_path / "花名册.xlsx")
    assert (wrong.returncode, "should be a .csv file" in wrong.stderr) == (2, True), wrong.stderr
    new = tmp_path / "花名册"
    masked = person(*asked, "--out", new, "--json")
    assert masked.returncode == 0, masked.stderr
    told = json.loads(masked.stdout)
    assert Path(told["file"]).parent == new
    assert (told["persons"], told["masked"], Path(told["file"]).name) == (2, True, f"{COUNTY}_花名册（脱敏）-guided.default_2025-12-31.csv")
    text = Path(told["file"]).read_text("utf-8")
    assert text.startswith("\ufeff序号 number,人员代码 person,")
    assert text.count("P012***,guided,1,") == 2
    assert not any(each in text for each in persons)

    out = tmp_path / "花名册.csv"
    for words, says in (
        (("--unmasked",), "--unmasked needs a reason"),
        (("--unmasked", "--why", " "), "reason"),
        (("--unmasked", "--why", f"因 {IDS[2]}"), "must not hold a resident id"),
    ):
        done = person(*asked, "--out", out, *words)
        assert (done.returncode, says in done.stderr, out.exists()) == (2, True, False), done.stderr
    unmasked = person(*asked, "--out", out, "--unmasked", "--why", "考评验收佐证", "--json")
    assert unmasked.returncode == 0, unmasked.stderr
    assert all(each in out.read_text("utf-8") for each in persons)
    assert out.stat().st_mode & 0o777 == 0o600
    again = person(*asked, "--out", out, "--unmasked", "--why", "考评验收佐证")
    assert (again.returncode, "does not exist yet" in again.stderr) == (2, True)
    nowhere = person(*asked, "--out", tmp_path / "none" / "花名册.csv")
    assert (nowhere.returncode, "in a folder there is" in nowhere.stderr) == (2, True), "and nothing is recorded"
    nobody = person("export", "new_enterprises", "--who", "office-07", "--out", tmp_path, "--data", folder)
    assert (nobody.returncode, "it has no roster" in nobody.stderr) == (2, True)

    facts = tmp_path / "facts.jsonl"
    assert run_kaiye("facts", "--export", facts, "--data", folder).returncode == 0
    recorded = [json.loads(line) for line in facts.read_text().splitlines() if "registry.roster_exported" in line]
    assert [(each["source"], each["data"]["masked"], each["data"]["persons"], each["data"]["reason"]) for each in recorded] == [
        (f"/{COUNTY}/chuangjianban/kaiye", True, 2, "脱敏花名册 / a masked roster"),
        (f"/{COUNTY}/chuangjianban/kaiye", False, 2, "考评验收佐证"),
    ]  # fmt: skip
    by = acting(folder)
    acts = json.loads(person("acts", "--act", "roster_exported", "--json", "--data", folder).stdout)
    assert [(each["who"], each["reason"], each["persons"]) for each in acts["acts"]] == [(by, "考评验收佐证", 2)]
    assert {each["data"]["who"] for each in recorded} == {by}


def test_what_was_done_about_persons_is_listed_page_by_page_and_never_about_whom(folder: Path) -> None:
    for _ in range(2):
        assert person("identify", "-", "--as", "acts/list", "--data", folder, stdin="\n".join(IDS[:2])).returncode == 0
    (erased,) = person("identify", "-", "--data", folder, stdin=IDS[0]).stdout.split()
    assert person("erase", "-", *WHO, "--data", folder, stdin=IDS[0]).returncode == 0
    listed = json.loads(person("acts", "--json", "--data", folder).stdout)
    assert listed["next"] is None
    mine = [(each["act"], each["who"], each["persons"]) for each in listed["acts"]]
    assert mine[0] == ("key_made", "kaiye", None)
    assert mine.count(("ids_exchanged", "acts/list", 4)) == 1
    assert mine[-1] == ("person_erased", acting(folder), 1)
    pages, after = list[int](), cast("int | None", 0)
    while after is not None:
        page = json.loads(person("acts", "--limit", "2", "--after", str(after), "--json", "--data", folder).stdout)
        pages += [each["number"] for each in page["acts"]]
        after = page["next"]
    assert pages == [each["number"] for each in listed["acts"]]
    for_people = person("acts", "--data", folder)
    assert f"注销 person_erased  {acting(folder)}：本人书面申请  1 人 persons" in for_people.stdout
    assert erased not in for_people.stdout + json.dumps(listed)
    assert person("acts", "--act", "lost", "--data", folder).returncode == 2


def test_the_keys_are_their_owners_and_no_id_is_in_the_folder(folder: Path) -> None:
    """Servers' files, logs, archive and all, after whatever tests have run before."""
    assert person("identify", "-", "--data", folder, stdin=IDS[0]).returncode == 0
    keys = DataFolder(folder).person_keys
    assert keys.stat().st_mode & 0o777 == 0o600
    sought = [form.encode() for id in IDS for form in (id[:17], old_form(id))]
    assert files_holding([b"person_link"], [folder]), "what is in the database is found in its files"
    assert not files_holding(sought, [folder])


def test_a_figure_opened_to_a_file_shows_whole_pseudonyms_only_for_a_reason_on_record(folder: Path, tmp_path: Path) -> None:
    whole = "P0123456789ABCDEH"
    assert run_kaiye("report", "-", "--data", folder, stdin=guided("g-9", whole)).returncode == 0
    asked = ("explain", "guided", "--as-of", "2025-12-31", "--data", folder)
    for name in ("ex.csv", "ex.jsonl"):
        file = tmp_path / name
        assert run_kaiye(*asked, "--export", file).returncode == 0
        assert (file.stat().st_mode & 0o777, whole in file.read_text("utf-8"), "P012***" in file.read_text("utf-8")) == (0o600, False, True)
    assert whole not in run_kaiye(*asked, "--json").stdout
    for words, says in (
        (("--export", file, "--unmasked"), "--unmasked needs a reason"),
        (("--unmasked", "--why", "查"), "goes with --export"),
        (("--export", file, "--why", "查"), "goes with --unmasked"),
    ):
        done = run_kaiye(*asked, *words)
        assert (done.returncode, says in done.stderr) == (2, True), done.stderr
    unmasked = run_kaiye(*asked, "--export", tmp_path / "whole.csv", "--unmasked", "--why", "核对名单")
    assert unmasked.returncode == 0, unmasked.stderr
    assert whole in (tmp_path / "whole.csv").read_text("utf-8")
    acts = json.loads(person("acts", "--act", "roster_exported", "--json", "--data", folder).stdout)["acts"]
    assert [(each["who"], each["reason"]) for each in acts[-1:]] == [(acting(folder).removesuffix(" : office-07"), "核对名单")]
    facts = tmp_path / "facts.jsonl"
    assert run_kaiye("facts", "--export", facts, "--data", folder).returncode == 0
    given = ("explain", "guided", "--as-of", "2025-12-31", "--facts", facts, "--plan", EXAMPLE_COUNTY / "plan.toml")
    for unmask, shown in ((list[str](), False), (["--unmasked"], True)):
        done = run_kaiye(*given, "--export", tmp_path / "given.csv", *unmask)
        assert done.returncode == 0, done.stderr
        assert (whole in (tmp_path / "given.csv").read_text("utf-8")) is shown
