"""Commands about what is kept: retention, legal holds, and forgetting a member."""

# ruff: noqa: PLC0415 - see the package

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from worker.cli.console import out, warn
from worker.cli.starting import AsJson, help_alone, open_record
from worker.domain.counting import counted
from worker.domain.errors import UsageError, WrongUse
from worker.terminal import NOTHING, words

if TYPE_CHECKING:
    from worker.bootstrap import Parts
    from worker.recovering import Recovered

app = typer.Typer()
legal_hold = typer.Typer(
    help="Legal holds: what nothing may delete.",
    invoke_without_command=True,
    callback=help_alone,
)
app.add_typer(legal_hold, name="legal-hold")
By = Annotated[str, typer.Option(help="Who does it; stands in the log.")]
Claim = Annotated[str | None, typer.Argument(help="A claim, such as CLM-12.")]
Member = Annotated[str | None, typer.Option(help="All claims of this member.")]


@app.command(
    epilog="Examples: `claims retain` (counts); `claims retain --apply --by jane`"
)
def retain(
    *,
    is_applied: Annotated[
        bool, typer.Option("--apply", help="Delete it; without, it is only counted.")
    ] = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Delete what CLAIMS_RETENTION keeps no longer, or count it.

    Exit code 0: done, or counted; 1: not possible now; 2: wrong use. Legal holds stand
    above it, and open claims are never touched.
    """
    from worker import retaining

    if is_applied and not by:
        raise WrongUse("--apply goes with --by: who does it stands in the log")
    parts = open_record()
    due = retaining.plan(parts)
    gone = retaining.apply(parts, by=by) if is_applied else {}
    if is_applied and any(gone.values()):
        parts.store.holds.compact()
    if as_json:
        facts = [
            {
                "class": one.what,
                "kept_since": one.before and one.before.isoformat(),
                "due": one.count,
                "deleted": gone.get(one.what, 0),
            }
            for one in due
        ]
        sys.stdout.write(json.dumps(facts, indent=1) + "\n")
        return
    table = Table("Class", "Kept since", "Deleted" if is_applied else "Would go")
    for one in due:
        since = "for ever" if one.before is None else f"{one.before:%Y-%m-%d}"
        count = gone.get(one.what, 0) if is_applied else one.count
        table.add_row(words(one.what), since, f"{count:,}" if one.before else NOTHING)
    out.print(table)
    if not is_applied and any(one.count for one in due):
        out.print("Nothing was deleted: `claims retain --apply --by NAME` does it.")


@app.command(
    epilog="Examples: `claims erase --member M104233`;"
    " `claims erase --member M104233 --basis request --by jane --apply`;"
    " `claims erase --again --by jane` (after a backup was put back)"
)
def erase(
    by: By = "",
    *,
    member: Annotated[
        str | None, typer.Option(help="The member's id in the order directory.")
    ] = None,
    basis: Annotated[str, typer.Option(help="request, authority or mistake.")] = "",
    is_applied: Annotated[
        bool, typer.Option("--apply", help="Erase; without, it is only counted.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Everybody of the log once more.")
    ] = False,
    log: Annotated[
        Path | None, typer.Option(help="That log, where it is not in the data folder.")
    ] = None,
) -> None:
    """Forget a member: claims, mails, answers, the directory's entry.

    Exit code 0: done, or counted; 1: a hold or an open claim stands against it,
    nothing is known of the member, or lines of the log are damaged or of another
    secret key; 2: wrong use. Numbers, states, dates and amounts of
    the claims stay, and so do the UIDs of the mails, so that nothing is read from the
    mailbox again.
    """
    from worker import erasing

    if again == (member is not None):
        raise WrongUse("name a --member, or say --again")
    if (again or is_applied) and not by:
        raise WrongUse("say --by: who does it stands in the log")
    if is_applied and basis not in erasing.BASES:
        raise WrongUse(f"--basis is one of {', '.join(erasing.BASES)}")
    parts = open_record()
    if member is None:
        done = erasing.erase_again(parts, log, by=by)
        one, many = "member of the log was", "members of the log were"
        there = counted(done.members, one, many)
        out.print(f"{there} there; what there was of them is erased again.")
        if done.lacks:
            warn(done.lacks)
        return
    found = erasing.erase(parts, member, by=by, basis=basis, is_applied=is_applied)
    if not found.is_known:
        raise UsageError(
            f"nothing is known of member {member}: no claim, mail, order or points"
        )
    what = f"{counted(found.claims, 'claim')} and {counted(found.mails, 'mail')}"
    if is_applied:
        out.print(f"Erased: {what}. Copy erasures.jsonl to where backups are.")
    else:
        out.print(f"{what} would be erased: add --apply, --basis and --by.")


@app.command(
    epilog="Example: `claims recover --backup-at 2026-11-18T02:00Z"
    " --lost-at 2026-11-18T03:10Z --sent /var/log/mail.log --by jane`"
)
def recover(
    backup_at: Annotated[str, typer.Option(help="When the backup was made, ISO 8601.")],
    by: By,
    *,
    lost_at: Annotated[
        str | None, typer.Option(help="Up to when the lost record ran; else now.")
    ] = None,
    sent: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Holds the Message-IDs that went out since."),
    ] = None,
) -> None:
    """Make a restored backup safe to run, before anything else runs.

    E-mails of which nobody knows whether they went out are held: `claims held`. Those
    in FILE and in CLAIMS_SENT_FOLDER count as sent. Who was erased is erased again.
    """
    from worker import recovering
    from worker.cli.looking import instant

    parts = open_record()
    found = recovering.recover(
        parts,
        backup_at=instant(backup_at, "--backup-at"),
        lost_at=parts.clock.now() if lost_at is None else instant(lost_at, "--lost-at"),
        sent_list=sent,
        by=by,
    )
    emails = counted(found.known, "e-mail is", "e-mails are")
    out.print(
        f"{emails} known to have gone out. Of what was still to be sent,"
        f" {found.sent:,} went out; held: {found.held:,}."
    )
    if found.erased:
        members = counted(found.erased, "erased member was", "erased members were")
        out.print(f"{members} there again, and no longer.")
    if found.refused:
        warn(found.refused)
    out.print("\nNext:")
    for number, step in enumerate(_after_recovery(found), 1):
        out.print(f"{number}. {step}", soft_wrap=True)


def _after_recovery(found: "Recovered") -> list[str]:
    """Return what is to be done after a recovery, in order. Source: docs/backup.md."""
    erased = "`claims erase --again --by NAME`: erased members may be in the mailbox."
    return [
        "`claims serve`: what came in since is read again, and answered once only.",
        *([erased] if found.has_erasures else []),
        "`claims audit`: names what is missing; docs/recovery.md says what to do.",
        "`claims held`: look at each of them; `claims release` or `claims discard` it.",
    ]


@legal_hold.command(
    epilog="Example: `claims legal-hold add CLM-12 --reason 'court, 4 C 12' --by jane`"
)
def add(
    by: By,
    reason: Annotated[str, typer.Option(help="Why; stands in the log.")],
    claim: Claim = None,
    *,
    member: Member = None,
) -> None:
    """Let nothing delete a claim, or any claim of a member."""
    parts, number, key = _about(claim, member)
    from worker.adapters.store import holds

    with parts.store.transaction() as work:
        is_new = holds.hold(
            work.session,
            claim_id=number,
            member_key=key,
            reason=reason,
            by=by,
            at=work.at,
        )
    if not is_new:
        raise UsageError("that hold stands already: see `claims legal-hold list`")
    out.print("On hold: neither retention nor erasure touches it.")


@legal_hold.command(epilog="Example: `claims legal-hold lift CLM-12 --by jane`")
def lift(by: By, claim: Claim = None, *, member: Member = None) -> None:
    """End a hold."""
    parts, number, key = _about(claim, member)
    from worker.adapters.store import holds

    with parts.store.transaction() as work:
        is_done = holds.lift(
            work.session, claim_id=number, member_key=key, by=by, at=work.at
        )
    if not is_done:
        raise UsageError("there is no such hold: see `claims legal-hold list`")
    out.print("The hold is lifted.")


@legal_hold.command("list", epilog="Example: `claims legal-hold list`")
def list_holds() -> None:
    """List the holds that stand, oldest first."""
    from worker.domain.claim import reference

    holds = open_record().store.holds.listed()
    if not holds:
        out.print("No legal hold stands.")
        return
    table = Table("about", "since", "by", "why")
    for one in holds:
        about = (
            f"member {one.member_key}"
            if one.claim_id is None
            else reference(one.claim_id)
        )
        table.add_row(about, f"{one.at:%Y-%m-%d}", one.by, one.reason)
    out.print(table)


def _about(
    claim: str | None, member: str | None
) -> tuple["Parts", int | None, str | None]:
    from worker.decide import find_claim
    from worker.domain.orders import normal_id

    if (claim is None) == (member is None):
        raise WrongUse("name one claim, or a --member")
    parts = open_record()
    if member is not None:
        return parts, None, normal_id(member)
    return parts, find_claim(parts, claim or "").claim_id, None
