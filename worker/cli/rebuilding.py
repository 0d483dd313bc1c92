"""`claims rebuild`: do raw mails, orders and staff's acts give the same claims?"""

# ruff: noqa: PLC0415 - see the package

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from worker.cli.console import out
from worker.cli.progress import shown_progress
from worker.cli.starting import AsJson, open_record
from worker.domain.counting import counted
from worker.domain.errors import RetryLater, SettingsInvalid, UsageError, WrongUse
from worker.terminal import NOTHING, words

if TYPE_CHECKING:
    from worker.rebuilding import Rebuilt

app = typer.Typer()
EXAMPLES = """
Examples: `claims rebuild --check`;
`claims rebuild --into postgresql://claims@db.example/fresh` (after the record was
damaged; the database must be empty)
"""


@app.command(epilog=EXAMPLES)
def rebuild(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="List every difference; change nothing.")
    ] = False,
    into: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Write the record into an empty database."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the record once more from raw mails, orders and what staff did.

    Exit code 0: it is the same; 1: there are differences; 2: wrong use. Nothing is
    sent. What it holds against the record are claims, clocks, verdicts, decisions and
    the end of every mail.
    """
    from worker import log as logs
    from worker import rebuilding

    if not check and into is None:
        raise WrongUse("say --check, or --into with the URL of an empty database")
    logs.configure(stream=sys.stderr, level="critical")
    parts = open_record()
    if into is not None:
        _prepare(into)
    try:
        with shown_progress() as progress:
            found = rebuilding.rebuild(parts, into=into, progress=progress)
    finally:
        parts.close()
    if as_json:
        sys.stdout.write(json.dumps(_facts(found), indent=1) + "\n")
    else:
        _print(found, is_written=into is not None)
    if found.differences:
        raise typer.Exit(1)


def _prepare(into: str) -> None:
    """Bring the database of `--into` to the newest schema, if there is no record in it.

    Raises:
        UsageError: there is one, or the database cannot be had.
        WrongUse: the URL cannot be read.
    """
    from worker.adapters import migrations
    from worker.adapters.store.rebuilt import expect_empty

    try:
        expect_empty(into)
        migrations.upgrade(into)
    except SettingsInvalid:
        raise WrongUse(
            "--into cannot be read as the URL of a SQLite or PostgreSQL database"
        ) from None
    except RetryLater as error:
        raise UsageError(
            f"the database of --into cannot be used ({words(error.reason)}): check"
            " its URL, and who may write there"
        ) from None


def _print(found: "Rebuilt", *, is_written: bool) -> None:
    for one in found.differences:
        for change in one.changes:
            before, after = change.before or NOTHING, change.after or NOTHING
            line = f"{words(change.what)} {words(change.name)}: {before} → {after}"
            out.print(f"[bold]{one.ref}[/] {escape(line)}", soft_wrap=True)
    number = len(found.differences)
    end = f"[bold red]{counted(number, 'difference')}[/]" if number else "the same"
    what = f"{counted(found.mails, 'mail')} and {counted(found.claims, 'claim')}"
    out.print(f"{what} made once more: {end}.")
    if found.unjudged:
        mails = counted(found.unjudged, "mail")
        out.print(f"[yellow]{mails} could not be judged again.[/]")
    if found.left_out:
        acts = counted(found.left_out, "act of people", "acts of people")
        said = f"{acts} could not be done again"
        out.print(f"[yellow]{said}.[/]")
    if is_written:
        out.print(
            "The new record is written. Set CLAIMS_DATABASE_URL to it, and look at"
            " what it holds: `claims release`."
        )


def _facts(found: "Rebuilt") -> dict[str, object]:
    facts = asdict(found)
    for one, said in zip(found.differences, facts["differences"], strict=True):
        said["about"] = one.ref
        del said["claim_id"], said["mail_id"]
    return facts
