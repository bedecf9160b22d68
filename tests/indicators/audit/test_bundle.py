"""Evidence bundles: the same inputs give the same bytes, whoever knows only the standards can check them, and any change is located."""

import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from services.indicators.audit.bundle import Files, check_integrity, put_together, read_bundle, write_bundle
from services.indicators.audit.definitions import definitions
from services.indicators.audit.evidence import OtherDefinitions, as_known_on, make_bundle, verify_bundle
from services.indicators.audit.manifest import Altered, BundleUnusable, Manifest
from services.indicators.audit.records import check_history
from services.indicators.audit.signing import sign
from shared.contracts.base import SERVICES
from shared.contracts.registry import EntityRegistered, Founder, MeetingHeld
from tests.indicators.api.system import COUNTY_FOLDER
from tests.indicators.earlier import EARLIER
from tests.support.records import COUNTY, TOWN, VILLAGE, Records, Told, entity, person

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PLAN = (COUNTY_FOLDER / "plan.toml").read_bytes()
AS_OF, KNOWN = date(2025, 6, 30), date(2025, 7, 1)
MADE_LAST = ("README.txt", "key.pub", "manifest.json", "manifest.sig")
FACTS = {service: f"facts-{service}.jsonl" for service in SERVICES}


def a_few() -> Records:
    """A county in which a few enterprises were founded, each by somebody, and the day was closed."""
    records = Records()
    for number in range(1, 8):
        founders = (Founder(person=person(number)),)
        records.add(f"2025-0{number}-01", EntityRegistered(
            unit=VILLAGE, entity=entity(number), name=f"第{number}家", entity_kind="enterprise", founders=founders, industry="C20",
        ))  # fmt: skip
    records.close("2025-07-01")
    records.add("2025-07-03", MeetingHeld(unit=TOWN, meeting="m1", title="会", meeting_kind="office"))
    return records


def lines_of(records: Records) -> list[bytes]:
    return [record.raw for service in SERVICES for record in records.of[service]]


def made(lines: Sequence[bytes], as_of: date = AS_OF, known_at: date = KNOWN, key: Ed25519PrivateKey = KEY) -> Files:
    return make_bundle(check_history(lines, COUNTY), PLAN, as_of, known_at, key)


@cache
def bundle() -> Files:
    return made(lines_of(a_few()))


def written(folder: Path, files: Files) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def signed_anew(changed: Callable[[str], str]) -> Files:
    """The bundle with another manifest, signed with the same key: what somebody would bring who has it and means ill."""
    text = changed(bundle()["manifest.json"].decode()).encode()
    return {**bundle(), "manifest.json": text, "manifest.sig": sign(text, KEY)}


def fault(files: Files) -> Altered:
    with pytest.raises(Altered) as found:
        check_integrity(files)
    return found.value


