"""Commands by which a person decides, until and beside the desk."""

# ruff: noqa: PLC0415 - see the package

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Concatenate, ParamSpec

import typer
from rich.markup import escape

from worker.cli.console import out
from worker.cli.starting import open_record
from worker.domain.amounts import Condition
from worker.domain.errors import UsageError, WrongUse
from worker.terminal import words

if TYPE_CHECKING:
    from worker.bootstrap import Parts
    from worker.decide import Done
    from worker.domain.claim import Claim as FoundClaim

Given = ParamSpec("Given")
app = typer.Typer()
REVIEW, PAYMENT, HELD = "Review", "Payment", "Held e-mails"
"""How the page of help groups the commands."""

Claim = Annotated[str, typer.Argument(help="The claim's number, such as CLM-000012.")]
By = Annotated[str, typer.Option(help="Who decides; stands in the history.")]
Why = Annotated[str, typer.Option(help="Why; stands in the history.")]
Reason = Annotated[
    str, typer.Option(help="Said to the member; empty lines make paragraphs.")
]

Packaging = Annotated[
    Condition, typer.Option(help="What the photos show of the box (damage).")
]
Contents = Annotated[
    Condition, typer.Option(help="What the photos show of the contents (damage).")
]
HeldEmails = Annotated[
    list[int] | None, typer.Argument(help="Numbers from `claims held`.")
]
HeldFor = Annotated[
    str | None,
    typer.Option("--held-for", help="All that are held for this reason."),
]


@app.command(
    rich_help_panel=REVIEW,
    epilog="Examples: `claims approve CLM-12 --by jane`;"
    " `claims approve CLM-12 --amount 124.00 --reason 'the lamp works' --by jane`",
)
def approve(
    claim: Claim,
    by: By,
    amount: Annotated[
        str | None,
        typer.Option(help="USD; may be left out when the proposal is final."),
    ] = None,
    packaging: Packaging = Condition.UNKNOWN,
    contents: Contents = Condition.UNKNOWN,
    reason: Reason = "",
) -> None:
    """Approve a claim and send the decision."""
    from worker import decide

    act_on(
        claim,
        decide.approve,
        amount=amount,
        by=by,
        reason=reason,
        packaging=packaging,
        contents=contents,
    )


@app.command(
    rich_help_panel=REVIEW,
    epilog="Example: `claims reject CLM-000012 --clause C11 --by jane`",
)
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
    from worker import decide

    act_on(claim, decide.reject, clauses=tuple(clause or ()), by=by, reason=reason)


@app.command(
    rich_help_panel=PAYMENT,
    epilog="Example: `claims complete CLM-000012 --reference PAY-881 --by jane`",
)
def complete(
    claim: Claim,
    by: By,
    reference: Annotated[str, typer.Option(help="The payment's reference.")],
) -> None:
    """Record the payment of an approved claim and send the completion notice."""
    from worker import decide

    act_on(claim, decide.complete, by=by, reference=reference)


@app.command(
    rich_help_panel=HELD,
    epilog="Example: `claims held`",
)
def held() -> None:
    """List the e-mails that wait for a person, and why."""
    from worker.cli import report

    report.print_held(open_record().store.outbox.held())


@app.command(
    rich_help_panel=HELD,
    epilog="Example: `claims release 7 8 --by jane`",
)
def release(
    by: By,
    emails: HeldEmails = None,
    held_for: HeldFor = None,
) -> None:
    """Send held e-mails after all, as they were written."""
    from worker import decide

    parts = open_record()
    for email_id in _chosen(parts, emails, held_for):
        subject = decide.release(parts, email_id, by=by)
        text = f"E-mail {email_id} {_goes_out(parts)}: {escape(subject)}"
        out.print(text, soft_wrap=True)


@app.command(
    rich_help_panel=HELD,
    epilog="Example: `claims discard --held-for breaker --by jane --reason loop`",
)
def discard(
    by: By,
    reason: Annotated[str, typer.Option(help="Why; stands in the claim's history.")],
    emails: HeldEmails = None,
    held_for: HeldFor = None,
) -> None:
    """Give up held e-mails: they are kept, and not sent again."""
    from worker import decide

    parts = open_record()
    for email_id in _chosen(parts, emails, held_for):
        subject = decide.discard(parts, email_id, by=by, reason=reason)
        out.print(f"E-mail {email_id} is discarded: {escape(subject)}")


def _chosen(
    parts: "Parts", emails: list[int] | None, held_for: str | None
) -> list[int]:
    """Return the e-mails that are named, or all that are held for one reason."""
    if bool(emails) == bool(held_for):
        raise WrongUse("name the e-mails by number, or the reason with --held-for")
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


def act_on(
    claim: str,
    act: "Callable[Concatenate[Parts, FoundClaim, Given], Done]",
    *given: Given.args,
    **options: Given.kwargs,
) -> "tuple[Parts, Done]":
    """Let a person's decision happen to a claim, print and return what became of it.

    What the worker does to the claim at the same time does not stand against it.
    """
    from worker import decide

    parts = open_record()
    found = decide.find_claim(parts, claim)
    done = decide.insist(parts, found, lambda one: act(parts, one, *given, **options))
    _say(parts, done)
    return parts, done


def _say(parts: "Parts", done: "Done") -> None:
    """Print what became of a claim, and of the e-mail that belongs to it."""
    what = {
        "": "",
        "queued": f"; the e-mail {_goes_out(parts)}",
        "held": "; the e-mail is held; see `claims held`",
    }
    email = what.get(done.email_status, f"; the e-mail is {done.email_status}")
    text = f"{done.claim.ref} is now [bold]{words(done.claim.state)}[/]{email}."
    if done.is_assessed_again:
        text += f" It {_is_assessed(parts)}."
    out.print(text, soft_wrap=True)


def _goes_out(parts: "Parts") -> str:
    """Return when an e-mail goes out that is ready: what sends it may not run."""
    if _is_at_work(parts):
        return "is on its way"
    return "goes out with the next `claims serve`"


def _is_assessed(parts: "Parts") -> str:
    when = "now" if _is_at_work(parts) else "with the next `claims serve`"
    return f"is assessed again {when}"


def _is_at_work(parts: "Parts") -> bool:
    from worker.adapters import processes

    here = processes.host()
    return any(
        host != here or processes.is_alive(pid, ticks)
        for host, pid, ticks in parts.store.processes.of_role("work")
    )
