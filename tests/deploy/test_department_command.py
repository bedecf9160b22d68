"""`kaiye department` beside a running bus: a key holds at once, is limited at the broker, and is gone at once."""

import asyncio
import os
import stat
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import nats
import orjson
import pytest

from deploy.county_bus import CountyBus
from deploy.credentials import Credentials
from deploy.data_folder import DataFolder, Purpose, Running
from deploy.embedded import HOST
from deploy.nats.accounts import inbox_of
from shared.clock import today
from shared.contracts.envelope import Source, report_bytes
from shared.tokens import digest_of
from shared.users import users_toml
from tests.contracts.test_reporters import REPORTERS
from tests.deploy.test_query_commands import Kaiye, kaiye
from tests.indicators.api.system import COUNTY, COUNTY_FOLDER
from tests.support.admission import lets_in

__all__ = ["kaiye"]

SECONDS_MAX = 10.0
BANK = ("bank", "--system", "core")


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    with folder.locked():
        folder.dedicate(Purpose(county=COUNTY, county_folder=COUNTY_FOLDER))
        Credentials(folder, COUNTY).prepare()
    return folder


@pytest.fixture
def bus(folder: DataFolder) -> Iterator[CountyBus]:
    credentials = Credentials(folder, COUNTY)
    bus = CountyBus(folder.nats, folder.log("nats"), county=COUNTY, users=credentials.users)
    bus.start()
    folder.say_running(Running(
        pid=os.getpid(), county=COUNTY, county_folder=COUNTY_FOLDER, simulated_clock=False, nats_url=bus.address, databases={},
        nats_seeds=credentials.prepare(), http_url="http://none",
    ))  # fmt: skip
    yield bus
    bus.stop()


async def test_a_key_holds_at_once_says_what_it_may_and_is_gone_at_once(bus: CountyBus, kaiye: Kaiye) -> None:
    code, out, said = await kaiye("department", "add", *BANK, "--may-report", "finance.loan_applied")
    assert code == 0, said
    assert f"总线地址 {bus.address}（KAIYE_NATS_URL）" in said
    seed, _ = out.decode().split()
    forbidden: list[str] = []
    closed = asyncio.Event()

    async def heard(error: Exception) -> None:
        forbidden.append(str(error))

    async def over() -> None:
        closed.set()

    connection = await nats.connect(
        bus.address, nkeys_seed_str=seed, inbox_prefix=inbox_of("bank", "core"), error_cb=heard, closed_cb=over, allow_reconnect=False
    )
    try:
        await connection.publish(f"reported.{COUNTY}.bank.core.finance.loan_applied", b"{}")
        await connection.publish(f"reported.{COUNTY}.bank.core.finance.loan_settled", b"{}")
        async with asyncio.timeout(SECONDS_MAX):
            while not forbidden:
                await asyncio.sleep(0.01)
        assert ["loan_settled" in each for each in forbidden] == [True]

        assert (await kaiye("department", "revoke", "bank"))[0] == 0
        assert not lets_in(HOST, bus.port, seed)
        async with asyncio.timeout(SECONDS_MAX):
            await closed.wait()
    finally:
        await connection.close()


async def test_what_the_bus_does_not_let_a_key_report_is_told_and_kept_until_it_may(
    bus: CountyBus, folder: DataFolder, kaiye: Kaiye, tmp_path: Path
) -> None:
    seed, file = tmp_path / "bank.seed", tmp_path / "reports.jsonl"
    assert (await kaiye("department", "add", *BANK, "--may-report", "finance.loan_applied", "--out", str(seed)))[0] == 0
    users = Credentials(folder, COUNTY).users()
    wider = tuple(user.model_copy(update={"may_report": ()}) for user in users.departments)
    folder.departments.write_text(users_toml({COUNTY: users.model_copy(update={"departments": wider})}))  # which the bus is not told of
    source = Source(COUNTY, "bank", "core")
    settled = report_bytes(source=source, id="s-1", type="finance.loan_settled", occurred=date(2025, 3, 3), data={"loan": "L1"})
    file.write_bytes(settled + b"\n" + settled.replace(b"s-1", b"s-2"))
    outbox = folder.outbox(sha256(file.read_bytes()).hexdigest())
    for _ in range(2):
        code, out, said = await kaiye("report", str(file), "--seed", str(seed))
        assert (code, out) == (1, b""), said
        assert "不允许本密钥报送：finance.loan_settled 2 条" in said
        assert "does not let this key report: 2 of finance.loan_settled" in said
        assert "0 条：记录 0、等待 0、退回 0" in said
        assert outbox.exists()


