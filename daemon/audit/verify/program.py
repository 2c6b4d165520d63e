"""The program: what it is asked, and what it tells."""

import argparse
import io
import sys
import zipfile
from pathlib import Path

from .checking import Asked, Report, verify
from .faults import VerificationError
from .forms import DIGEST
from .source import source
from .texts import say
from .witnesses import Witness


def main(argv: list[str] | None = None) -> int:
    """The program; `argv` without its name. Exit status 0 verified, 1 not, 2 usage or unreadable, 3 verified, and
    entries under a checkpoint or receipt that was given are lost."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    options = _options(argv)
    asked = Asked(options.known, frozenset(options.key), tuple(options.witness), tuple(options.receipt))
    try:
        report = verify(source(options.export), asked)
    except VerificationError as no:
        say("[NG]", no.code, **no.where)
        say("[NG]", "not_verified")
        return 1
    except (OSError, zipfile.BadZipFile) as error:
        name = getattr(error, "filename", None) or options.export
        say("[NG]", "unreadable", file=ascii(Path(str(name)).name))
        return 2
    _tell_checked(report)
    _tell_findings(report)
    _tell_open(report)
    if report.epochs.lost:
        say("[!!]", "verified_lost", n=len(report.epochs.lost))
        return 3
    say("[OK]", "verified")
    return 0


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "jukura-verify", description="監査ログの検証 / Verifies an exported audit log."
    )
    parser.add_argument("export", type=Path, metavar="DIR|ZIP", help="書き出されたもの / what was exported")
    parser.add_argument(
        "--known", type=_file, metavar="FILE", help="以前に控えたチェックポイント / checkpoints kept earlier"
    )
    parser.add_argument(
        "--key", type=_fingerprint, action="append", default=[], metavar="SHA256",
        help="公開鍵の指紋 (何度でも) / fingerprint of a key that may sign and vouch for others; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--witness", type=Witness.parse, action="append", default=[], metavar="VKEY",
        help="立会人の検証鍵 (何度でも) / verifier key of a witness; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--receipt", type=_file, action="append", default=[], metavar="FILE",
        help="受領証 (何度でも) / a receipt to be found in this log; may be repeated",
    )  # fmt: skip
    return parser.parse_args(argv)


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError("no such file")
    return Path(text)


def _fingerprint(text: str) -> str:
    plain = text.replace(":", "").lower()
    if not DIGEST.fullmatch(plain):
        raise argparse.ArgumentTypeError("64 hex digits")
    return plain


def _tell_checked(report: Report) -> None:
    made, trust, read = report.manifest, report.trust, report.read
    say("[OK]", "manifest", n=len(made.files), ident=made.note.text[2], time=made.time)
    since, until = report.span
    say(
        "[OK]",
        "span" if made.first else "span_whole",
        first=made.first,
        end=made.end,
        since=since,
        until=until,
    )
    purges, gone, proven = report.purged
    for code, n in (("signatures", report.checkpoints), ("statements", len(trust.kinds)),
                    ("entries", report.verified), ("opened", read.opened)):  # fmt: skip
        say("[OK]", code, n=n, origin=made.origin)
    for key, word in trust.endorsed.items():
        say("[OK]", "endorsed", key=key, **word._asdict())
    for n, code in (
        (len(trust.pinned), "pinned"),
        (report.known, "known"),
        (read.held, "held"),
        (purges, "purged"),
    ):
        if n:
            say("[OK]", code, n=n, end=gone, proven=proven)
    lost = [lost.claim for lost in report.epochs.lost]
    for receipt in report.receipts:
        if receipt.checkpoint.size not in report.known_open and receipt.checkpoint not in lost:
            say("[OK]", "receipt", **receipt._asdict())
    for witness in report.cosigned.witnesses:
        n = report.cosigned.counts[witness.name]
        if n:
            say("[OK]", "witness", name=witness.name, n=n, size=report.cosigned.last[witness.name])


def _tell_findings(report: Report) -> None:
    trust, epochs = report.trust, report.epochs
    for opening in epochs.openings:
        say("[!!]", "epoch", **opening.told)
    for claim, opening in epochs.lost:
        code = "lost" if opening.kept < claim.size else "lost_other"
        say("[!!]", code, **claim.place, claimed=claim.size, **opening.told)
    for code, counter, words in (("after_end", trust.after_end, trust.ended),
                                 ("before_start", trust.before_start, trust.endorsed)):  # fmt: skip
        for key, n in counter.items():
            if n:
                say("[!!]", code, key=key, n=n, number=words[key].number, time=words[key].time)
    for witness in report.cosigned.witnesses:
        if not report.cosigned.counts[witness.name]:
            say("[!!]", "not_cosigned", name=witness.name)
    for code, n in (("early", report.early), ("clock_back", report.read.clock_back)):
        if n:
            say("[!!]", code, n=n)


def _tell_open(report: Report) -> None:
    made, trust, read = report.manifest, report.trust, report.read
    for fingerprint in sorted(trust.roots - trust.pinned):
        say("[--]", "unpinned", key=fingerprint)
    for size in report.known_open:
        say("[--]", "known_open", size=size)
    for opening in report.epochs.unproven:
        say("[--]", "epoch_unproven", **opening.told)
    if made.first:
        say("[--]", "before", first=made.first, gone=min(report.purged[1], made.first))
    counts = (("withheld", read.sealed - read.opened), ("no_known", not (report.known or report.known_open or report.epochs.lost)),
              ("no_witness", not report.cosigned.witnesses), ("timestamps", report.timestamps),
              ("order", len(report.signers & trust.endorsed.keys())), ("extra_files", report.extra), ("not_evidence", 1))  # fmt: skip
    for code, n in counts:
        if n:
            say("[--]", code, n=n)