def test_a_bundle_is_well_with_the_key_and_without(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    write_bundle(folder, bundle())
    assert read_bundle(folder) == bundle()
    for pinned in (None, KEY.public_key()):
        verdict = verify_bundle(folder, pinned)
        assert (verdict.fault, verdict.difference, verdict.pinned) == (None, None, pinned is not None)
        assert (verdict.units, verdict.figures) == (9, bundle()["boards.jsonl"].count(b'"definition":'))
    assert b'"id":"new_enterprises","variant":"default"' in bundle()["boards.jsonl"]


def test_the_same_facts_and_days_give_the_same_bytes() -> None:
    assert made(lines_of(a_few())) == bundle()


def test_once_the_known_day_is_final_what_comes_later_changes_no_byte() -> None:
    later = a_few()
    later.add("2025-06-01", MeetingHeld(unit=TOWN, meeting="m2", title="迟报", meeting_kind="office"), known="2025-07-05")
    assert made(lines_of(later)) == bundle()
    manifest = Manifest.read(bundle()["manifest.json"])
    assert manifest.final
    assert {service: head.position for service, head in manifest.heads.items()} == {"registry": 17, "training": 1, "finance": 1}


def test_a_day_that_no_record_follows_keeps_all_records() -> None:
    history = check_history(lines_of(a_few()), COUNTY)
    assert as_known_on(history, date(2025, 7, 3)).records == history.records
    assert not Manifest.read(made(lines_of(a_few()), known_at=date(2025, 7, 2))["manifest.json"]).final


def test_whoever_signs_the_same_report_twice_is_told_the_file_the_line_and_the_position() -> None:
    records = a_few()
    again = records.of["registry"][-1]
    records._record("registry", again.source, again.id, again.type, again.version, again.occurred, again.known_day, again.data)
    facts = b"".join(record.raw + b"\n" for record in records.of["registry"])
    found = fault(put_together({**bundle(), "facts-registry.jsonl": facts}, KEY))
    assert (found.file, found.line) == ("facts-registry.jsonl", again.position + 1)
    assert f"is {again.source} {again.id} again, as position {again.position} is" in found.en


def test_a_signed_void_of_an_unknown_fact_is_told_by_its_file_and_line(tmp_path: Path) -> None:
    records = a_few()
    unknown = Told("training", "nothing", MeetingHeld(unit=TOWN, meeting="m1", title="会", meeting_kind="office"))
    records.void(unknown, known="2025-07-04")
    facts = b"".join(record.raw + b"\n" for record in records.of["training"])
    own = {name: text for name, text in bundle().items() if name not in MADE_LAST}
    verdict = verify_bundle(written(tmp_path / "bundle", put_together({**own, "facts-training.jsonl": facts}, KEY)))
    assert verdict.fault is not None
    assert (verdict.fault.file, verdict.fault.line) == ("facts-training.jsonl", 2)
    assert "facts-training.jsonl, line 2: voids or corrects a fact that is not there" in str(verdict.fault)


def test_who_knows_only_the_standards_can_check_it() -> None:
    """Nothing of kaiye takes part: plain Ed25519, SHA-256, JSON, and the definition of the Merkle tree in RFC 9162, section 2.1.1."""
    files = bundle()
    key = load_pem_public_key(files["key.pub"])
    key.verify(files["manifest.sig"], files["manifest.json"])  # type: ignore[union-attr, call-arg]
    manifest = json.loads(files["manifest.json"])
    assert {*manifest["files"], "manifest.json", "manifest.sig"} == {*files}
    for name, listed in manifest["files"].items():
        assert (sha256(files[name]).hexdigest(), len(files[name])) == (listed["sha256"], listed["bytes"])

    def root(leaves: Sequence[bytes]) -> bytes:
        if not leaves:
            return sha256().digest()
        if len(leaves) == 1:
            return sha256(b"\x00" + leaves[0]).digest()
        k = 1
        while k * 2 < len(leaves):
            k *= 2
        return sha256(b"\x01" + root(leaves[:k]) + root(leaves[k:])).digest()

    for service, head in manifest["heads"].items():
        records = files[f"facts-{service}.jsonl"].splitlines()
        assert head == {"position": len(records), "hash": sha256(records[-1]).hexdigest(), "root": root(records).hex()}
        for position, (before, record) in enumerate(zip([None, *records], records, strict=False), 1):
            said = json.loads(record)
            assert (said["position"], said["prevhash"]) == (str(position), "0" * 64 if before is None else sha256(before).hexdigest())


def test_the_commands_that_a_bundle_names_check_it_without_kaiye(tmp_path: Path) -> None:
    """What README.txt says to type is typed, in the bundle's folder."""
    folder = written(tmp_path / "bundle", bundle())
    readme = bundle()["README.txt"].decode()
    openssl, digests, first, second, last = re.findall(r"^     ((?:openssl|sed|tail) .*)$", readme, re.MULTILINE)

    def typed(command: str) -> str:
        done = subprocess.run(("bash", "-euo", "pipefail", "-c", command), cwd=folder, capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else f"exit {done.returncode}"

    if shutil.which("openssl"):
        assert typed(openssl) == "Signature Verified Successfully\n"
    assert typed(digests).count(": OK\n") == len(bundle()) - 2
    hash = typed(first).split()[0]
    assert typed(second) == f'"prevhash":"{hash}"\n'
    assert Manifest.read(bundle()["manifest.json"]).heads["registry"].hash == typed(last).split()[0]
    (folder / "plan.toml").write_bytes(b"")
    assert typed(digests) == "exit 1"


@pytest.mark.parametrize("name", sorted(bundle()))
def test_a_flipped_bit_is_found_in_its_file_and_a_facts_line(name: str) -> None:
    by = random.Random(name)
    content = bundle()[name]
    for _ in range(4):
        at = by.randrange(len(content))
        changed = bytearray(content)
        changed[at] ^= 1 << by.randrange(8)
        found = fault({**bundle(), name: bytes(changed)})
        assert found.file == name, str(found)
        if name.startswith("facts"):
            assert found.line == content.count(b"\n", 0, at) + 1, str(found)


def edited(service: str, change: Callable[[list[bytes]], list[bytes]]) -> Files:
    name = f"facts-{service}.jsonl"
    return {**bundle(), name: b"".join(line + b"\n" for line in change(bundle()[name].splitlines()))}


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (lambda lines: lines[:-2], 16, "17 records were expected, found 15"),
        (lambda lines: [*lines[:4], *lines[5:]], 5, "registry's position 5 was expected, found registry's position 6"),
        (lambda lines: [*lines[:4], lines[3], *lines[4:]], 5, "registry's position 5 was expected, found registry's position 4"),
        (lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]], 6, "found .*, which says it is position 5"),
        (lambda lines: [*lines, b"{}"], 18, "：不是已记录的事实：缺少 id、source.*: is no record: it lacks id, source"),
        (lambda lines: [*lines[:4], lines[4][:99]], 5, "：不是已记录的事实：不是完整的 JSON / .*: it is not a whole JSON object$"),
        (lambda lines: [*lines[:4], lines[4].replace(COUNTY.encode(), TOWN.encode()), *lines[5:]], 5, "a record with SHA-256 .* was exp"),
        (lambda lines: [*lines[:4], lines[4] + b"\r", *lines[5:]], 5, "a record with SHA-256 .* was expected"),
    ],
    ids=["cut off", "taken out", "put in twice", "reordered", "added", "cut off within", "edited", "end of line"],
)  # fmt: skip
def test_what_was_done_to_facts_is_located(change: Callable[[list[bytes]], list[bytes]], line: int, said: str) -> None:
    found = fault(edited("registry", change))
    assert (found.file, found.line) == ("facts-registry.jsonl", line)
    assert re.search(said, str(found)), str(found)