async def test_a_restarted_bus_knows_whom_it_knew(bus: CountyBus, kaiye: Kaiye) -> None:
    _, out, _ = await kaiye("department", "add", *BANK)
    bus.stop()
    bus.start()
    assert lets_in(HOST, bus.port, out.decode().split()[0])


async def test_what_is_shown_once_is_shown_though_the_bus_does_not_take_it_yet(bus: CountyBus, kaiye: Kaiye) -> None:
    conf = bus.folder / "nats.conf"
    sound = conf.read_text()
    conf.write_text("{")
    code, out, said = await kaiye("department", "add", *BANK)
    assert (code, "did not take the new list" in said) == (3, True)
    seed = out.decode().split()[0]
    conf.write_text(sound)
    assert bus.renew_accounts()
    assert lets_in(HOST, bus.port, seed)


async def test_seed_and_token_go_into_new_files_of_their_owner_or_nowhere(folder: DataFolder, kaiye: Kaiye, tmp_path: Path) -> None:
    file, beside = tmp_path / "bank.seed", tmp_path / "bank.token"
    code, out, said = await kaiye("department", "add", *BANK, "--out", str(file))
    assert (code, out) == (0, b""), said
    assert f"，种子在 {file}，令牌在 {beside}\n" in said
    assert f"; the seed is in {file}, the token in {beside}\n" in said
    assert [stat.S_IMODE(each.stat().st_mode) for each in (file, beside)] == [0o600, 0o600]
    seed, token = file.read_text(), beside.read_text()
    assert seed.strip() not in folder.departments.read_text()
    assert token.strip() not in folder.departments.read_text()
    assert digest_of(token.strip()) in folder.departments.read_text()
    for taken in ("bank.seed", "bank.other", "bank.token"):  # of the second the token's file is there already
        code, _, said = await kaiye("department", "add", "school", "--system", "core", "--out", str(tmp_path / taken))
        assert code == 2, said
    assert (file.read_text(), beside.read_text()) == (seed, token)
    assert not (tmp_path / "bank.other").exists()
    assert [user.department for user in Credentials(folder, COUNTY).users().departments] == ["bank"]


async def test_another_token_replaces_the_one_there_was(folder: DataFolder, kaiye: Kaiye, tmp_path: Path) -> None:
    _, out, _ = await kaiye("department", "add", *BANK, "--days", "3")
    before = Credentials(folder, COUNTY).users().departments
    code, renewed, said = await kaiye("department", "token", *BANK)
    assert code == 0, said
    token = renewed.decode().strip()
    assert token != out.decode().split()[1]
    (bank,) = Credentials(folder, COUNTY).users().departments
    last = today() + timedelta(days=364)
    assert bank == before[0].model_copy(update={"token": digest_of(token), "until": last})
    assert f"valid until {last}" in said
    code, out, said = await kaiye("department", "token", "school", "--system", "core", "--out", str(tmp_path / "school.token"))
    assert (code, out) == (2, b"")
    assert "is not listed" in said
    assert not (tmp_path / "school.token").exists()


