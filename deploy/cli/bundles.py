"""What the commands about evidence bundles share: their options, and what is told of a bundle."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.cli.common import EXIT_DIFFERENCE, BadInput, refused, said

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from services.indicators.audit.bundle import Intact
    from services.indicators.audit.manifest import Altered

BundleArgument = Annotated[
    Path, typer.Argument(metavar="BUNDLE", exists=True, file_okay=False, help="证据包文件夹 / the folder of a bundle")
]
KeyOption = Annotated[
    Path | None,
    typer.Option(
        "--key", metavar="FILE", exists=True, dir_okay=False,
        help="公钥，另行取得的；缺省用自带的，称为未钉定 / public key obtained elsewhere; omitted: the enclosed one, called unpinned",
    ),
]  # fmt: skip


@contextmanager
def told() -> Iterator[None]:
    """What cannot be done, as bad input."""
    from services.indicators.answers import BadQuestionError
    from services.indicators.audit.manifest import BundleUnusable
    from services.indicators.audit.records import BadRecords
    from services.indicators.audit.signing import KeyUnusable

    try:
        yield
    except (BadRecords, BundleUnusable, KeyUnusable) as error:
        raise BadInput(str(error)) from error
    except BadQuestionError as error:
        raise refused(error.code, error.zh, error.en, of_facts=True) from error
    except BrokenPipeError:  # whoever reads has seen enough
        raise
    except OSError as error:
        raise BadInput(f"无法读写 {error.filename} / {error.filename} cannot be read or written: {error.strerror}") from error


def read_pinned(key: Path | None) -> "Ed25519PublicKey | None":
    """The public key of a file from elsewhere, if one was given. Raises KeyUnusable."""
    from services.indicators.audit.signing import read_public_key

    return None if key is None else read_public_key(key)


def read_intact(folder: Path, pinned: "Ed25519PublicKey | None" = None) -> "Intact":
    """A bundle whose every byte is as it was signed. Exits with 1 where one is not. Raises BundleUnusable."""
    from services.indicators.audit.bundle import check_integrity, read_bundle
    from services.indicators.audit.manifest import Altered

    try:
        return check_integrity(read_bundle(folder), pinned)
    except Altered as error:
        said.print(f"{folder} 已被改动 / {folder} was altered: {error}", markup=False)
        raise typer.Exit(EXIT_DIFFERENCE) from error


def fault_json(fault: "Altered") -> dict[str, Any]:
    """A fault, for programs."""
    return {"file": fault.file, "line": fault.line, "zh": fault.zh, "en": fault.en}


def signed_by_text(key: str, *, pinned: bool) -> str:
    """Who signed, as far as that can be told."""
    unpinned = "（未钉定：公钥是自带的，不能说明由谁签发 / unpinned: the enclosed key does not show who signed）"
    return f"签名公钥 / signed by {key}{'' if pinned else unpinned}"