def test_a_missing_an_empty_and_a_further_file_and_a_link_are_named(tmp_path: Path) -> None:
    for name in bundle():
        found = fault({other: content for other, content in bundle().items() if other != name})
        assert (found.file, found.en) == (name, "the file is missing")
    for name in ("manifest.json", "manifest.sig", "key.pub"):
        assert str(fault({**bundle(), name: b""})) == f"{name}：文件是空的 / {name}: the file is empty"
    folder = written(tmp_path / "further", {**bundle(), "notes.txt": b""})
    assert str(verify_bundle(folder).fault) == "notes.txt：证据包中不应有这个文件 / notes.txt: a bundle has no such file"
    folder = written(tmp_path / "named", bundle())
    (folder / os.fsdecode(b"\xff.txt")).touch()
    assert str(verify_bundle(folder).fault).endswith("\\xff.txt: a bundle has no such file")
    folder = written(tmp_path / "linked", bundle())
    (folder / "plan.toml").rename(tmp_path / "plan.toml")
    (folder / "plan.toml").symlink_to(tmp_path / "plan.toml")
    assert str(verify_bundle(folder).fault) == "plan.toml：是符号链接，应为文件 / plan.toml: is a symbolic link, not a file"
    folder = written(tmp_path / "folder", {name: content for name, content in bundle().items() if name != "key.pub"})
    (folder / "key.pub").mkdir()
    assert str(verify_bundle(folder).fault) == "key.pub：不是普通文件 / key.pub: is not a regular file"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace('"plan.toml"', '"../plan.toml"'), "lists '../plan.toml', a file that no bundle has"),
        (lambda text: text.replace('"plan.toml"', '"/etc/passwd"'), "lists '/etc/passwd', a file that no bundle has"),
        (lambda text: re.sub(r'  "plan.toml": .*\n', "", text), "does not list plan.toml"),
        (lambda text: text.replace('"final"', '"county": "330182000000",\n "final"'), "county stands twice"),
        (lambda text: text.replace(f'"{COUNTY}"', f'"{int(COUNTY) + 10**6}"'), "line 1: is of county 330127000000, the bundle of 330128"),
        (lambda text: text.replace('"final"', '"verdict": 1,\n "final"'), "verdict is not as it should be"),
        (lambda text: text.replace('"position": 1,', '"position": 2,', 1), "the head's position that follows from the records is 1, "),
        (lambda text: text.replace('"position": 1,', '"position": true,', 1), "position is not as it should be"),
        (lambda text: re.sub(r'("root": ")[0-9a-f]', r"\1x", text, count=1), "heads.registry.root is not as it should be"),
        (lambda text: re.sub(r'("root": ")[0-9a-f]{4}', r"\g<1>0000", text, count=1), "the head's root that follows from the records is"),
        (lambda text: text + "\n", "is not written as kaiye writes it"),
        (lambda text: text[:-4], "is no JSON"),
        (lambda text: "[" * 100_000, "is no JSON"),
        (lambda text: re.sub(r'("signed_by": ")[0-9a-f]{64}', r"\g<1>" + "0" * 64, text), 'by is "0+", "03a107bf.* was expected'),
        (lambda text: text.replace('"final": true', '"final": false'), "manifest.json: final is false, true was expected"),
        (lambda text: re.sub(r'("kaiye": ")[^"]*', r"\g<1>9.9", text), 'manifest.json: kaiye is "9.9", "[0-9.]+" was expected'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_manifest_that_is_signed_but_not_right_is_refused(change: Callable[[str], str], said: str) -> None:
    files = signed_anew(change)
    assert files["manifest.json"] != bundle()["manifest.json"]
    assert re.search(said, str(fault(files)))


def test_a_newer_format_cannot_be_judged(tmp_path: Path) -> None:
    folder = written(tmp_path / "bundle", signed_anew(lambda text: text.replace('"format": 1', '"format": 2')))
    with pytest.raises(
        BundleUnusable, match=r"由更新版本的 kaiye 写入.* was written by a newer kaiye \(format 2, this one knows up to 1\)"
    ):
        verify_bundle(folder)


def test_who_signed_is_told_apart_from_who_was_expected() -> None:
    with pytest.raises(Altered, match=rf"manifest.sig: was signed with another key, {KEY.public_key().public_bytes_raw().hex()}"):
        check_integrity(bundle(), OTHER_KEY.public_key())
    theirs = made(lines_of(a_few()), key=OTHER_KEY)
    with pytest.raises(Altered, match=r'manifest.json: signed_by is "[0-9a-f]{64}", "03a107bf.*" was expected'):
        check_integrity({**theirs, "manifest.sig": sign(theirs["manifest.json"], KEY)}, KEY.public_key())
    found = fault({**bundle(), "key.pub": made(lines_of(a_few()), key=OTHER_KEY)["key.pub"]})
    assert re.search("key.pub: is not the key the manifest was signed with", str(found))


def put_together_with(**content: bytes) -> Files:
    """The bundle with another content that its own maker signed."""
    own = {name: text for name, text in bundle().items() if name not in MADE_LAST}
    return put_together(own | {name.replace("_", "."): text for name, text in content.items()}, KEY)


def test_a_figure_that_its_maker_changed_is_found_by_computing_it_anew(tmp_path: Path) -> None:
    lines = bundle()["boards.jsonl"].splitlines()
    row = re.compile(rb'("id":"new_enterprises","variant":"default","part":null,.*?"numerator":)"6"')
    (number,) = (number for number, line in enumerate(lines) if VILLAGE.encode() in line[:120])
    lines[number], changes = row.subn(rb'\1"600"', lines[number], count=1)
    assert changes == 1
    verdict = verify_bundle(written(tmp_path / "bundle", put_together_with(boards_jsonl=b"".join(line + b"\n" for line in lines))))
    assert verdict.fault is None
    assert str(verdict.difference).endswith(
        f"{VILLAGE} new_enterprises/default numerator: \"600\" was given, recomputed it is \"6\""
    )  # fmt: skip
    missing = put_together_with(boards_jsonl=b"".join(line + b"\n" for line in bundle()["boards.jsonl"].splitlines()[:-1]))
    assert str(verify_bundle(written(tmp_path / "missing", missing)).fault).endswith("boards.jsonl: 9 units were expected, found 8")
    further = put_together_with(boards_jsonl=bundle()["boards.jsonl"] + b"{}")
    assert str(verify_bundle(written(tmp_path / "further", further)).fault).endswith("boards.jsonl: 9 units were expected, found 10")


def test_definitions_that_this_kaiye_lacks_are_refused_by_name(tmp_path: Path) -> None:
    digest = re.search(rb'"definition":"([0-9a-f]{64})"', bundle()["boards.jsonl"])
    assert digest is not None
    others = bundle()["definitions.json"].replace(digest[1], b"0" * 64)
    with pytest.raises(OtherDefinitions, match=r"无法重算：activity_index/default / this kaiye lacks .*: activity_index/default$"):
        verify_bundle(written(tmp_path / "bundle", put_together_with(definitions_json=others)))
    declared = bundle()["definitions.json"].replace(b'"relation": "enrolment"', b'"relation": "help"', 1)
    with pytest.raises(OtherDefinitions, match=r"lacks .*: active_persons$"):
        verify_bundle(written(tmp_path / "declared", put_together_with(definitions_json=declared)))


def test_a_bundle_of_an_earlier_release_is_refused_by_the_names_of_what_it_declares_otherwise(tmp_path: Path) -> None:
    """Whoever makes a bundle may not say by which definitions it is to be judged."""
    with pytest.raises(
        OtherDefinitions, match=r"lacks .*: new_enterprises/default, .*media_campaigns/default, contests/default, .*new_enterpr"
    ):
        verify_bundle(written(tmp_path / "earlier", put_together_with(definitions_json=definitions(EARLIER))))


def test_a_bundle_is_never_written_over_anything(tmp_path: Path) -> None:
    for there in (tmp_path / "folder", tmp_path / "dangling"):
        there.mkdir() if there.name == "folder" else there.symlink_to(tmp_path / "nowhere")
        with pytest.raises(BundleUnusable, match=r"已存在，请换一个名称 / .* exists already: choose another name"):
            write_bundle(there, bundle())
    with pytest.raises(BundleUnusable, match=r"there is no folder .*/missing"):
        write_bundle(tmp_path / "missing" / "bundle", bundle())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "folder"]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BundleUnusable, match="cannot be written: File name too long"):
        write_bundle(tmp_path / "bundle", {**bundle(), "x" * 300: b""})
    assert list(tmp_path.iterdir()) == []
