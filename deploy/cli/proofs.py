"""`kaiye evidence prove`, `check-proof` and `consistency`: one fact, or what came between two bundles, shown without the rest."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from deploy.cli.bundles import BundleArgument, KeyOption, fault_json, read_intact, read_pinned, signed_by_text, told
from deploy.cli.common import EXIT_DIFFERENCE, BadInput, JsonOption
from shared.contracts.base import Service

if TYPE_CHECKING:
    from services.indicators.audit.merkle import TreeHead
    from services.indicators.audit.proofs import Growth, Proved


def prove(
    bundle: BundleArgument,
    service: Annotated[Service, typer.Argument(metavar="SERVICE", help="registry、training 或 finance / one of these")],
    position: Annotated[int, typer.Argument(metavar="POSITION", min=1, help="第几条 / the record's position")],
) -> None:
    """证明一条事实在证据包中：该事实、路径和已签名的清单，不含其他事实 / Prove that one fact is among a bundle's: JSON with its exact
    bytes, its path in the Merkle tree and the signed manifest, and nothing of the other facts. The bundle's bytes are checked first.
    Exits with 1 where one was changed.
    """
    from services.indicators.audit.proofs import prove_fact

    with told():
        typer.echo(prove_fact(read_intact(bundle), service, position).text, nl=False)


def check_proof(
    proof: Annotated[Path, typer.Argument(metavar="PROOF", exists=True, dir_okay=False, help="kaiye evidence prove 的输出 / its output")],
    key: KeyOption = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", metavar="BUNDLE", exists=True, file_okay=False, help="须出自这个证据包 / it must be about this bundle"),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            "--head", metavar="SIZE:ROOT", help="另行公布的树，大小和树根缺一不可 / the tree's size and root, published elsewhere"
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """核验一条事实的证明 / Check the proof of one fact, with nothing else at hand. Exits with 1 where it does not hold."""
    from services.indicators.audit.bundle import read_bundle
    from services.indicators.audit.manifest import MANIFEST, Altered
    from services.indicators.audit.proofs import FactProof, check_fact

    with told():
        pinned, given = read_pinned(key), None if head is None else _head(head)
        read = FactProof.read(proof.read_bytes())
        try:
            found = check_fact(read, pinned, given)
            if bundle is not None and read_bundle(bundle).get(MANIFEST) != read.manifest.encode():
                raise Altered("manifest", f"不是 {bundle} 的清单", f"is not that of {bundle}")
        except Altered as error:
            typer.echo(
                orjson.dumps({"ok": False, "fault": fault_json(error)}) if json else f"证明不成立 / the proof does not hold: {error}"
            )
            raise typer.Exit(EXIT_DIFFERENCE) from error
    _show_proved(found, pinned=pinned is not None, published=given is not None, json=json)


def _show_proved(found: "Proved", *, pinned: bool, published: bool, json: bool) -> None:
    """What was shown: with a key by whom it was signed, with a published head that the fact is in that tree."""
    record, manifest = found.record, found.manifest
    if json:
        typer.echo(orjson.dumps({
            "ok": True, "pinned": pinned, "published": published, "key": manifest.signed_by, "county": manifest.county,
            "known_at": manifest.known_at, "service": record.service, "position": record.position, "head": found.head.to_json(),
            "record": orjson.loads(record.raw),
        }))  # fmt: skip
        return
    tree = "\n  在所给的已公布的树中 / in the published tree that was given" if published else ""
    typer.echo(
        f"证明成立：{manifest.county} 的 {record.service} 第 {record.position} 条，{manifest.known_at} 已知 / the proof holds: "
        f"{record.service}'s position {record.position}, known on {manifest.known_at}\n"
        f"  {record.type} {record.source} {record.id} {record.occurred}{tree}\n"
        f"{signed_by_text(manifest.signed_by, pinned=pinned)}"
    )


def _head(text: str) -> "TreeHead":
    from services.indicators.audit.merkle import ProofRejected, TreeHead

    size, _, root = text.partition(":")
    try:
        return TreeHead.from_json({"tree_size": int(size), "root": root})
    except (ValueError, ProofRejected) as error:
        raise BadInput(
            f"--head 应写作 大小:树根，树根为 64 位十六进制：{text} / --head is written SIZE:ROOT, ROOT in hex: {text}"
        ) from error


def consistency(
    older: Annotated[Path, typer.Argument(metavar="OLDER", exists=True, file_okay=False, help="较早的证据包 / the earlier bundle")],
    newer: Annotated[Path, typer.Argument(metavar="NEWER", exists=True, file_okay=False, help="较晚的证据包 / the later bundle")],
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """两个证据包之间历史未被改写：逐项服务给出并核验一致性证明 / Show of each service that the later bundle only added to the earlier
    one, by a consistency proof checked against both. Exits with 1 where a history was rewritten, and names the service and the position.
    """
    from services.indicators.audit.proofs import growth

    with told():
        pinned = read_pinned(key)
        bundles = read_intact(older, pinned), read_intact(newer, pinned)
        found = growth(*bundles)
    keys = [bundle.manifest.signed_by for bundle in bundles]
    well = all(each.proof for each in found)
    if json:
        services = [each.to_json() for each in found]
        typer.echo(orjson.dumps({"ok": well, "pinned": pinned is not None, "keys": keys, "services": services}))
    else:
        lines = [*map(_growth_text, found), *(signed_by_text(key, pinned=pinned is not None) for key in dict.fromkeys(keys))]
        typer.echo("\n".join(lines))
    if not well:
        raise typer.Exit(EXIT_DIFFERENCE)


def _growth_text(growth: "Growth") -> str:
    service, first, more = growth.service, growth.older.tree_size, growth.newer.tree_size - growth.older.tree_size
    if growth.proof is None and growth.rewritten == growth.newer.tree_size + 1:
        last = growth.newer.tree_size
        return (
            f"{service}：较晚的只到第 {last} 条，较早的到第 {first} 条：被截去，或两个证据包先后颠倒 / "
            f"the later bundle ends at position {last}, the earlier at {first}: it was cut off, or the two are given in the wrong order"
        )
    if growth.proof is None:
        return f"{service}：历史被改写，自第 {growth.rewritten} 条起 / history was rewritten from position {growth.rewritten} on"
    return f"{service}：前 {first} 条未改，新增 {more} 条 / the first {first} stand as they were, {more} were added"
