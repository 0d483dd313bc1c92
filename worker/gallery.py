"""Every kind of e-mail with sample facts, and pages to look at them.

For `claims templates preview` and the tests. What a mail causes comes from
`worker/samples.py`; the notices at the end of a claim and those to staff are here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import timedelta
from decimal import Decimal
from html import escape
from pathlib import Path

from worker.adapters.wrapping import wrap
from worker.domain.alert_words import says
from worker.domain.amount_labels import LineKind
from worker.domain.amounts import AmountLine
from worker.domain.claim import Claim, ClaimState
from worker.domain.clauses import ClauseId
from worker.domain.decisions import ApprovalReason
from worker.domain.documents import Verdict, Why
from worker.domain.findings import Assessment, FindingVerdict
from worker.domain.identity import SenderTier
from worker.domain.money import Money
from worker.domain.orders import Order
from worker.domain.reply import Reply, ReplyKind
from worker.domain.settlement import PointsMoved
from worker.notify import Decision, StaffNote, decide, note_reply, respond
from worker.ports import Renderer
from worker.replies.closings import (
    PaymentProblem,
    Reopening,
    close_incomplete,
    merge,
    payment_failed,
    reopen,
    withdraw,
)
from worker.replies.facts import TOLD_CHECKS
from worker.replies.staff import (
    Missing,
    Waiting,
    ask_approval,
    ask_payment,
    digest,
    tell_alert,
    tell_dead_letter,
    tell_silence,
    warn_due,
)
from worker.samples import (
    APPROVAL,
    DELIVERED_AT,
    DUE_AT,
    NOW,
    REJECTION,
    RESPOND_BY,
    a_cause,
    a_claim,
    a_complete_claim,
    a_finding,
    a_note,
    a_package,
    an_assessment,
    an_incomplete_assessment,
    an_order,
    answers,
    documents,
    every_reply,
)

STAFF = "claims-staff@logistics.example"
_LATER = NOW + timedelta(days=2)
_REOPEN_UNTIL = NOW + timedelta(days=30)


def every_sample() -> dict[str, Reply]:
    """Return every kind in its main variants, by name."""
    held = {"held": every_reply(SenderTier.C)["held"]}
    caused = {
        name if len(replies) == 1 else f"{name}-{reply.kind}": reply
        for name, replies in (every_reply() | held).items()
        for reply in replies
    }
    return caused | _rarer() | _notices() | _to_staff()


def _rarer() -> dict[str, Reply]:
    """Return what few members see: odd files, unclear facts, other arithmetic."""
    order, complete = an_order(), a_complete_claim()
    waiting = a_claim(state=ClaimState.AWAITING_DOCUMENTS, documents_due_at=DUE_AT)
    odd = documents(Why.UNREADABLE, Why.NOT_THIS_KIND, Why.TOO_LARGE, Why.INFECTED)
    doubled = documents(*[Verdict.SATISFIED] * 2, Verdict.WAIVED, Why.DUPLICATE)
    unclear = an_assessment(
        findings=tuple(a_finding(c, FindingVerdict.UNCLEAR) for c in TOLD_CHECKS),
        documents=doubled,
    )
    unknown = an_order(
        packages=(a_package(arrived=None, delivered=None, collected=None),)
    )
    proposed = a_complete_claim(state=ClaimState.DECISION_PROPOSED)
    asked = a_complete_claim(state=ClaimState.AWAITING_MEMBER)
    next_at = RESPOND_BY + timedelta(days=7)

    def answered(claim: Claim, assessment: Assessment, order: Order) -> Reply:
        tier = SenderTier.A
        return respond(claim, assessment, order, NOW, next_at, tier=tier)

    paid_less = changed(
        APPROVAL,
        is_partial=True,
        reason="We did not accept the second cup.",
        paid_at=_LATER,
        payment_reference="P-881",
    )
    (missing,) = answers(
        waiting, an_incomplete_assessment(documents=odd), is_first=False
    )
    moved = PointsMoved(back=3000, expired=2000, deducted=80, shortfall=69)
    with_points = changed(APPROVAL, points=moved)
    return {
        "documents_missing-odd_files": missing,
        "response-unclear": answered(proposed, unclear, unknown),
        "response-asked": answered(asked, an_assessment(), order),
        "approved-damage": decide(ReplyKind.APPROVED, complete, order, _damage()),
        "approved-points": decide(ReplyKind.APPROVED, complete, order, with_points),
        "completed-points": decide(
            ReplyKind.COMPLETED,
            complete,
            order,
            changed(with_points, paid_at=_LATER, payment_reference="PAY-7"),
        ),
        "approved-foreign": decide(ReplyKind.APPROVED, complete, order, _foreign()),
        "completed-partial": decide(ReplyKind.COMPLETED, complete, order, paid_less),
    }


def _damage() -> Decision:
    lines = (
        AmountLine(
            LineKind.SHIPPING_DAMAGE,
            Money.of("18.75"),
            ClauseId("G8"),
            {"paid": Money.of("62.50")},
        ),
        AmountLine(
            LineKind.PRODUCT_LOSS,
            Money.of("85.00"),
            ClauseId("G8"),
            {"loss": Money.of("85.00"), "most": Money.of("100.00")},
        ),
    )
    return Decision(at=NOW, lines=lines, amount=Money.of("103.75"))


def _foreign() -> Decision:
    lines = (
        AmountLine(
            LineKind.GOODS_LOWER_FOREIGN,
            Money.of("500.00"),
            ClauseId("G5"),
            {
                "foreign": Money.of("3900.00", "HKD"),
                "rate": Decimal("7.80"),
                "value": Money.of("500.00"),
                "price": Money.of("512.00"),
            },
        ),
        AmountLine(
            LineKind.SHIPPING_ALL,
            Money.of("62.50"),
            ClauseId("G3"),
            {"paid": Money.of("62.50")},
        ),
    )
    return Decision(
        at=NOW, lines=lines, amount=Money.of("562.50"), points=PointsMoved(back=1)
    )


def _notices() -> dict[str, Reply]:
    order, complete = an_order(), a_complete_claim()
    waiting = a_claim(state=ClaimState.AWAITING_DOCUMENTS, documents_due_at=DUE_AT)
    cause, missing = a_cause(), an_incomplete_assessment()

    def reopened(claim: Claim, assessment: Assessment, why: Reopening) -> Reply:
        return reopen(claim, assessment, order, cause, why=why, reopened_at=NOW)

    appealed = a_complete_claim(
        state=ClaimState.APPEALED, received_at=DELIVERED_AT + timedelta(hours=25)
    )
    approved = changed(APPROVAL, at=_LATER, cycle=2)
    rejected = changed(REJECTION, at=_LATER, cycle=2)

    def answered(note: StaffNote, state: ClaimState) -> Reply:
        asked = a_complete_claim(state=state)
        next_at = NOW + timedelta(days=7)
        return respond(asked, an_assessment(), order, NOW, next_at, note=note)

    question = "Please photograph the label of the package from close by."
    note = "The carrier looks for your package and answers us this week."
    return {
        "response-request": answered(
            StaffNote(question, DUE_AT), ClaimState.AWAITING_MEMBER
        ),
        "response-note": answered(StaffNote(note), ClaimState.AWAITING_CARRIER),
        "closed_incomplete": close_incomplete(
            waiting, missing, order, closed_at=NOW, reopen_until=_REOPEN_UNTIL
        ),
        "withdrawn": withdraw(complete, order, cause, asked_at=NOW),
        "reopened-open": reopened(waiting, missing, Reopening.REPLY),
        "reopened-complete": reopened(complete, an_assessment(), Reopening.REPLY),
        "reopened-appeal": reopened(appealed, an_assessment(), Reopening.APPEAL),
        "appeal-approved": decide(ReplyKind.APPROVED, appealed, order, approved),
        "appeal-rejected": decide(ReplyKind.REJECTED, appealed, order, rejected),
        "merged": merge(complete, "CLM-000015", order, cause),
        **{
            f"payment_problem-{problem}": payment_failed(
                complete, order, problem=problem, failed_at=NOW
            )
            for problem in PaymentProblem
        },
    }


def _to_staff() -> dict[str, Reply]:
    claim = a_complete_claim()
    proposed = a_complete_claim(state=ClaimState.DECISION_PROPOSED)
    amount, why = Money.of("462.50"), ApprovalReason
    rows = [
        Waiting(a_claim(claim_id=number), missing, NOW - timedelta(days=number))
        for number, missing in enumerate(Missing, start=1)
    ]

    def approval(amount: Money | None, *reasons: ApprovalReason) -> Reply:
        return ask_approval(
            proposed, STAFF, amount=amount, reasons=reasons, respond_by=RESPOND_BY
        )

    def warn(hours: int) -> Reply:
        now = RESPOND_BY - timedelta(hours=hours)
        return warn_due(claim, STAFF, respond_by=RESPOND_BY, now=now)

    return {
        "staff_due_soon-48": warn(48),
        "staff_due_soon-24": warn(24),
        "staff_overdue": warn(-3),
        "staff_dead_letter": tell_dead_letter(
            4711,
            STAFF,
            job_kind="understand",
            reason="reader_crashed",
            attempts=3,
            at=NOW,
        ),
        "staff_mailbox_silent": tell_silence(
            STAFF, last_pass_at=NOW - timedelta(minutes=35), now=NOW
        ),
        "staff_alert": tell_alert(
            {
                "alert": "7",
                "code": "watch_outbox",
                "about": "outbox:relay_takes_nothing",
                "says": says("watch_outbox"),
            },
            STAFF,
            at=NOW,
        ),
        "staff_digest": digest(rows, STAFF, night="2026-11-18", now=NOW),
        "staff_digest-none": digest((), STAFF, night="2026-11-18", now=NOW),
        "staff_approval-pay": approval(amount, why.AMOUNT, why.APPEAL),
        "staff_approval-reject": approval(None, why.PACKED_WELL, why.EXCLUSION),
        "staff_draft_note": note_reply(a_note(claim, an_assessment()), claim, STAFF),
        "staff_payout_due": ask_payment(
            changed(claim, state=ClaimState.APPROVED),
            STAFF,
            amount=amount,
            points=5000,
            approved_at=NOW,
        ),
    }


# -- pages --------------------------------------------------------------------------

PHONES, DESKTOP = (320, 375), 900
"""Widths of the frames, in CSS pixels."""
VIEW_WIDTH = 2640
"""Room for the four frames of a page, in pixels."""
_FRAMES = tuple(zip((*PHONES, DESKTOP, DESKTOP), ("light", "dark") * 2, strict=True))
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 24px; background: #e8eaee; color: #1c2430; }
table { border-collapse: collapse; } th, td { padding: 4px 16px 4px 0; text-align: left; }
.frames { display: flex; gap: 16px; align-items: flex-start; }
figure { margin: 0; } figcaption { overflow-wrap: anywhere; }
iframe { border: 1px solid #9aa3af; height: 240px; }
"""  # noqa: E501 - a style sheet
_FRAME = (
    '<figure style="width:{width}px"><figcaption>{title}</figcaption>'
    '<iframe srcdoc="{html}" title="{title}" width="{width}"'
    ' style="color-scheme:{scheme}" onload="this.style.height ='
    " this.contentDocument.documentElement.scrollHeight + 'px'\"></iframe></figure>"
)
_MEASURE = (
    '<script>addEventListener("load", () => { document.documentElement.dataset'
    ".height = document.documentElement.scrollHeight; });</script>"
)
"""Says how tall the page is, for who takes a picture of it."""


