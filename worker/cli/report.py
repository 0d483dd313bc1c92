"""Readable reports on the terminal: a claim, lists and counts."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from rich.markup import escape
from rich.table import Column, Table

from worker.adapters.store.alerts import Alert
from worker.adapters.store.flags import ClaimFlag
from worker.adapters.store.mails import MailInClaim
from worker.adapters.store.outbox import Email
from worker.adapters.store.stats import Counts, MailboxHealth
from worker.bootstrap import Parts
from worker.cli.console import out
from worker.domain.alert_words import about, says
from worker.domain.amounts import Proposal
from worker.domain.claim import Claim, ClaimEvent, Event
from worker.domain.deadlines import is_answered
from worker.domain.decisions import pending
from worker.domain.documents import DocumentVerdict, Verdict
from worker.domain.findings import Assessment, FindingVerdict
from worker.domain.lifecycle import PayoutState, payout_state
from worker.domain.mail import FileKind, Mail
from worker.terminal import NOTHING, clock, seven_days, short_ref, state_words, words

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
WIDE = 100
"""From so many columns on, the work list has the instants."""
NARROW = (10, 20)
"""Columns of member and order in the work list where room is short."""
UNNAMED = {FileKind.MAIL: "attached e-mail", FileKind.PICTURE: "picture"}
"""What a file without a name is called, beside its part."""


def print_claims(claims: Sequence[Claim], *, now: datetime) -> None:
    """Print the work list, a line a claim; the instants where there is room."""
    if not claims:
        out.print("No claims. [dim]`claims list --all` shows the closed ones too.[/]")
        return
    is_wide = out.width >= WIDE
    padding = (0, 2, 0, 0) if is_wide else (0, 1, 0, 0)
    table = Table(box=None, pad_edge=False, padding=padding, header_style="dim")
    names = ["Claim", "Member", "Order", "Type", "State"]
    names += ["Respond by (UTC)"] if is_wide else []
    for name in names:
        table.add_column(name, no_wrap=True)
    table.add_column("Left", no_wrap=True, justify="right")
    if not is_wide:
        table.columns[1].max_width, table.columns[2].max_width = NARROW
    for claim in claims:
        by = claim.respond_by if claim.is_open else None
        instant = NOTHING if by is None else f"{by:%Y-%m-%d %H:%M}"
        table.add_row(
            short_ref(claim.claim_id),
            escape(claim.member_id),
            escape(claim.order_number),
            words(claim.claim_type),
            state_words(claim.state),
            *((instant,) if is_wide else ()),
            clock(claim, now, is_short=not is_wide),
        )
    out.print(table)


def print_claim(parts: Parts, claim: Claim) -> None:
    """Print one claim with everything that explains its state."""
    store = parts.store
    out.print(_facts(parts, claim))
    mails = store.mails.of_claim(claim.claim_id)
    print_assessment(
        store.claims.latest_assessment(claim.claim_id),
        list(claim.flags),
        mails=[one.mail for one in mails if one.mail is not None],
    )
    _print_flags(store.flags.of_claim(claim.claim_id))
    _print_mails(mails)
    history = Table(_when(), "What", "Who", "State", "Clauses", title="History")
    for event in store.claims.events(claim.claim_id):
        history.add_row(
            _at(event.at),
            _what(event),
            escape(event.actor),
            words(event.state_after),
            ", ".join(event.clauses),
        )
    out.print(history)
    emails = Table(_when(), "E-mail", "Status", "Subject", title="E-mails")
    for email in store.outbox.of_claim(claim.claim_id):
        if email.status != "cancelled":
            status = f"{email.status} {words(email.held_reason)}".strip()
            emails.add_row(
                _at(email.created_at), words(email.kind), status, escape(email.subject)
            )
    out.print(emails)


def _what(event: ClaimEvent) -> str:
    """Return an event in words; of an e-mail that was sent, which one."""
    what = words(event.event).replace("docs", "documents").replace("sla", "deadline")
    kind = (event.data or {}).get("kind")
    is_named = event.event is Event.STATUS_SENT and kind is not None
    return f"{what}: {words(kind or '')}" if is_named else what


def _facts(parts: Parts, claim: Claim) -> Table:
    now, facts = parts.clock.now(), grid()
    member = parts.orders.member(claim.member_id)
    name = f"{member.name} · " if member is not None and member.name else ""
    package = escape(claim.package_id or "?")
    facts.add_row("Claim", f"[bold]{claim.ref}[/]  {state_words(claim.state)}")
    facts.add_row("Member", escape(f"{name}{claim.member_id} · {claim.order_number}"))
    facts.add_row("Package", f"{package} · {words(claim.claim_type)}")
    facts.add_row("Received", when(claim.received_at))
    if claim.docs_complete_at is not None:
        facts.add_row("Complete", when(claim.docs_complete_at))
    if claim.respond_by is not None:
        stands = seven_days(claim, now, is_short=False)
        if stands and not is_answered(claim):
            stands = f"left: {stands}"
        facts.add_row("Respond by", f"{when(claim.respond_by)}  {stands}".rstrip())
    if claim.documents_due_at is not None:
        facts.add_row("Documents due", when(claim.documents_due_at))
    proposed = pending(parts.store.claims.events(claim.claim_id))
    if proposed is not None:
        amount = "" if proposed.amount is None else f" {proposed.amount}"
        clauses = ", ".join(proposed.clauses)
        what = f"{words(proposed.ruling)}{amount} by {clauses}, by {proposed.by}"
        facts.add_row("Proposed", escape(what))
        if proposed.reason:
            facts.add_row("With the words", escape(proposed.reason))
        seen = f"packaging {proposed.packaging}, contents {proposed.contents}"
        facts.add_row("Seen", seen)
    payout = payout_state(claim.state)
    if payout is not PayoutState.NONE:
        facts.add_row("Payout", words(payout))
    return facts


def _print_flags(flags: Sequence[ClaimFlag]) -> None:
    if not flags:
        return
    table = Table("Clause", "Flag", "Evidence", "Set by", "Cleared by", title="Flags")
    for flag in flags:
        cleared = "–"
        if not flag.is_open:
            cleared = f"{flag.cleared_by}: {flag.cleared_reason}"
        table.add_row(
            flag.clause,
            words(flag.code),
            escape(flag.evidence),
            escape(flag.set_by),
            escape(cleared),
        )
    out.print(table)


def _print_mails(mails: Sequence[MailInClaim]) -> None:
    table = Table(_when(), "From and subject", "Tier", "Fate", title="Mails")
    for one in mails:
        sender = (one.mail.from_address if one.mail else None) or "nobody clear"
        subject = (one.mail.subject if one.mail else None) or "–"
        table.add_row(
            _at(one.received_at),
            f"{escape(sender)}\n{escape(subject)}",
            one.sender_tier or "–",
            words(one.fate),
        )
    out.print(table)


def print_unplaced(mails: Sequence[tuple[int, MailInClaim]]) -> None:
    """Print the mails that wait for a person to say whose they are."""
    if not mails:
        out.print("Every mail has its place.")
        return
    table = Table("Mail", _when(), "From and subject")
    for number, one in mails:
        sender = (one.mail.from_address if one.mail else None) or "nobody clear"
        subject = (one.mail.subject if one.mail else None) or "–"
        text = f"{escape(sender)}\n{escape(subject)}"
        table.add_row(str(number), _at(one.received_at), text)
    out.print(table)
    out.print(
        "[dim]`claims assign NUMBER --order ORDER --by NAME`, or `claims dismiss`.[/]"
    )


def print_alerts(alerts: Sequence[Alert]) -> None:
    """Print what a person should know."""
    if not alerts:
        out.print("No alerts.")
        return
    table = Table("No.", _when(), "What", "About", "Claim")
    for alert in alerts:
        claim = NOTHING if alert.claim_id is None else short_ref(alert.claim_id)
        table.add_row(
            str(alert.alert_id),
            _at(alert.raised_at),
            says(alert.code),
            escape(about(alert.code, alert.ref)) or NOTHING,
            claim,
        )
    out.print(table)


def print_held(emails: Sequence[Email]) -> None:
    """Print the e-mails that wait for a person."""
    if not emails:
        out.print("No e-mail is held.")
        return
    table = Table("E-mail", "Kind", "To", "Why", _when(), "Subject")
    for email in emails:
        table.add_row(
            str(email.email_id),
            words(email.kind),
            escape(email.recipient),
            email.held_reason,
            _at(email.created_at),
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
        done = f"last pass {passed}, last UID {box.last_uid}, backlog {box.backlog}"
        table.add_row("Mailbox", done + trouble)
    out.print(table)


def print_assessment(
    assessment: Assessment | None, flags: Sequence[str], *, mails: Sequence[Mail]
) -> None:
    """Print documents, checks by clause, money and flags; `mails` brought the files."""
    if assessment is None:
        if flags:
            out.print(f"  Flags: [yellow]{', '.join(map(words, flags))}[/]")
        return
    unnamed = {
        file.path: "forwarded in the text"
        if file.path.endswith("body")
        else f"{UNNAMED.get(file.kind, 'file')} (part {file.path})"
        for mail in mails
        for file in mail.attachments
        if not file.filename
    }
    documents = Table("", "Document", "Verdict", "Files", "Evidence", title="Documents")
    for row in assessment.documents:
        documents.add_row(*_document(row, unnamed))
    out.print(documents)
    checks = Table("Clause", "Verdict", "Why", title="Checks")
    for finding in assessment.findings:
        is_told = finding.flags and finding.evidence
        why = finding.text + (f" [{finding.evidence}]" if is_told else "")
        checks.add_row(finding.clause, FINDINGS[finding.verdict], escape(why))
    out.print(checks)
    if assessment.proposal is not None:
        _print_money(assessment.proposal)
    if assessment.flags:
        out.print(f"  Flags: [yellow]{', '.join(map(words, assessment.flags))}[/]")


def _document(row: DocumentVerdict, unnamed: dict[str, str]) -> tuple[str, ...]:
    mark = MARKS[row.verdict] + (f" ({words(row.why)})" if row.why else "")
    name = NAMES[row.kind]
    files = ", ".join(unnamed.get(file, file) for file in row.files)
    return (row.kind, name, mark, escape(files), escape(row.evidence))


def _print_money(proposal: Proposal) -> None:
    how = "at most (an audit decides)" if proposal.needs_person else "proposed"
    out.print(money_table(proposal, title=f"Money: {how}"))


def money_table(proposal: Proposal, *, title: str) -> Table:
    """Return the lines of a proposal, their total, and what a switch would change."""
    table = Table("Clause", "Line", title=title)
    table.add_column("USD", justify="right", no_wrap=True)
    for line in proposal.lines:
        table.add_row(line.clause, escape(line.label), f"{line.amount.amount:,.2f}")
    table.add_section()
    table.add_row("", "[bold]Total[/]", f"[bold]{proposal.total.amount:,.2f}[/]")
    for other in proposal.alternatives:
        what = f"[dim]with {other.switch} = {other.value}[/]"
        table.add_row("", what, f"[dim]{other.total.amount:,.2f}[/]")
    return table


def grid() -> Table:
    """Return an empty table of labels and values."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    return table


def when(at: datetime) -> str:
    """Return an instant as staff read it."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _when() -> Column:
    return Column("When (UTC)", no_wrap=True)


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{words(name)} {count}" for name, count in sorted(counts.items()))
