"""Commands for mails that no rule could place, and for claims held for them."""

# ruff: noqa: PLC0415 - see the package

from typing import Annotated

import typer
from rich.markup import escape

from worker.cli.console import out
from worker.cli.deciding import By, Claim, Why, act_on
from worker.cli.starting import open_record

app = typer.Typer()
MAILS = "Unplaced mails"
Mail = Annotated[int, typer.Argument(help="The mail's number, from `claims mails`.")]


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

    act_on(claim, decide.confirm, by=by, reason=reason)