@dataclass(frozen=True, slots=True)
class Page:
    """One sample in one language: where its parts and its four frames were written."""

    name: str
    language: str
    view: Path


def write_gallery(
    folder: Path, renderer: Renderer, languages: Iterable[str], kinds: set[ReplyKind]
) -> list[Page]:
    """Write each sample of these kinds as HTML, text and frames, and an index.

    Returns:
        the pages, in the order of the index. Safe to run twice.

    Raises:
        GiveUp: `template_error`.
    """
    codes = tuple(languages)
    samples = {n: r for n, r in every_sample().items() if r.kind in kinds}
    pages = [
        _write(folder / code, name, code, renderer, reply)
        for name, reply in samples.items()
        for code in codes
    ]
    folder.joinpath("index.html").write_text(
        page("E-mails", _index(pages, codes)), encoding="utf-8"
    )
    return pages


def _write(
    folder: Path, name: str, code: str, renderer: Renderer, reply: Reply
) -> Page:
    folder.mkdir(parents=True, exist_ok=True)
    rendered = renderer.render(reply.kind, reply.facts, locale=code)
    parts = {
        f"{name}.html": rendered.html,
        f"{name}.txt": f"Subject: {rendered.subject}\n\n{wrap(rendered.text)}",
        f"{name}.view.html": page(name, _view(name, rendered.html)),
    }
    for file, text in parts.items():
        folder.joinpath(file).write_text(text, encoding="utf-8")
    return Page(name, code, folder / f"{name}.view.html")


