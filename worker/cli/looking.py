"""Commands that look and change nothing, and the import of orders."""

# ruff: noqa: PLC0415 - see the package

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from worker.cli.console import err, out, warn
from worker.cli.starting import (
    AsJson,
    help_alone,
    open_record,
    read_orders,
    read_settings,
)
from worker.domain.counting import counted
from worker.domain.errors import UsageError, WrongUse

app = typer.Typer()
orders_app = typer.Typer(
    help="The order directory.", invoke_without_command=True, callback=help_alone
)
app.add_typer(orders_app, name="orders")


@orders_app.command("import", epilog="Example: `claims orders import orders.csv`")
def orders_import(
    file: Annotated[Path, typer.Argument(help="CSV, one row a package.")],
) -> None:
    """Insert or replace orders from a CSV file; all of it or nothing."""
    from worker.adapters import migrations
    from worker.bootstrap import Parts

    parts = Parts(read_settings(), with_redis=False)
    orders = read_orders(
        file, parts.policy.policy_tz, afterwards="nothing was imported"
    )
    if parts.settings.database_url is None:
        migrations.upgrade(parts.database_url)
    count = parts.store.orders.import_orders(orders)
    out.print(
        f"{counted(count, 'order')} imported; the directory has"
        f" {parts.store.orders.count():,}."
    )
    if parts.settings.orders_url is not None:
        warn("CLAIMS_ORDERS_URL is set, so the imported orders are not looked at")


@app.command(epilog="Example: `claims inspect mail.eml --orders orders.csv`")
def inspect(
    mails: Annotated[list[Path], typer.Argument(help="Mails, one mailbox in order.")],
    *,
    orders: Annotated[
        Path | None, typer.Option(help="Order directory as CSV; else none is known.")
    ] = None,
    received_at: Annotated[
        str | None, typer.Option(help="Receipt of every mail, ISO 8601.")
    ] = None,
    as_json: AsJson = False,
    is_open: Annotated[
        bool, typer.Option("--open", help="Open the e-mails in a browser.")
    ] = False,
) -> None:
    """Show what would become of mails, storing and sending nothing."""
    from rich.progress import track

    from worker import inspection
    from worker import log as logs
    from worker.adapters.policy_file import read_policy
    from worker.cli import mail_report

    logs.configure(stream=sys.stderr, level="error")
    given_at = None if received_at is None else instant(received_at, "--received-at")
    raws = [(path, _read(path)) for path in mails]
    settings = read_settings()
    zone = read_policy(settings.policy).policy_tz
    with inspection.inspector(
        settings,
        orders=None if orders is None else read_orders(orders, zone),
        given_at=given_at,
    ) as inspector:
        shown = track(raws, "Reading", console=err, disable=not err.is_terminal)
        results = [inspector.inspect(path, raw) for path, raw in shown]
    if as_json:
        sys.stdout.write(inspection.as_json(results) + "\n")
    else:
        mail_report.print_doubt(results)
        for result in results:
            mail_report.print_inspected(result)
    if is_open:
        _open_pages(mail_report.write_pages(results))


def _open_pages(pages: list[Path]) -> None:
    """Open each page, and say where it is for those who have no browser here."""
    import webbrowser

    if not pages:
        err.print("No e-mail would be sent, so there is none to open.")
    for page in pages:
        err.print(str(page), soft_wrap=True)
        webbrowser.open(page.as_uri())


@app.command("list", epilog="Example: `claims list --all`")
def list_claims(
    *,
    every: Annotated[bool, typer.Option("--all", help="Closed claims too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
) -> None:
    """List claims, the most urgent first."""
    from worker.cli import report

    parts = open_record()
    claims = parts.store.claims.listed(open_only=not every, limit=limit)
    report.print_claims(claims, now=parts.clock.now())


@app.command(epilog="Examples: `claims show CLM-12`; `claims show CLM-12 --note`")
def show(
    claim: Annotated[str, typer.Argument(help="The claim's number, such as CLM-12.")],
    *,
    as_note: Annotated[
        bool, typer.Option("--note", help="The note that lies beside its draft.")
    ] = False,
) -> None:
    """Show one claim: why it stands where it stands."""
    from worker.cli import note_report, report
    from worker.decide import find_claim

    parts = open_record()
    found = find_claim(parts, claim)
    if as_note:
        note_report.print_note(parts, found)
    else:
        report.print_claim(parts, found)


@app.command(epilog="Example: `claims stats --json`")
def stats(*, as_json: AsJson = False) -> None:
    """Count mails, claims, e-mails and jobs."""
    from worker.cli import report

    parts = open_record()
    report.print_stats(
        parts.store.stats.counts(), parts.store.stats.mailboxes(), as_json=as_json
    )


@app.command(epilog="Examples: `claims alerts`; `claims alerts --seen 7 --by jane`")
def alerts(
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    seen: Annotated[
        list[int] | None,
        typer.Option(help="Take this one off the list; repeatable, with --by."),
    ] = None,
    by: Annotated[str, typer.Option(help="Who has seen to it.")] = "",
) -> None:
    """List what a person should know, newest first, until its cause is gone."""
    from worker import decide
    from worker.cli import report

    parts = open_record()
    if by and not seen:
        raise WrongUse("--by goes with --seen")
    for number in seen or ():
        decide.dismiss_alert(parts, number, by=by)
        out.print(f"Alert {number} is off the list.")
    if not seen:
        report.print_alerts(parts.store.alerts.newest(limit=limit))


@app.command(epilog="Example: `claims doctor`")
def doctor() -> None:
    """Check every part for real and say what to change."""
    from worker.cli import doctoring
    from worker.settings import Settings

    for line in Settings.unknown():
        warn(line)
    settings = Settings.from_env()
    if not doctoring.examine(settings):
        raise typer.Exit(1)


def _read(path: Path) -> bytes:
    from worker.inspection import looks_like_mail

    try:
        raw = path.read_bytes()
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}") from None
    if not looks_like_mail(raw):
        raise UsageError(f"{path} does not look like an e-mail")
    return raw


def instant(text: str, option: str) -> datetime:
    """Return an instant as typed; one without a zone is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUse(
            f"{option} {text} is not an instant such as 2026-11-18T19:10Z"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
