"""`claims points`: a member's bonus points, and what the shop tells about them."""

# ruff: noqa: PLC0415 - see the package

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from worker.cli.console import err, fail, out
from worker.cli.starting import MOST_FAULTS, AsJson, open_record
from worker.domain.counting import counted
from worker.domain.errors import UsageError, WrongUse

if TYPE_CHECKING:
    from worker.adapters.points_file import Line
    from worker.adapters.store.points_ledger import PointsAccount
    from worker.bootstrap import Parts

app = typer.Typer()
points = typer.Typer(help="Bonus points of members.", no_args_is_help=True)
app.add_typer(points, name="points")

Member = Annotated[str, typer.Argument(help="The member's id.")]
Site = Annotated[
    str | None, typer.Option(help="One site only; points of each are apart (P5).")
]
MOST_ADJUSTED = 1_000_000
"""Points given or taken at once. Our choice, against a slip of the finger."""


@points.command(epilog="Example: `claims points balance M10023`")
def balance(member: Member, site: Site = None, *, as_json: AsJson = False) -> None:
    """Show a member's points, by site and lot."""
    parts = open_record()
    found = _accounts(parts, member, site)
    if as_json:
        out.print_json(data=[_as_data(parts, one) for one in found])
        return
    from worker.domain.points_words import CATEGORIES

    for one in found:
        worth = one.balance / 100
        points = counted(one.balance, "point")
        out.print(f"{one.site}: [bold]{points}[/], worth {worth:,.2f} USD")
        lots = parts.points.lots(one.account_id)
        if not lots:
            continue
        table = Table("Received for", "Received", "Left", "Usable until")
        for lot in lots:
            end = lot.lot.expires_at
            until = f"{end:%Y-%m-%d %H:%M} UTC" if end else "for ever"
            received = f"{lot.lot.earned_at:%Y-%m-%d}"
            left = f"{lot.lot.left:,} of {lot.received:,}"
            table.add_row(CATEGORIES[lot.category], received, left, until)
        out.print(table)


@points.command(epilog="Example: `claims points history M10023 --site eu`")
def history(
    member: Member,
    site: Site = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what happened to a member's points, the newest first."""
    from worker.domain.points_words import in_words

    parts = open_record()
    found = _accounts(parts, member, site)
    if as_json:
        out.print_json(data=[_history_data(parts, one, limit) for one in found])
        return
    for one in found:
        table = Table(
            "When",
            "What",
            "Points",
            "By",
            title=f"{one.site}: {counted(one.balance, 'point')}",
        )
        for entry in parts.points.history(one.account_id, limit=limit):
            moved = f"{entry.points:+,}" if entry.points else "0"
            told = f"({entry.noted:,} not moved)" if entry.noted else moved
            words = in_words(entry.kind, entry.order_key)
            about = f", CLM-{entry.claim_id:06}" if entry.claim_id else ""
            why = f": {entry.reason}" if entry.reason else ""
            at = f"{entry.at:%Y-%m-%d %H:%M} UTC"
            table.add_row(at, escape(f"{words}{about}{why}"), told, escape(entry.actor))
        out.print(table)


@points.command(
    epilog="Example: `claims points adjust M10023 --points -50 --by jane --reason 'paid"
    " twice'`"
)
def adjust(
    member: Member,
    points: Annotated[int, typer.Option(help="How many; negative takes away.")],
    by: Annotated[str, typer.Option(help="Who decides; stands in the history.")],
    reason: Annotated[str, typer.Option(help="Why; stands in the history.")],
    site: Annotated[
        str | None, typer.Option(help="Another site than CLAIMS_SITE (P5).")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="An id of yours: the same again changes nothing."),
    ] = None,
    *,
    is_new: Annotated[
        bool, typer.Option("--new", help="The member has no points there yet.")
    ] = False,
) -> None:
    """Give or take points by a person's decision (P16); never below zero."""
    from worker.adapters.store.points_entries import Holder
    from worker.decide.common import name_of, need

    if not points or abs(points) > MOST_ADJUSTED:
        raise WrongUse(f"--points is between 1 and {MOST_ADJUSTED:,}, or its negative")
    member, key = _id(member, "MEMBER"), _id(key or secrets.token_hex(8), "--key")
    parts = open_record()
    holder = Holder(member, site or parts.settings.site)
    if not is_new and not any(
        one.site == holder.site for one in parts.points.accounts_of(member)
    ):
        raise WrongUse(
            f"{member} has no points on {holder.site}: name member and site as the shop"
            " does, or add --new"
        )
    posted = parts.points.adjust(
        holder,
        key,
        points,
        by=name_of(by),
        reason=need(reason, "--reason"),
    )
    done = "was adjusted before" if posted.is_repeat else f"{points:+,}"
    out.print(f"{holder.site}: {done}; now [bold]{counted(posted.balance, 'point')}[/]")


