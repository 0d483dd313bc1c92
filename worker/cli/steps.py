"""Commands for every step of a claim between its opening and its end.

`ends` has those that end it, `unplaced` those for mails without one.
"""

# ruff: noqa: PLC0415 - see the package

from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.console import out
from worker.cli.deciding import (
    PAYMENT,
    REVIEW,
    By,
    Claim,
    Contents,
    Packaging,
    Why,
    act_on,
)
from worker.domain.amounts import Condition
from worker.domain.claim import ClaimType
from worker.domain.documents import DocumentKind
from worker.domain.errors import WrongUse

if TYPE_CHECKING:
    from worker.bootstrap import Parts
    from worker.domain.claim import Claim as FoundClaim

app = typer.Typer()
Text = Annotated[
    str, typer.Option(help="Said to the member; empty lines make paragraphs.")
]


# -- review -----------------------------------------------------------------------


@app.command(
    rich_help_panel=REVIEW,
    epilog="Examples: `claims propose CLM-12 --by jane`;"
    " `claims propose CLM-12 --reject --clause X5 --reason 'label differs' --by jane`",
)
def propose(  # noqa: PLR0913 - one option per thing that is decided
    claim: Claim,
    by: By,
    *,
    amount: Annotated[str | None, typer.Option(help="USD, for an approval.")] = None,
    is_rejection: Annotated[
        bool, typer.Option("--reject", help="Propose a rejection.")
    ] = False,
    clause: Annotated[
        list[str] | None, typer.Option(help="The clause relied on; repeatable.")
    ] = None,
    packaging: Packaging = Condition.UNKNOWN,
    contents: Contents = Condition.UNKNOWN,
    reason: Text = "",
) -> None:
    """Put a decision before a second person."""
    from worker import decide

    if is_rejection and amount is not None:
        raise WrongUse("--amount goes with an approval, not with --reject")
    if is_rejection and {packaging, contents} != {Condition.UNKNOWN}:
        raise WrongUse("--packaging and --contents go with an approval")
    if not is_rejection and clause:
        raise WrongUse("--clause goes with --reject: an approval cites its own clauses")

    def propose_now(parts: "Parts", found: "FoundClaim") -> decide.Done:
        if is_rejection:
            decision = decide.rejection(
                parts, found, clauses=tuple(clause or ()), by=by, reason=reason
            )
        else:
            decision = decide.approval(
                parts,
                found,
                amount=amount,
                by=by,
                reason=reason,
                packaging=packaging,
                contents=contents,
            )
        return decide.propose(parts, found, decision, by=by)

    act_on(claim, propose_now)


@app.command(
    "return",
    rich_help_panel=REVIEW,
    epilog="Example: `claims return CLM-12 --reason 'which lamp?' --by kim`",
)
def give_back(claim: Claim, by: By, reason: Why) -> None:
    """Send a proposed decision back to review."""
    from worker import decide

    act_on(claim, decide.give_back, by=by, reason=reason)


@app.command(
    rich_help_panel=REVIEW,
    epilog="Example: `claims overrule CLM-12 --reason 'courier was late' --by kim`",
)
def overrule(claim: Claim, by: By, reason: Why) -> None:
    """Set a failed check aside and review the claim all the same."""
    from worker import decide

    act_on(claim, decide.overrule, by=by, reason=reason)


@app.command(
    rich_help_panel=REVIEW,
    epilog="Example: `claims ask CLM-12 --text 'Please photograph the label.' --by jo`",
)
def ask(claim: Claim, by: By, text: Text) -> None:
    """Ask the member for something specific; it answers the seven days."""
    from worker import decide

    act_on(claim, decide.ask, text=text, by=by)


@app.command(
    rich_help_panel=REVIEW, epilog="Example: `claims respond CLM-12 --by jane`"
)
def respond(claim: Claim, by: By, text: Text = "") -> None:
    """Tell the member where the claim stands; it answers the seven days."""
    from worker import decide

    act_on(claim, decide.respond, by=by, text=text)


