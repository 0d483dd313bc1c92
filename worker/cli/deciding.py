"""Commands by which a person decides, until and beside the desk."""

from typing import Annotated

import typer
from rich.markup import escape

from worker import decide
from worker.bootstrap import Parts
from worker.cli import report
from worker.cli.console import out
from worker.domain.errors import UsageError
from worker.settings import Settings

app = typer.Typer()

Claim = Annotated[str, typer.Argument(help="The claim's number, such as CLM-000012.")]
By = Annotated[str, typer.Option(help="Who decides; stands in the history.")]
Reason = Annotated[
    str, typer.Option(help="Said to the member; empty lines make paragraphs.")
]

HeldEmails = Annotated[
    list[int] | None, typer.Argument(help="Numbers from `claims held`.")
]
HeldFor = Annotated[
    str | None,
    typer.Option("--held-for", help="All that are held for this reason."),
]


@app.command(epilog="Example: `claims approve CLM-000012 --amount 124.00 --by jane`")
def approve(
    claim: Claim,
    by: By,
    amount: Annotated[
        str | None,
        typer.Option(help="USD; may be left out when the proposal is final."),
    ] = None,
    reason: Reason = "",
) -> None:
    """Approve a claim and send the decision."""
    parts = _parts()
    found = decide.find_claim(parts, claim)
    _say(decide.approve(parts, found, amount=amount, by=by, reason=reason))


@app.command(epilog="Example: `claims reject CLM-000012 --clause C11 --by jane`")
def reject(
    claim: Claim,
    by: By,
    clause: Annotated[
        list[str] | None,
        typer.Option(help="The clause relied on; repeatable; default: what failed."),
    ] = None,
    reason: Reason = "",
) -> None:
    """Reject a claim by its clauses and send the decision."""
    parts = _parts()
    found = decide.find_claim(parts, claim)
    _say(decide.reject(parts, found, clauses=tuple(clause or ()), by=by, reason=reason))


@app.command(
    epilog="Example: `claims complete CLM-000012 --reference PAY-881 --by jane`"
)
def complete(
    claim: Claim,
    by: By,
    reference: Annotated[str, typer.Option(help="The payment's reference.")],
) -> None:
    """Record the payment of an approved claim and send the completion notice."""
    parts = _parts()
    found = decide.find_claim(parts, claim)
    _say(decide.complete(parts, found, by=by, reference=reference))


@app.command(epilog="Example: `claims held`")
def held() -> None:
    """List the e-mails that wait for a person, and why."""
    report.print_held(_parts().store.outbox.held())


@app.command(epilog="Example: `claims release 7 8 --by jane`")
def release(
    by: By,
    emails: HeldEmails = None,
    held_for: HeldFor = None,
) -> None:
    """Send held e-mails after all, as they were written."""
    parts = _parts()
    for email_id in _chosen(parts, emails, held_for):
        subject = decide.release(parts, email_id, by=by)
        out.print(f"E-mail {email_id} is on its way: {escape(subject)}")


@app.command(
    epilog="Example: `claims discard --held-for breaker --by jane --reason loop`"
)
def discard(
    by: By,
    reason: Annotated[str, typer.Option(help="Why; stands in the claim's history.")],
    emails: HeldEmails = None,
    held_for: HeldFor = None,
) -> None:
    """Give up held e-mails: they are kept, and not sent again."""
    parts = _parts()
    for email_id in _chosen(parts, emails, held_for):
        subject = decide.discard(parts, email_id, by=by, reason=reason)
        out.print(f"E-mail {email_id} is discarded: {escape(subject)}")


def _chosen(parts: Parts, emails: list[int] | None, held_for: str | None) -> list[int]:
    """Return the e-mails that are named, or all that are held for one reason."""
    if bool(emails) == bool(held_for):
        raise UsageError("name the e-mails by number, or the reason with --held-for")
    if emails:
        return emails
    if held_for is None:
        return []
    found = parts.store.outbox.held_for(held_for)
    if not found:
        reasons = parts.store.outbox.held_reasons()
        there = f"there are: {', '.join(reasons)}" if reasons else "nothing is held"
        raise UsageError(f"no e-mail is held for {held_for!r}; {there}")
    return found


def _parts() -> Parts:
    return Parts(Settings.from_env(), with_redis=False)


def _say(done: decide.Done) -> None:
    what = {"queued": "the e-mail is on its way", "held": "the e-mail is held"}
    words = what.get(done.email_status, done.email_status)
    out.print(f"{done.claim.ref} is now [bold]{done.claim.state}[/]; {words}.")
