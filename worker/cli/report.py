"""Readable reports on the terminal: a claim, lists and counts."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from rich.markup import escape
from rich.table import Table

from worker.adapters.store.outbox import Email
from worker.adapters.store.stats import Counts, MailboxHealth
from worker.bootstrap import Parts
from worker.cli.console import out
from worker.domain.amounts import Proposal
from worker.domain.checks import Assessment, FindingVerdict
from worker.domain.claim import Claim
from worker.domain.deadlines import SlaState, sla_state
from worker.domain.documents import DocumentVerdict, Verdict
from worker.domain.reply import span_in_words

NAMES = {
    "D1": "Proof of purchase",
    "D2": "Order notification",
    "D3": "Photos of the packaging",
    "D4": "Photos of the contents",
}
MARKS = {
    Verdict.SATISFIED: "[green]✓ there[/]",
    Verdict.PROVISIONAL: "[green]✓ there[/] [yellow]look[/]",
    Verdict.WAIVED: "[green]✓ waived[/]",
    Verdict.NOT_REQUIRED: "[dim]– not needed[/]",
    Verdict.MISSING: "[red]✗ missing[/]",
    Verdict.REJECTED: "[red]✗ rejected[/]",
}
FINDINGS = {
    FindingVerdict.PASS: "[green]pass[/]",
    FindingVerdict.FAIL: "[red]fail[/]",
    FindingVerdict.UNCLEAR: "[yellow]unclear[/]",
    FindingVerdict.NOT_APPLICABLE: "[dim]n/a[/]",
}
SLA = {
    SlaState.NONE: "[dim]–[/]",
    SlaState.RUNNING: "[green]running[/]",
    SlaState.DUE_SOON: "[yellow]due soon[/]",
    SlaState.MET: "[green]met[/]",
    SlaState.BREACHED: "[red]breached[/]",
}


def print_claims(claims: Sequence[Claim], *, now: datetime) -> None:
    """Print the work list."""
    if not claims:
        out.print("No claims. [dim]`claims list --all` shows the closed ones too.[/]")
        return
    table = Table()
    table.add_column("Claim", no_wrap=True)
    for name in ("Member", "Order", "Type", "State", "Respond by", "Clock"):
        table.add_column(name, overflow="fold")
    for claim in claims:
        table.add_row(
            claim.ref,
            escape(claim.member_id),
            escape(claim.order_number),
            claim.claim_type,
            claim.state,
            "–"
            if claim.respond_by is None
            else f"{claim.respond_by:%Y-%m-%d %H:%M} UTC",
            f"{SLA[sla_state(claim, now=now)]} {_left(claim, now)}",
        )
    out.print(table)


def print_claim(parts: Parts, claim: Claim) -> None:
    """Print one claim with everything that explains its state."""
    store, now = parts.store, parts.clock.now()
    facts = grid()
    facts.add_row("Claim", f"[bold]{claim.ref}[/]  [bold]{claim.state}[/]")
    facts.add_row("Member", f"{escape(claim.member_id)} · {escape(claim.order_number)}")
    facts.add_row("Package", f"{escape(claim.package_id or '?')} · {claim.claim_type}")
    facts.add_row("Received", when(claim.received_at))
    if claim.docs_complete_at is not None:
        facts.add_row("Complete", when(claim.docs_complete_at))
    if claim.respond_by is not None:
        clock = f"{when(claim.respond_by)}  {SLA[sla_state(claim, now=now)]}"
        facts.add_row("Respond by", f"{clock} {_left(claim, now)}")
    if claim.documents_due_at is not None:
        facts.add_row("Documents due", when(claim.documents_due_at))
    out.print(facts)
    print_assessment(store.claims.latest_assessment(claim.claim_id), list(claim.flags))
    history = Table("When", "What", "Who", "State", "Clauses", title="History")
    for event in store.claims.events(claim.claim_id):
        history.add_row(
            when(event.at),
            event.event,
            escape(event.actor),
            event.state_after,
            ", ".join(event.clauses),
        )
    out.print(history)
    emails = Table("E-mail", "Status", "Written", "Subject", title="E-mails")
    for email in store.outbox.of_claim(claim.claim_id):
        if email.status != "cancelled":
            status = f"{email.status} {email.held_reason}".strip()
            emails.add_row(
                email.kind, status, when(email.created_at), escape(email.subject)
            )
    out.print(emails)


def print_held(emails: Sequence[Email]) -> None:
    """Print the e-mails that wait for a person."""
    if not emails:
        out.print("No e-mail is held.")
        return
    table = Table("E-mail", "Kind", "To", "Why", "Written", "Subject")
    for email in emails:
        table.add_row(
            str(email.email_id),
            email.kind,
            escape(email.recipient),
            email.held_reason,
            when(email.created_at),
            escape(email.subject),
        )
    out.print(table)
    out.print(
        "[dim]Send with `claims release NUMBER... --by NAME`, or give up with"
        " `claims discard`.[/]"
    )


def print_stats(
    counts: Counts, mailboxes: Sequence[MailboxHealth], *, as_json: bool
) -> None:
    """Print counts of everything."""
    if as_json:
        data = asdict(counts) | {"mailboxes": [asdict(box) for box in mailboxes]}
        sys.stdout.write(json.dumps(data, default=str) + "\n")
        return
    table = grid()
    table.add_row("Mails", f"{counts.mails}  {_counts(counts.fates)}")
    table.add_row("Claims", f"{counts.claims}  {_counts(counts.claims_by_state)}")
    table.add_row("E-mails", _counts(counts.emails_by_status) or "none")
    for queue, states in sorted(counts.jobs_by_state.items()):
        table.add_row(f"Queue {queue}", _counts(states))
    table.add_row("Parked", f"[red]{counts.parked}[/]" if counts.parked else "none")
    dead = counts.dead_letters
    table.add_row("Dead letters", f"[red]{dead}[/]" if dead else "none")
    table.add_row("Orders", str(counts.orders))
    for box in mailboxes:
        trouble = f" [red]{box.trouble}[/]" if box.trouble else ""
        passed = "never" if box.passed_at is None else when(box.passed_at)
        words = f"last pass {passed}, last UID {box.last_uid}, backlog {box.backlog}"
        table.add_row("Mailbox", words + trouble)
    out.print(table)


def print_assessment(assessment: Assessment | None, flags: Sequence[str]) -> None:
    """Print documents, checks by clause, money and flags."""
    if assessment is None:
        if flags:
            out.print(f"  Flags: [yellow]{', '.join(flags)}[/]")
        return
    documents = Table("", "Document", "Verdict", "Files", "Evidence", title="Documents")
    for row in assessment.documents:
        documents.add_row(*_document(row))
    out.print(documents)
    checks = Table("Clause", "Verdict", "Why", title="Checks")
    for finding in assessment.findings:
        why = finding.text + (f" [{finding.evidence}]" if finding.flags else "")
        checks.add_row(finding.clause, FINDINGS[finding.verdict], escape(why))
    out.print(checks)
    if assessment.proposal is not None:
        _print_proposal(assessment.proposal)
    if assessment.flags:
        out.print(f"  Flags: [yellow]{', '.join(assessment.flags)}[/]")


def _document(row: DocumentVerdict) -> tuple[str, ...]:
    mark = MARKS[row.verdict] + (f" ({row.why})" if row.why else "")
    name, files = NAMES[row.kind], ", ".join(row.files)
    return (row.kind, name, mark, escape(files), escape(row.evidence))


def _print_proposal(proposal: Proposal) -> None:
    words = "at most (an audit decides)" if proposal.needs_person else "proposed"
    table = Table("Clause", "Money", "USD", title=f"Money: {words}")
    for line in proposal.lines:
        table.add_row(line.clause, escape(line.label), f"{line.amount.amount:,.2f}")
    table.add_row("", "[bold]Total[/]", f"[bold]{proposal.total.amount:,.2f}[/]")
    for other in proposal.alternatives:
        words = f"[dim]with {other.switch} = {other.value}[/]"
        table.add_row("", words, f"[dim]{other.total.amount:,.2f}[/]")
    out.print(table)


def grid() -> Table:
    """Return an empty table of labels and values."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    return table


def when(at: datetime) -> str:
    """Return an instant as staff read it."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _left(claim: Claim, now: datetime) -> str:
    if claim.respond_by is None or not claim.is_open:
        return ""
    span = claim.respond_by - now
    return f"in {span_in_words(span)}" if span.total_seconds() > 0 else "over"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
