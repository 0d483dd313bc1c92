"""The note for staff on the terminal."""

from rich.markup import escape
from rich.table import Table

from worker.bootstrap import Parts
from worker.cli.console import out
from worker.cli.report import when
from worker.domain.claim import Claim
from worker.domain.errors import UsageError
from worker.domain.note import Row

_COLOURS = {
    "pass": "green",
    "satisfied": "green",
    "high": "green",
    "fail": "red",
    "missing": "red",
    "rejected": "red",
    "low": "red",
}
"""Of a row's mark; the others are yellow."""


def print_note(parts: Parts, claim: Claim) -> None:
    """Print the note that was stored with the claim's last assessment.

    Raises:
        UsageError: the claim is not assessed yet.
    """
    store = parts.store
    note = store.notes.of_claim(claim.claim_id)
    if note is None:
        raise UsageError(f"{claim.ref} is not assessed yet: try again in a moment")
    out.print(f"[bold]Note on {claim.ref}[/], written {when(note.written_at)}")
    mails = [mail.mail_id for mail in store.claims.mails(claim.claim_id)]
    if note.is_stale(claim.state, max(mails, default=0)):
        out.print("[red]Stale: the claim has changed since; see `claims show`.[/]")
    for point in note.points:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim")
        table.add_column()
        for row in point.rows:
            table.add_row(escape(row.label), _cell(row))
        out.print(f"\n[bold]{point.number}. {point.title}[/]")
        out.print(table)


def _cell(row: Row) -> str:
    text = escape(f'"{row.text}"' if row.is_quoted else row.text)
    if row.mark:
        colour = _COLOURS.get(row.mark, "yellow")
        text = f"[{colour}]{escape(row.mark.replace('_', ' '))}[/] {text}"
    return f"{text} [dim]({escape(row.source)})[/]" if row.source else text