def _id(text: str, name: str) -> str:
    """Return an id as the shop's events have them.

    Raises:
        WrongUse: it is none.
    """
    from pydantic import TypeAdapter, ValidationError

    from worker.adapters.points_events import AN_ID, Id

    try:
        return str(TypeAdapter(Id).validate_python(text))
    except ValidationError:
        raise WrongUse(f"{name} is {AN_ID}") from None


@points.command("import", epilog="Example: `claims points import events.csv`")
def import_events(
    path: Annotated[Path, typer.Argument(help="CSV with a header, or JSON lines.")],
) -> None:
    """Take in events of the shop; bad lines are listed, all others count once."""
    from worker.adapters.points_file import read_events

    parts = open_record()
    bad = done = repeated = 0
    with err.status(escape(f"{path.name} …")) as progress:
        for line in read_events(path):
            fault, is_repeat = _take_in(parts, line)
            if fault:
                bad += 1
                if bad <= MOST_FAULTS:
                    fail(f"{path}:{line.number}: {fault}", code=None)
            else:
                done += not is_repeat
                repeated += is_repeat
            seen = done + repeated + bad
            if seen % 100 == 0:
                lines = f"{path.name}: {counted(seen, 'line')}, {bad:,} bad"
                progress.update(escape(lines))
    if bad > MOST_FAULTS:
        fail(f"and {bad - MOST_FAULTS:,} more", code=None)
    events, lines = counted(done, "event"), counted(bad, "bad line")
    out.print(f"{events} taken in, {repeated:,} known before, {lines}")
    if bad:
        raise typer.Exit(1)


@points.command(epilog="Example: `claims points sweep`")
def sweep() -> None:
    """Write off what has expired; the scheduler does it every minute."""
    parts = open_record()
    total = 0
    while swept := parts.points.sweep():
        total += swept
    out.print(f"{counted(total, 'account')} had points that expired")


def _take_in(parts: "Parts", line: "Line") -> tuple[str, bool]:
    """Let a line happen; return what is wrong with it, and whether it was known."""
    from worker.adapters.points_events import apply
    from worker.domain.points import PointsRefused

    if line.event is None:
        return line.fault, False
    try:
        posted = apply(parts.points, line.event, now=parts.clock.now())
    except PointsRefused as error:
        return f"{error.code}: {error}", False
    return "", posted.is_repeat


def _accounts(parts: "Parts", member: str, site: str | None) -> "list[PointsAccount]":
    found = [
        one
        for one in parts.points.accounts_of(member)
        if site is None or one.site == site
    ]
    if not found:
        where = "" if site is None else f" on {site}"
        raise UsageError(f"member {member} has no points account{where}")
    return found


def _as_data(parts: "Parts", account: "PointsAccount") -> dict[str, object]:
    return {
        "site": account.site,
        "balance": account.balance,
        "lots": [
            {
                "category": lot.category,
                "left": lot.lot.left,
                "received": lot.received,
                "earned_at": lot.lot.earned_at.isoformat(),
                "expires_at": lot.lot.expires_at and lot.lot.expires_at.isoformat(),
            }
            for lot in parts.points.lots(account.account_id)
        ],
    }


def _history_data(
    parts: "Parts", account: "PointsAccount", limit: int
) -> dict[str, object]:
    return {
        "site": account.site,
        "balance": account.balance,
        "entries": [
            {
                "at": one.at.isoformat(),
                "kind": one.kind,
                "points": one.points,
                "noted": one.noted,
                "order": one.order_key,
                "claim_id": one.claim_id,
                "actor": one.actor,
                "reason": one.reason,
                "policy_version": one.policy_version,
            }
            for one in parts.points.history(account.account_id, limit=limit)
        ],
    }
