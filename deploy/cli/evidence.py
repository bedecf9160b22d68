"""`kaiye evidence`: figures with everything that shows them, as a signed folder; and the check of such a folder, with nothing running."""

import asyncio
from contextlib import aclosing
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from deploy.cli import proofs
from deploy.cli.board import ask, ask_each
from deploy.cli.bundles import BundleArgument, KeyOption, fault_json, read_pinned, signed_by_text, told
from deploy.cli.common import EXIT_DIFFERENCE, BadInput, DataOption, JsonOption, said
from deploy.cli.given_facts import Days, FactsOption, PlanOption, opened_given, read_days, require_facts
from deploy.cli.plans import plan_path
from deploy.cli.queries import AsOfOption, download
from deploy.cli.rebuild import set_aside
from deploy.cli.usage import add_group
from deploy.data_folder import DEFAULT_FOLDER, DataFolder, Running

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from services.indicators.audit.bundle import Files
    from services.indicators.audit.evidence import Verdict

PRIVATE_KEY = "evidence.key"
PUBLIC_KEY = "evidence.pub"

KnownAtOption = Annotated[
    str | None,
    typer.Option(
        "--known-at", metavar="YYYY-MM-DD", help="已知日，缺省为今日，配合 --facts 时为最后一条记录的日期 / as known on this day; "
        "omitted: today, with --facts the day of the last record",
    ),
]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands."""
    evidence = add_group(
        app, "evidence", "证据包：签名的指标、事实、定义与方案 / evidence bundles: figures, facts, definitions and plan, signed", _evidence
    )
    evidence.command("export")(export)
    evidence.command("verify")(verify)
    evidence.command("prove")(proofs.prove)
    evidence.command("check-proof")(proofs.check_proof)
    evidence.command("consistency")(proofs.consistency)
    evidence.command("key")(key_pair)


def _evidence() -> None:
    """证据包：签名的指标、事实、定义与方案 / Evidence bundles: figures, facts, definitions and plan, signed."""


def export(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="新文件夹 / a new folder")],
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    facts: FactsOption = None,
    plan: PlanOption = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="FILE", exists=True, dir_okay=False,
            help="签名私钥，缺省为数据文件夹中的，没有则新建 / private key to sign with; omitted: the data folder's, made if it has none",
        ),
    ] = None,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """写出证据包：全部单位的指标和任务、事实、定义、方案，附签名 / Write a bundle: every unit's figures and duties, the facts, definitions
    and plan behind them, signed. The second engine makes the figures. Exits with 1 where the running system answers otherwise; nothing is
    written then.
    """
    from services.indicators.audit.bundle import require_new, write_bundle

    with told():
        require_new(out)
        require_facts(facts, plan)
        folder = DataFolder(data)
        if facts is None:
            running = folder.running()  # before a key is asked for
            files = asyncio.run(_of_running(running, as_of, known_at, _private_key(key, folder)))
        else:
            files = _of_file(facts, plan, read_days(as_of, known_at), _private_key(key, folder))
        write_bundle(out, files)
    said.print(f"证据包已写入 / the bundle was written to {out}", markup=False)


async def _of_running(running: Running, as_of: str | None, known_at: str | None, key: "Ed25519PrivateKey") -> "Files":
    """The bundle of what the running system has recorded, once its own answers are the same. Exits with 1 where one is not."""
    from services.indicators.audit.evidence import make_bundle
    from services.indicators.audit.records import check_history
    from services.indicators.evaluation.plan_file import PLAN_FILE

    board = orjson.loads(await ask(running, "/board", {"as_of": as_of, "known_at": known_at}))
    lines = BytesIO()
    await download(running, {}, lines)
    history = check_history(BytesIO(lines.getbuffer()), running.county)
    plan_text = (running.county_folder / PLAN_FILE).read_bytes()
    files = make_bundle(history, plan_text, date.fromisoformat(board["as_of"]), date.fromisoformat(board["known_at"]), key)
    await _compare_live(running, files, history.positions)
    return files


async def _compare_live(running: Running, files: "Files", positions: dict[str, int]) -> None:
    """Ask the running system what the bundle answers, of every unit, but for what it is rebuilding. Exits with 1 at a difference."""
    from deploy.audit.figures import rows_read_off
    from services.indicators.audit.evidence import first_difference
    from services.indicators.audit.manifest import BOARDS, DUTIES
    from services.indicators.catalog.duties import DUTY_STANDINGS

    # Asked first: what is being rebuilt later is so now.
    being_rebuilt = frozenset(orjson.loads(await ask(running, "/rebuild"))["being_rebuilt"])
    if being_rebuilt:
        said.print(set_aside(being_rebuilt), markup=False)
    aside = rows_read_off(being_rebuilt)
    asked = [("/board", BOARDS, "indicators")]
    if DUTY_STANDINGS.name not in being_rebuilt:
        asked.append(("/duties", DUTIES, "duties"))
    ours = [(path, rows, line) for path, name, rows in asked for line in files[name].splitlines()]
    compared = 0
    async with aclosing(ask_each(running, ((path, _question(line)) for path, _, line in ours))) as answers:
        for _, rows, line in ours:
            bundled, live = orjson.loads(line), orjson.loads(await anext(answers))
            if live.pop("positions") != positions and not bundled["final"]:
                continue  # it has gone on, and more can have become known on that day
            compared += 1
            del bundled["positions"]
            for answer in (bundled, live):
                answer[rows] = [row for row in answer[rows] if (row.get("id"), row.get("variant")) not in aside]
            if live != bundled:
                difference = first_difference(live, bundled, rows)
                said.print(f"与运行中的系统不符 / not what the running system answers: {difference}", markup=False)
                raise typer.Exit(EXIT_DIFFERENCE)
    if compared < len(ours):
        said.print(
            f"运行中的系统又有新记录，{len(ours) - compared} 份答复未能与之核对 / the running system has recorded more meanwhile: "
            f"{len(ours) - compared} answers could not be compared with its own"
        )
    said.print(f"与运行中的系统一致：{compared} 份答复 / the running system gives the same {compared} answers", markup=False)


def _question(line: bytes) -> dict[str, str]:
    answer = orjson.loads(line)
    return {name: answer[name] for name in ("unit", "as_of", "known_at")}


def _of_file(facts: Path, plan: Path | None, asked: Days, key: "Ed25519PrivateKey") -> "Files":
    """The bundle of recorded facts, or of another bundle's: of its days, or of earlier ones."""
    from services.indicators.audit.evidence import make_bundle
    from services.indicators.audit.manifest import PLAN
    from services.indicators.audit.records import History, check_history

    with opened_given(facts, plan) as given:
        plan_text = (facts / PLAN if plan is None else plan_path(plan)).read_bytes()
        recorded = given.history
        history = recorded if isinstance(recorded, History) else check_history(recorded.raws(), given.plan.county)
        as_of, known = given.days(asked) if given.as_of is not None else (asked.as_of, asked.known_at or given.last)
        return make_bundle(history, plan_text, as_of or known, known, key)