async def test_another_token_brings_back_a_key_that_has_lapsed(bus: CountyBus, folder: DataFolder, kaiye: Kaiye) -> None:
    _, out, _ = await kaiye("department", "add", *BANK)
    seed = out.decode().split()[0]
    listed = Credentials(folder, COUNTY).users()
    lapsed = listed.departments[0].model_copy(update={"until": today() - timedelta(days=1)})
    folder.departments.write_text(users_toml({COUNTY: listed.model_copy(update={"departments": (lapsed,)})}))
    bus.renew_accounts()
    assert not lets_in(HOST, bus.port, seed)
    code, _, said = await kaiye("department", "token", *BANK, "--days", "2")
    assert (code, f"有效至 {today() + timedelta(days=1)}" in said) == (0, True), said
    assert lets_in(HOST, bus.port, seed)


async def test_an_older_list_with_the_office_in_another_role_is_mended_by_revoking_it(folder: DataFolder, kaiye: Kaiye) -> None:
    assert (await kaiye("department", "add", *BANK))[0] == 0
    assert (await kaiye("department", "add", "chuangjianban", "--system", "clerk", "--role", "office"))[0] == 0
    text = folder.departments.read_text()
    folder.departments.write_text(text.replace('role = "office"\n', ""))
    assert folder.departments.read_text() != text
    code, _, said = await kaiye("department", "list")
    assert (code, "kaiye department revoke chuangjianban --system clerk" in said) == (2, True), said
    assert "pydantic" not in said
    assert "validation error" not in said
    assert (await kaiye("department", "revoke", "chuangjianban", "--system", "clerk"))[0] == 0
    assert [user.department for user in Credentials(folder, COUNTY).users().departments] == ["bank"]


async def test_the_list_says_who_may_what_until_when(folder: DataFolder, kaiye: Kaiye) -> None:
    code, _, said = await kaiye(
        "department", "add", *BANK, "--may-report", "finance.loan_applied,finance.fact_voided", "--units", COUNTY, "--days", "1"
    )
    assert code == 0, said
    assert (await kaiye("department", "add", "auditor", "--system", "desk", "--role", "evaluator"))[0] == 0
    bank, auditor = orjson.loads((await kaiye("department", "list", "--json"))[1])
    assert (bank["may_report"], bank["units"], bank["valid"]) == (["finance.loan_applied", "finance.fact_voided"], [COUNTY], True)
    assert (auditor["role"], auditor["until"]) == ("evaluator", str(today() + timedelta(days=364)))
    assert (await kaiye("department", "list"))[1].decode().count("\n") == 2


@pytest.mark.parametrize(("words", "said"), [
    (("bank", "--system", "Core"), "--system：应为 1–32 位小写字母、数字、下划线或连字符 / 1 to 32 lower-case letters"),
    (("Bank", "--system", "core"), "NAME：应为 1–32 位小写字母"),
    (("kaiye", "--system", "core"), "系统自身的名称"),
    ((*BANK, "--role", "mayor"), "there is no role mayor"),
    ((*BANK, "--role", "office"), "the office is called chuangjianban"),
    (("chuangjianban", "--system", "clerk"), "its role has to be office, not department"),
    (("chuangjianban", "--system", "clerk", "--role", "evaluator"), "其角色须为 office，现为 evaluator"),
    ((*BANK, "--may-report", "finance.loan_imagined"), "no fact type finance.loan_imagined"),
    ((*BANK, "--units", "33"), "12 digits"),
    ((*BANK, "--units", "单位"), "单位代码应为12位数字：单位 / a unit code has 12 digits: 单位"),
    ((*BANK, "--units", "999999999999"), "--units：第 10 至 12 位既不是社区也不是行政村：999999999999 / positions 10–12 name neither"),
    ((*BANK, "--units", f"{COUNTY},330128100000"), "--units：330128100000 不在本县（330127000000），请去掉或更正 / 330128100000: not of"),
    ((*BANK, "--role", "evaluator", "--units", COUNTY), "reports nothing"),
])  # fmt: skip
async def test_what_makes_no_sense_is_refused_and_nobody_is_listed(
    folder: DataFolder, kaiye: Kaiye, words: tuple[str, ...], said: str
) -> None:
    code, out, told = await kaiye("department", "add", *words)
    assert (code, out) == (2, b"")
    assert said in told
    assert Credentials(folder, COUNTY).users().departments == ()