@app.command(
    rich_help_panel=REVIEW,
    epilog="Examples: `claims carrier CLM-12 --reason 'trace asked' --by jane`;"
    " `claims carrier CLM-12 --answered --reason 'lost' --by jane`",
)
def carrier(
    claim: Claim,
    by: By,
    reason: Why,
    *,
    is_answered: Annotated[
        bool, typer.Option("--answered", help="The carrier has answered.")
    ] = False,
) -> None:
    """Record that the carrier was asked, or what it answered."""
    from worker import decide

    act = decide.carrier_answered if is_answered else decide.ask_carrier
    act_on(claim, act, by=by, reason=reason)


@app.command(
    rich_help_panel=REVIEW,
    epilog="Example: `claims waive CLM-12 D3 --reason 'box thrown away' --by jane`",
)
def waive(
    claim: Claim,
    document: Annotated[DocumentKind, typer.Argument(help="D1, D2, D3 or D4.")],
    by: By,
    reason: Why,
) -> None:
    """Do without a document that the member cannot send."""
    from worker import decide

    act_on(claim, decide.waive, document, by=by, reason=reason)


@app.command(
    "type",
    rich_help_panel=REVIEW,
    epilog="Example: `claims type CLM-12 damage --by jo`",
)
def choose_type(
    claim: Claim,
    kind: Annotated[ClaimType, typer.Argument(help="What happened to the package.")],
    by: By,
) -> None:
    """Say what happened to the package, where the mail does not."""
    from worker import decide

    act_on(claim, decide.choose_type, kind, by=by)


@app.command(
    rich_help_panel=REVIEW, epilog="Example: `claims package CLM-12 PKG-2 --by jane`"
)
def package(
    claim: Claim,
    package_id: Annotated[str, typer.Argument(help="A package of the order.")],
    by: By,
) -> None:
    """Say which package of the order a claim is about."""
    from worker import decide

    act_on(claim, decide.choose_package, package_id, by=by)


@app.command(
    rich_help_panel=REVIEW,
    epilog="Examples: `claims flag CLM-12 X5 --evidence 'label differs' --by jane`;"
    " `claims flag CLM-12 X5 --clear --evidence 'a typing error' --by kim`",
)
def flag(
    claim: Claim,
    clause: Annotated[str, typer.Argument(help="The clause, such as X5.")],
    by: By,
    evidence: Annotated[str, typer.Option(help="What was seen, or why it is cleared.")],
    *,
    is_clear: Annotated[
        bool, typer.Option("--clear", help="Clear the clause's flags.")
    ] = False,
) -> None:
    """Set a clause's flag with its evidence, or clear it; it decides nothing."""
    from worker import decide

    if is_clear:
        act_on(claim, decide.clear_flag, clause, reason=evidence, by=by)
    else:
        act_on(claim, decide.set_flag, clause, evidence=evidence, by=by)


# -- payment ----------------------------------------------------------------------


@app.command(
    rich_help_panel=PAYMENT, epilog="Example: `claims pay CLM-12 --by finance`"
)
def pay(claim: Claim, by: By) -> None:
    """Record that a payout was ordered, and print its key."""
    from worker import decide

    parts, done = act_on(claim, decide.pay, by=by)
    out.print(f"The payout's key is {decide.payout_key(parts, done.claim)}.")


@app.command(
    "payment-failed",
    rich_help_panel=PAYMENT,
    epilog="Example: `claims payment-failed CLM-12 --problem refused --by finance`",
)
def payment_failed(
    claim: Claim,
    by: By,
    problem: Annotated[
        str,
        typer.Option(help="details_missing, refused, name_differs, or other."),
    ],
) -> None:
    """Record that a payout failed; the member hears what only they can mend."""
    from worker import decide
    from worker.notify import PaymentProblem

    if problem not in set(PaymentProblem):
        raise WrongUse(f"--problem is one of {', '.join(PaymentProblem)}")
    act_on(claim, decide.payment_failed, by=by, problem=PaymentProblem(problem))
