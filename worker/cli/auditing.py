"""`claims audit`: is anything lost between mailbox, ledger, raw store and outbox?"""

# ruff: noqa: PLC0415 - see the package

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from worker.cli.console import err, out
from worker.cli.progress import shown_progress
from worker.cli.starting import AsJson, open_record
from worker.domain.claim import reference
from worker.domain.counting import counted
from worker.terminal import NOTHING, words

if TYPE_CHECKING:
    from worker.auditing import AuditResult
    from worker.domain.gaps import Gap

app = typer.Typer()
EXAMPLES = """
Examples: `claims audit`; `claims audit --deep` (reads all raw mails, as after a crash
of a disk); `claims audit --no-mailbox --json`
"""
MOST_SHOWN = 200


@app.command(epilog=EXAMPLES)
def audit(
    *,
    deep: Annotated[
        bool, typer.Option("--deep", help="Compare the digests of all bytes too.")
    ] = False,
    has_mailbox: Annotated[
        bool,
        typer.Option("--mailbox/--no-mailbox", help="Ask the mail server as well."),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Compare server, ledger, raw store and outbox, and name every gap.

    Exit code 0: no gap; 1: there are gaps, or something is not there now; 2: wrong
    use. What is still on its way is no gap. It runs each night by itself, too.
    """
    from worker import auditing
    from worker import log as logs

    logs.configure(stream=sys.stderr, level="critical")
    parts = open_record()
    if has_mailbox:
        parts.settings.need("mailbox_url")
    try:
        with shown_progress() as progress:
            found = auditing.audit(
                parts, is_deep=deep, has_mailbox=has_mailbox, progress=progress
            )
        with parts.store.transaction() as work:
            auditing.keep(work, parts.store, found)
    finally:
        parts.close()
    if as_json:
        sys.stdout.write(json.dumps(_facts(found), indent=1) + "\n")
    else:
        _print(found)
    if found.gaps:
        raise typer.Exit(1)


def _print(found: "AuditResult") -> None:
    if found.gaps:
        table = Table("About", "UID", "Gap", box=None, padding=(0, 2, 0, 0))
        for gap in found.gaps[:MOST_SHOWN]:
            uid = NOTHING if gap.uid is None else f"{gap.uid} of {gap.uidvalidity}"
            table.add_row(_name(gap), uid, _sentence(gap))
        out.print(table)
        if len(found.gaps) > MOST_SHOWN:
            out.print(f"and {len(found.gaps) - MOST_SHOWN:,} more: see --json")
    counts = found.counts
    what = f"{counted(counts['mails'], 'mail')}, {counted(counts['claims'], 'claim')}"
    what += f" and {counted(counts['emails'], 'e-mail')}"
    beside = " with the mailbox and the raw store" if found.has_mailbox else ""
    number = len(found.gaps)
    end = f"[bold red]{counted(number, 'gap')}[/]" if number else "no gap"
    out.print(f"Compared {what}{beside or ' with the raw store'}: {end}.")
    for line in _notes(found):
        out.print(f"[dim]{line}[/]")
    if number:
        err.print("docs/recovery.md says what to do about each.")


def _notes(found: "AuditResult") -> list[str]:
    counts = found.counts
    notes = []
    if waiting := counts.get("not_read_yet", 0):
        notes.append(f"{counted(waiting, 'mail is', 'mails are')} not read yet.")
    if gone := counts.get("not_there", 0):
        stored = counted(gone, "stored mail is", "stored mails are")
        notes.append(f"{stored} in the mailbox no more.")
    if counts["open"]:
        mails = counted(counts["open"], "mail is", "mails are")
        notes.append(f"{mails} being worked on.")
    if counts["dead_letters"]:
        letters = counted(counts["dead_letters"], "dead letter")
        notes.append(f"{letters}: `claims dead list`.")
    for reason, number in sorted(found.reasons.items()):
        claims = counted(number, "claim")
        notes.append(f"{claims} without acknowledgement: {words(reason)}.")
    return notes


def _name(gap: "Gap") -> str:
    kind, _, number = gap.ref.partition(":")
    if kind == "claim":
        return reference(int(number))
    return f"{'e-mail' if kind == 'email' else kind} {number}"


def _sentence(gap: "Gap") -> str:
    from worker.domain.gaps import SENTENCES

    return SENTENCES[gap.code]


def _facts(found: "AuditResult") -> dict[str, object]:
    return {
        "gaps": [
            {
                "code": gap.code,
                "ref": gap.ref,
                "uid": gap.uid,
                "uidvalidity": gap.uidvalidity,
                "says": _sentence(gap),
            }
            for gap in found.gaps
        ],
        "counts": found.counts,
        "reasons_for_no_acknowledgement": found.reasons,
        "deep": found.is_deep,
        "mailbox": found.has_mailbox,
    }
