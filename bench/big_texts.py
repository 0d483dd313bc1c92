"""What the large record is made of: ways of claims, e-mails, texts of mails."""

import random
from datetime import UTC, datetime

from pydantic import TypeAdapter

from worker.domain.findings import Assessment
from worker.domain.mail import Mail
from worker.domain.orders import Package
from worker.samples import a_package, a_proposal, an_assessment

PEOPLE = ("mei", "jonas", "aisha", "pavel", "carmen", "tomasz", "ngozi", "li")
FINDINGS = ("G1", "C11", "C12", "G6")
Step = tuple[str, str, float, list[str]]
_OPENED: Step = ("claim.opened", "system", 0.02, [])
_COMPLETE: Step = ("docs.complete", "system", 0.04, [])
_MISSING: Step = ("docs.missing", "system", 0.04, [])
_PROPOSED: Step = ("decision.proposed", "person", 30, ["G6"])
_APPROVED: Step = ("decision.approved", "person", 40, ["G6", "G5"])
_SENT: Step = ("status.sent", "system", 40.1, [])
_LATE: Step = ("check.failed", "system", 0.04, ["C11"])
_PAYING: Step = ("payout.created", "person", 50, [])
PATHS: dict[str, list[Step]] = {
    "under_review": [_OPENED, _COMPLETE, ("mail.joined", "system", 1, [])],
    "awaiting_documents": [_OPENED, _MISSING],
    "decision_proposed": [_OPENED, _COMPLETE, _PROPOSED],
    "ineligible_proposed": [_OPENED, _LATE],
    "awaiting_member": [_OPENED, _COMPLETE, ("info.requested", "person", 20, [])],
    "awaiting_carrier": [_OPENED, _COMPLETE, ("carrier.asked", "person", 20, [])],
    "identity_hold": [("sender.unknown", "system", 0.02, [])],
    "approved": [_OPENED, _COMPLETE, _PROPOSED, _APPROVED, _SENT],
    "payout_pending": [_OPENED, _COMPLETE, _PROPOSED, _APPROVED, _SENT, _PAYING],
    "payout_failed": [
        *(_OPENED, _COMPLETE, _PROPOSED, _APPROVED, _SENT, _PAYING),
        ("payout.failed", "person", 60, []),
    ],
    "completed_paid": [
        *(_OPENED, _MISSING, _COMPLETE, _PROPOSED, _APPROVED, _SENT, _PAYING),
        ("payout.done", "person", 80, ["C13"]),
    ],
    "completed_rejected": [
        _OPENED,
        _LATE,
        ("ineligible.confirmed", "person", 30, ["C11"]),
        ("decision.rejected", "person", 40, ["C11"]),
        _SENT,
    ],
    "closed_incomplete": [
        _OPENED,
        _MISSING,
        ("docs.reminder", "system", 72, []),
        ("docs.expired", "person", 340, []),
    ],
    "withdrawn": [_OPENED, _MISSING, ("withdrawn", "person", 90, [])],
    "merged": [_OPENED, ("duplicate.merged", "person", 20, [])],
    "not_a_claim": [_OPENED],
}
"""What happened to a claim of each state: event, who, hours later, clauses."""
_RECEIVED = ("received", "sent", 0.05)
EMAILS: dict[str, list[tuple[str, str, float]]] = {
    state: [_RECEIVED] for state in PATHS if state != "identity_hold"
} | {
    "under_review": [_RECEIVED, ("draft", "draft", 0.1)],
    "completed_paid": [_RECEIVED, ("approved", "sent", 40), ("completed", "sent", 80)],
    "completed_rejected": [_RECEIVED, ("rejected", "sent", 40)],
    "closed_incomplete": [
        _RECEIVED,
        ("documents_reminder", "sent", 72),
        ("closed_incomplete", "sent", 340),
    ],
}
_WORDS = (
    "parcel arrived broken crushed corner box wet torn tape photo invoice order"
    " member please refund kettle lamp ceramic teapot speaker guitar mirror shelf"
    " blender courier neighbour doorstep yesterday morning missing two of three"
    " items package leer beschädigt Paket Karton Rechnung Foto Bestellung gestern"
    " Nachbar fehlt roto paquete caja factura ayer falta 包裹 破损 照片 发票 订单 昨天"
)
"""For texts in which a search finds some mails, many, or none."""


def readings(number: int = 400) -> list[str]:
    """Return readings as JSON, with M_FROM, M_ORDER and M_MEMBER to be filled in."""
    dice = random.Random(1)  # noqa: S311 - the same texts each time
    adapter = TypeAdapter(Mail)
    known, found = _WORDS.split(), []
    for count in range(number):
        words = [dice.choice(known) for _ in range(dice.randint(15, 60))]
        text = f"Hello,\n\n{' '.join(words)}.\nrarity{count}\n\nRegards"
        mail = Mail(
            subject="M_MEMBER+M_ORDER+Claim",
            from_addresses=("M_FROM",),
            from_name="A member",
            is_from_clear=True,
            to_addresses=("claims@logistics.example",),
            message_id=None,
            in_reply_to=(),
            references=(),
            date_at=datetime(2026, 11, 18, tzinfo=UTC),
            content_type="text/plain",
            headers={},
            hops=(),
            auth_results=(),
            text=text,
            attachments=(),
            content_sha256="0" * 64,
            own_text="",
        )
        found.append(adapter.dump_json(mail).decode())
    return found


def assessment_body() -> str:
    """Return an assessment as the record keeps it."""
    made = an_assessment(proposal=a_proposal())
    return TypeAdapter(Assessment).dump_json(made).decode()


def package_facts() -> str:
    """Return a package as the directory keeps it; its tracking number is TRK0183."""
    return TypeAdapter(Package).dump_json(a_package()).decode()