async def test_a_department_that_the_plan_does_not_have_is_taken_and_told(folder: DataFolder, kaiye: Kaiye) -> None:
    for words, told in (
        (("gsj", "--system", "core"), None),
        (
            ("gsjj", "--system", "core"),
            "方案中没有部门 gsjj，相近的有 gsj 工商局、wsj 卫生局、tjj 统计局；已照此签发 / the county's plan has no",
        ),
        (("gsjj", "--system", "other"), None),
        (("zhen01", "--system", "core"), "the county's plan has no department zhen01; it was taken as it is"),
        (("kaoping", "--system", "core", "--role", "evaluator"), None),
    ):
        code, _, said = await kaiye("department", "add", *words)
        assert (code, "the county's plan has no department" in said) == (0, told is not None), said
        assert told is None or told in said
    purpose = folder.purpose()
    assert purpose is not None
    folder.dedicate(purpose.model_copy(update={"county_folder": folder.path / "moved"}))
    assert (await kaiye("department", "add", *BANK))[0] == 0


@pytest.mark.parametrize("type", [type for type, reporter in REPORTERS.items() if reporter == "office"])
async def test_what_only_the_office_reports_is_given_to_nobody_else(folder: DataFolder, kaiye: Kaiye, type: str) -> None:
    wanted = ("--may-report", f"finance.loan_applied,{type}")
    code, out, said = await kaiye("department", "add", *BANK, *wanted)
    assert (code, out) == (2, b"")
    assert f"--may-report：{type} 只能由创建办（chuangjianban）报送" in said
    assert f"{type}: only the office (chuangjianban) reports this" in said.replace("\n", " ")
    assert "finance.loan_applied" not in said
    code, _, said = await kaiye("department", "add", "chuangjianban", "--system", "clerk", "--role", "office", *wanted)
    assert code == 0, said
    assert [user.may_report for user in Credentials(folder, COUNTY).users().departments] == [("finance.loan_applied", type)]


async def test_a_system_is_listed_once_and_revoked_by_name(folder: DataFolder, kaiye: Kaiye) -> None:
    assert (await kaiye("department", "add", *BANK))[0] == 0
    assert (await kaiye("department", "add", *BANK))[0] == 2
    code, _, said = await kaiye("department", "revoke", "bank", "--system", "other")
    assert (code, "the system other of bank is not listed" in said, "bank 的系统 other" in said) == (1, True, True), said
    code, _, said = await kaiye("department", "revoke", "nobody")
    assert (code, "nobody is not listed" in said) == (1, True), said
    assert (await kaiye("department", "revoke", *BANK))[0] == 0
    assert Credentials(folder, COUNTY).users().departments == ()


@pytest.mark.parametrize("file", ["kaiye.json", "ports.json"])
async def test_where_the_address_cannot_be_read_nothing_is_issued(folder: DataFolder, kaiye: Kaiye, tmp_path: Path, file: str) -> None:
    (folder.path / file).write_bytes(b"")
    code, out, said = await kaiye("department", "add", *BANK, "--out", str(tmp_path / "bank.seed"))
    assert (code, out, f"{file} cannot be read" in said) == (2, b"", True), said
    assert Credentials(folder, COUNTY).users().departments == ()
    assert not (tmp_path / "bank.seed").exists()
    (folder.path / file).unlink()
    assert (await kaiye("department", "add", *BANK, "--out", str(tmp_path / "bank.seed")))[0] == 0


async def test_a_folder_that_is_none_is_named(kaiye: Kaiye) -> None:
    code, _, said = await kaiye("department", "list")
    assert code == 2
    assert "is no data folder yet" in said
