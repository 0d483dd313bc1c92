"""`claims inspect` for people: what a mail was taken for and why, and what follows."""

import tempfile
from collections.abc import Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from worker.cli.console import out
from worker.cli.report import grid, print_assessment, when
from worker.domain.claim import Claim
from worker.domain.mail import Fate, ReceivedFrom
from worker.inspection import Inspected
from worker.terminal import words

FATES = {
    Fate.CLAIM: "opens a claim",
    Fate.FOLLOW_UP: "joins a claim that was there",
    Fate.DUPLICATE: "was here before; nothing else happens",
    Fate.AUTO_REPLY: "a machine answered; never answered",
    Fate.BOUNCE: "a report about a mail; never answered",
    Fate.NOT_A_CLAIM: "another matter; never answered",
    Fate.CANNOT_MATCH: "a person wrote, and no member and order could be confirmed",
    Fate.IDENTITY_HOLD: "waits until its sender is proven",
    Fate.PARKED: "could not be read; a person looks at its bytes",
}
TIERS = {
    "A": "on file for the member, and our own server vouches for it",
    "B": "on file for the member, not authenticated",
    "C": "not on file, or forged",
}
RECEIPTS = {
    ReceivedFrom.TRUSTED_RECEIVED: "our own exchanger took it then",
    ReceivedFrom.INTERNALDATE: "the mailbox took it then",
    ReceivedFrom.GIVEN: "as given with --received-at",
    ReceivedFrom.FIRST_SEEN: "when it was read: nothing of ours says when it came",
}
WIDEST = 100
"""Columns of an e-mail's text; longer lines are hard to read."""


def print_doubt(results: Sequence[Inspected]) -> None:
    """Say so where the present time stands in for the receipt of a mail."""
    unknown = [
        one for one in results if one.row["received_from"] == ReceivedFrom.FIRST_SEEN
    ]
    if not unknown:
        return
    text = (
        "Nothing of ours says when this mail came, so now is used: give --received-at,"
        " or set CLAIMS_TRUSTED_MX to your exchanger's host name."
    )
    hosts = [one.mail.hops[0].by_host for one in unknown if one.mail and one.mail.hops]
    if hosts:
        text += f" Its topmost Received is by {escape(hosts[0])}."
    out.print(f"[yellow]{text}[/]", soft_wrap=True)


def print_inspected(one: Inspected) -> None:
    """Print what one mail would become, and why."""
    out.print(Panel.fit(f"[bold]{escape(one.file)}[/]", border_style="blue"))
    out.print(_facts(one))
    mails = [] if one.mail is None else [one.mail]
    print_assessment(one.assessment, one.row["flags"], mails=mails)
    if one.mail is not None and one.mail.attachments:
        out.print(_files(one))
    for email, raw in zip(one.emails, one.email_bytes, strict=True):
        _print_email(
            f"E-mail [bold]{words(email['kind'])}[/] to {escape(email['to'])}", raw
        )
    if not one.emails:
        out.print("  ✉ [dim]no automatic e-mail[/]")
    if one.draft:
        _print_email("Draft for staff, with what it proposes", one.draft)
    out.print()


def write_pages(results: Sequence[Inspected]) -> list[Path]:
    """Write the HTML part of every e-mail into a new folder; return the files."""
    folder = Path(tempfile.mkdtemp(prefix="claims-inspect-"))
    pages = []
    for number, one in enumerate(results, start=1):
        kinds = (email["kind"] for email in one.emails)
        shown = list(zip(kinds, one.email_bytes, strict=True))
        if one.draft:
            shown.append(("draft", one.draft))
        for kind, raw in shown:
            page = folder / f"{number:02}-{kind}.html"
            page.write_text(_part(raw, "html"), encoding="utf-8")
            pages.append(page)
    return pages


def _facts(one: Inspected) -> Table:
    row, claim, facts = one.row, one.claim, grid()
    if one.mail is not None:
        facts.add_row("From", escape(one.mail.from_address or "nobody clear"))
        facts.add_row("Subject", escape(one.mail.subject or "–"))
    fate = Fate(row["fate"])
    facts.add_row("Fate", f"[bold]{words(fate)}[/]: {FATES[fate]}")
    if row["signal"]:
        facts.add_row("Because", escape(row["signal"]))
    if claim is not None:
        package = f"package {claim.package_id or '?'}"
        ids = f"{claim.member_id} · {claim.order_number} · {package}"
        facts.add_row("Claim", f"{escape(ids)} · {words(claim.claim_type)}")
        facts.add_row("State", f"[bold]{words(claim.state)}[/]")
    if tier := row["sender_tier"]:
        facts.add_row("Sender", f"tier {tier}: {TIERS[tier]}")
    if row["received_at"] is not None:
        source = RECEIPTS[ReceivedFrom(row["received_from"])]
        facts.add_row("Received", f"{when(row['received_at'])}  [dim]{source}[/]")
    if claim is not None:
        _add_clock(facts, claim)
    return facts


def _add_clock(facts: Table, claim: Claim) -> None:
    if claim.docs_complete_at is not None:
        facts.add_row("Complete", when(claim.docs_complete_at))
    if claim.respond_by is not None:
        facts.add_row("Respond by", when(claim.respond_by))
    if claim.documents_due_at is not None:
        facts.add_row("Documents due", when(claim.documents_due_at))


def _files(one: Inspected) -> Table:
    table = Table("Part", "File", "Type", "Bytes", "Serves as", "Note", title="Files")
    for a in one.mail.attachments if one.mail is not None else ():
        roles = ", ".join(one.row["roles"].get(a.path, [])) or "–"
        note = one.row["notes"].get(a.path) or a.note or (a.trouble or "")
        table.add_row(
            escape(a.path),
            escape(a.filename or "–"),
            a.media_type,
            f"{a.size_bytes:,}",
            roles,
            escape(note),
        )
    return table


def _print_email(title: str, raw: bytes) -> None:
    if not raw:
        out.print(f"  ✉ {title}: [red]could not be made[/]")
        return
    subject = message_from_bytes(raw, policy=default)["Subject"]
    text = f"[bold]{escape(str(subject))}[/]\n\n{escape(_part(raw, 'plain').strip())}"
    width = min(WIDEST, out.width)
    out.print(Panel(text, title=title, title_align="left", width=width))


def _part(raw: bytes, kind: str) -> str:
    message = message_from_bytes(raw, policy=default)
    part = message.get_body((kind,)) if isinstance(message, EmailMessage) else None
    return "" if part is None else str(part.get_content())
