"""Commands for every step of a claim between its opening and its end."""

# ruff: noqa: PLC0415 - see the package

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from worker.cli.console import out
from worker.cli.deciding import PAYMENT, REVIEW, By, Claim, Contents, Packaging, say
from worker.cli.starting import open_record
from worker.domain.amounts import Condition
from worker.domain.claim import ClaimType
from worker.domain.documents import DocumentKind
from worker.domain.errors import WrongUse

if TYPE_CHECKING:
    from worker.bootstrap import Parts
    from worker.domain.claim import Claim as FoundClaim

app = typer.Typer()
ENDS, MAILS = "Ends and returns", "Unplaced mails"

Why = Annotated[str, typer.Option(help="Why; stands in the history.")]
Text = Annotated[
    str, typer.Option(help="Said to the member; empty lines make paragraphs.")
]
Mail = Annotated[int, typer.Argument(help="The mail's number, from `claims mails`.")]


def _found(claim: str) -> "tuple[Parts, FoundClaim]":
    from worker import decide

    parts = open_record()
    return parts, decide.find_claim(parts, claim)


# -- review -----------------------------------------------------------------------


@app.command(
    rich_help_panel=REVIEW,
    epilog="Examples: `claims propose CLM-12 --amount 750.00 --by jane`;"
    " `claims propose CLM-12 --reject --clause X5 --by jane`",
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
    parts, found = _found(claim)
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
    say(parts, decide.propose(parts, found, decision, by=by))


@app.command(
    "return",
    rich_help_panel=REVIEW,
    epilog="Example: `claims return CLM-12 --reason 'which lamp?' --by kim`",
)
def give_back(claim: Claim, by: By, reason: Why) -> None:
    """Send a proposed decision back to review."""
    from worker import decide

    parts, found = _found(claim)
    say(parts, decide.give_back(parts, found, by=by, reason=reason))


@app.command(
    rich_help_panel=REVIEW,
    epilog="Example: `claims overrule CLM-12 --reason 'courier was late' --by kim`",
)
def overrule(claim: Claim, by: By, reason: Why) -> None:
    """Set a failed check aside and review the claim all the same."""
    from worker import decide

    parts, found = _found(claim)
    say(parts, decide.overrule(parts, found, by=by, reason=reason))


@app.command(
    rich_help_panel=REVIEW,
    epilog="Example: `claims ask CLM-12 --text 'Please photograph the label.' --by jo`",
)
def ask(claim: Claim, by: By, text: Text) -> None:
    """Ask the member for something specific; it answers the seven days."""
    from worker import decide

    parts, found = _found(claim)
    say(parts, decide.ask(parts, found, text=text, by=by))


@app.command(
    rich_help_panel=REVIEW, epilog="Example: `claims respond CLM-12 --by jane`"
)
def respond(claim: Claim, by: By, text: Text = "") -> None:
    """Tell the member where the claim stands; it answers the seven days."""
    from worker import decide

    parts, found = _found(claim)
    say(parts, decide.respond(parts, found, by=by, text=text))


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

    parts, found = _found(claim)
    act = decide.carrier_answered if is_answered else decide.ask_carrier
    say(parts, act(parts, found, by=by, reason=reason))


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

    parts, found = _found(claim)
    say(parts, decide.waive(parts, found, document, by=by, reason=reason))


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

    parts, found = _found(claim)
    say(parts, decide.choose_type(parts, found, kind, by=by))


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

    parts, found = _found(claim)
    say(parts, decide.choose_package(parts, found, package_id, by=by))


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

    parts, found = _found(claim)
    if is_clear:
        done = decide.clear_flag(parts, found, clause, reason=evidence, by=by)
    else:
        done = decide.set_flag(parts, found, clause, evidence=evidence, by=by)
    say(parts, done)


# -- payment ----------------------------------------------------------------------


@app.command(
    rich_help_panel=PAYMENT, epilog="Example: `claims pay CLM-12 --by finance`"
)
def pay(claim: Claim, by: By) -> None:
    """Record that a payout was ordered, and print its key."""
    from worker import decide

    parts, found = _found(claim)
    done = decide.pay(parts, found, by=by)
    say(parts, done)
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
    parts, found = _found(claim)
    say(
        parts,
        decide.payment_failed(parts, found, by=by, problem=PaymentProblem(problem)),
    )


# -- ends and returns ---------------------------------------------------------------


@app.command(rich_help_panel=ENDS, epilog="Example: `claims close CLM-12 --by jane`")
def close(claim: Claim, by: By, reason: Why = "") -> None:
    """Close a claim whose documents never came."""
    from worker import decide

    parts, found = _found(claim)
    say(parts, decide.close(parts, found, by=by, reason=reason))


@app.command(
    rich_help_panel=ENDS,
    epilog="Example: `claims withdraw CLM-12 --reason 'parcel turned up' --by jane`",
)
def withdraw(claim: Claim, by: By, reason: Why) -> None:
    """Close a claim that its member took back."""
    from worker import decide

    parts, found = _found(claim)
    say(parts, decide.withdraw(parts, found, by=by, reason=reason))


@app.command(
    rich_help_panel=ENDS,
    epilog="Example: `claims appeal CLM-12 --reason 'new photographs' --by jane`",
)
def appeal(claim: Claim, by: By, reason: Why) -> None:
    """Open a decided claim again on its member's appeal."""
    from worker import decide

    parts, found = _found(claim)
    say(parts, decide.appeal(parts, found, by=by, reason=reason))


@app.command(
    "take-appeal",
    rich_help_panel=ENDS,
    epilog="Example: `claims take-appeal CLM-12 --by kim`",
)
def take_appeal(claim: Claim, by: By) -> None:
    """Begin the review of an appeal; not for who decided before."""
    from worker import decide

    parts, found = _found(claim)
    say(parts, decide.take_appeal(parts, found, by=by))


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

    parts, found = _found(claim)
    say(parts, decide.merge(parts, found, decide.find_claim(parts, into), by=by))


@app.command(
    rich_help_panel=ENDS,
    epilog="Example: `claims stop CLM-12 --reason sanctions --by kim`",
)
def stop(claim: Claim, by: By, reason: Why) -> None:
    """Let nobody decide or pay a claim; its clock runs on."""
    from worker import decide

    parts, found = _found(claim)
    say(parts, decide.stop(parts, found, by=by, reason=reason))


@app.command(
    rich_help_panel=ENDS,
    epilog="Example: `claims resume CLM-12 --reason cleared --by kim`",
)
def resume(claim: Claim, by: By, reason: Why) -> None:
    """Let a stopped claim go on."""
    from worker import decide

    parts, found = _found(claim)
    say(parts, decide.resume(parts, found, by=by, reason=reason))


# -- mails that no rule could place ---------------------------------------------------


@app.command(rich_help_panel=MAILS, epilog="Example: `claims mails`")
def mails(
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
) -> None:
    """List the mails that no rule could match to a member and an order."""
    from worker.cli import report

    report.print_unplaced(open_record().store.mails.unplaced(limit=limit))


@app.command(
    rich_help_panel=MAILS,
    epilog="Example: `claims assign 41 --order ORD-20261104-0183 --by jane`",
)
def assign(
    mail: Mail,
    by: By,
    order: Annotated[str, typer.Option(help="The order's number.")],
    package_id: Annotated[
        str | None, typer.Option("--package", help="Where the order has several.")
    ] = None,
) -> None:
    """Take a mail for a claim on an order; its time of receipt is kept."""
    from worker import decide

    parts = open_record()
    claim = decide.assign(parts, mail, order_number=order, package_id=package_id, by=by)
    out.print(f"Mail {mail} belongs to {claim.ref} now ({escape(claim.order_number)}).")


@app.command(rich_help_panel=MAILS, epilog="Example: `claims dismiss 41 --by jane`")
def dismiss(mail: Mail, by: By) -> None:
    """Say that an unmatched mail is no claim."""
    from worker import decide

    decide.dismiss(open_record(), mail, by=by)
    out.print(f"Mail {mail} is no claim.")


@app.command(
    rich_help_panel=MAILS,
    epilog="Example: `claims confirm CLM-12 --reason 'called back' --by jane`",
)
def confirm(claim: Claim, by: By, reason: Why) -> None:
    """Release a held claim: somebody has checked who wrote."""
    from worker import decide

    parts, found = _found(claim)
    say(parts, decide.confirm(parts, found, by=by, reason=reason))