def page(title: str, body: Iterable[str]) -> str:
    """Return an HTML page that says its own height, as data of its root."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f"{''.join(body)}{_MEASURE}</body></html>\n"
    )


def frame(html: str, title: str, width: int, scheme: str) -> str:
    """Return an e-mail in a frame as wide as a screen and as tall as the e-mail.

    Args:
        html: the whole HTML part.
        title: what stands above the frame.
        width: of the screen, in CSS pixels.
        scheme: `light` or `dark`, which the e-mail takes for the reader's choice.
    """
    return _FRAME.format(html=escape(html), title=title, width=width, scheme=scheme)


def _view(name: str, html: str) -> Iterator[str]:
    yield f'<h1>{name}</h1><p><a href="{name}.txt">Plain text</a></p>'
    yield '<div class="frames">'
    for width, scheme in _FRAMES:
        yield frame(html, f"{width} px, {scheme}", width, scheme)
    yield "</div>"


def _index(pages: list[Page], codes: tuple[str, ...]) -> Iterator[str]:
    yield "<h1>E-mails</h1><p>Each page: phone and desktop, light and dark.</p>"
    yield "<table>\n"
    for name in dict.fromkeys(page.name for page in pages):
        links = "".join(
            f'<td><a href="{code}/{name}.view.html">{code}</a></td>' for code in codes
        )
        yield f'<tr><th scope="row">{name}</th>{links}</tr>\n'
    yield "</table>"
