"""Commands that end a claim, open it again or stop it."""

# ruff: noqa: PLC0415 - see the package

from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.deciding import By, Claim, Why, act_on

if TYPE_CHECKING:
    from worker.bootstrap import Parts
    from worker.domain.claim import Claim as FoundClaim

app = typer.Typer()
ENDS = "Ends and returns"


@app.command(rich_help_panel=ENDS, epilog="Example: `claims close CLM-12 --by jane`")
def close(claim: Claim, by: By, reason: Why = "") -> None:
    """Close a claim whose documents never came."""
    from worker import decide

    act_on(claim, decide.close, by=by, reason=reason)


@app.command(
    rich_help_panel=ENDS,
    epilog="Example: `claims withdraw CLM-12 --reason 'parcel turned up' --by jane`",
)
def withdraw(claim: Claim, by: By, reason: Why) -> None:
    """Close a claim that its member took back."""
    from worker import decide

    act_on(claim, decide.withdraw, by=by, reason=reason)


@app.command(
    rich_help_panel=ENDS,
    epilog="Example: `claims appeal CLM-12 --reason 'new photographs' --by jane`",
)
def appeal(claim: Claim, by: By, reason: Why) -> None:
    """Open a decided claim again on its member's appeal."""
    from worker import decide

    act_on(claim, decide.appeal, by=by, reason=reason)


@app.command(
    "take-appeal",
    rich_help_panel=ENDS,
    epilog="Example: `claims take-appeal CLM-12 --by kim`",
)
def take_appeal(claim: Claim, by: By) -> None:
    """Begin the review of an appeal; not for who decided before."""
    from worker import decide

    act_on(claim, decide.take_appeal, by=by)


@app.command(
    rich_help_panel=ENDS,
    epilog="Example: `claims merge CLM-13 --into CLM-12 --by jane`",
)
def merge(
    claim: Claim,
    by: By,
    into: Annotated[str, typer.Option(help="The claim that goes on.")],
) -> None:
    """Let one claim take over the mails and documents of another."""
    from worker import decide

    def merge_now(parts: "Parts", found: "FoundClaim") -> decide.Done:
        return decide.merge(parts, found, decide.find_claim(parts, into), by=by)

    act_on(claim, merge_now)


@app.command(
    rich_help_panel=ENDS,
    epilog="Example: `claims stop CLM-12 --reason sanctions --by kim`",
)
def stop(claim: Claim, by: By, reason: Why) -> None:
    """Let nobody decide or pay a claim; its clock runs on."""
    from worker import decide

    act_on(claim, decide.stop, by=by, reason=reason)


@app.command(
    rich_help_panel=ENDS,
    epilog="Example: `claims resume CLM-12 --reason cleared --by kim`",
)
def resume(claim: Claim, by: By, reason: Why) -> None:
    """Let a stopped claim go on."""
    from worker import decide

    act_on(claim, decide.resume, by=by, reason=reason)