def verify(
    bundle: BundleArgument,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """核验证据包：先核对签名和每个字节，再重新计算每一个数 / Check a bundle, with nothing running: the signature and every byte first, then
    every figure is computed anew. Exits with 1 where something was changed or comes out otherwise, 2 where it cannot be judged.
    """
    from services.indicators.audit.evidence import verify_bundle

    with told():
        verdict = verify_bundle(bundle, read_pinned(key))
    if json:
        typer.echo(orjson.dumps(_as_json(verdict)))
    else:
        typer.echo(_as_text(verdict))
    if verdict.fault or verdict.difference:
        raise typer.Exit(EXIT_DIFFERENCE)


def _as_json(verdict: "Verdict") -> dict[str, Any]:
    manifest, fault = verdict.manifest, verdict.fault
    return {
        "ok": not (fault or verdict.difference), "pinned": verdict.pinned,
        "manifest": None if manifest is None else manifest.model_dump(mode="json", exclude={"files"}),
        "fault": None if fault is None else fault_json(fault),
        "units": verdict.units, "figures": verdict.figures, "difference": verdict.difference,
    }  # fmt: skip


def _as_text(verdict: "Verdict") -> str:
    lines = []
    manifest = verdict.manifest
    if manifest is not None:
        final = "已定 final" if manifest.final else "未定 not final"
        lines.append(f"{manifest.county} 截至 {manifest.as_of} as of · 已知 {manifest.known_at} known at · {final}")
        lines += [f"  {service} 1–{head.position}" for service, head in manifest.heads.items()]
        lines.append(signed_by_text(manifest.signed_by, pinned=verdict.pinned))
    if verdict.fault is not None:
        lines.append(f"{'已被改动 / altered' if manifest is None else '内容有误 / its content is wrong'}: {verdict.fault}")
    elif verdict.difference is not None:
        lines.append(f"重算不符 / recomputed otherwise: {verdict.difference}")
    else:
        lines.append(
            f"完好：每个字节与签名相符，{verdict.units} 个单位的 {verdict.figures} 个数重算无误 / well: every byte is as signed, "
            f"{verdict.figures} figures of {verdict.units} units come out the same"
        )
    return "\n".join(lines)


def key_pair(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", file_okay=False, help="写入的文件夹，没有则新建 / folder to write into")],
) -> None:
    """新建签名密钥：私钥仅本人可读，公钥交给核验的人 / Make a key to sign with, for its owner only, and its public key for evaluators."""
    with told():
        out.mkdir(parents=True, exist_ok=True)
        _make_keys(out)
    said.print(f"{out / PRIVATE_KEY}\n{out / PUBLIC_KEY}", markup=False)


def _private_key(file: Path | None, data: DataFolder) -> "Ed25519PrivateKey":
    """The key of a file, else of the data folder, which gets one when it first needs it. Raises KeyUnusable, BadInput."""
    from services.indicators.audit.signing import read_private_key

    if file is not None:
        return read_private_key(file)
    if data.purpose() is None:
        raise BadInput(
            f"{data.path} 不是数据文件夹，请用 --key 给出私钥（kaiye evidence key --out 可新建）/ "
            f"{data.path} is no data folder: give a private key with --key (kaiye evidence key --out makes one)"
        )
    private, public = data.path / PRIVATE_KEY, data.path / PUBLIC_KEY
    made = not private.exists()
    if made or not public.exists():
        _make_keys(data.path)
    if made:
        said.print(f"已新建签名密钥，公钥在 / a key was made to sign with, its public key is {public}", markup=False)
    return read_private_key(private)


def _make_keys(folder: Path) -> None:
    """Make both keys, or from a private key that was left alone its public key. Raises KeyUnusable, BadInput."""
    from services.indicators.audit.signing import generate_key, read_private_key, write_private_key, write_public_key

    private, public = folder / PRIVATE_KEY, folder / PUBLIC_KEY
    if public.exists() and not private.exists():
        raise BadInput(f"{public} 旁没有它的私钥，请先移走 / the private key of {public} is not beside it: move it away first")
    if private.exists() and not public.exists():
        key = read_private_key(private)
    else:
        key = generate_key()
        write_private_key(private, key)
    write_public_key(public, key.public_key())
