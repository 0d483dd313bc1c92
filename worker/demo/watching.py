"""What the demo shows: the record, looked at again and again."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from worker.adapters.store import Store
from worker.adapters.store.outbox import Email
from worker.adapters.store.stats import Counts
from worker.demo.stage import Sample
from worker.domain.claim import Claim, ClaimState
from worker.domain.documents import DocumentVerdict, Verdict
from worker.domain.errors import RetryLater
from worker.domain.findings import Assessment

SIGNS = {
    Verdict.SATISFIED: "+",
    Verdict.WAIVED: "+",
    Verdict.PROVISIONAL: "~",
    Verdict.MISSING: "x",
    Verdict.REJECTED: "x",
    Verdict.NOT_REQUIRED: "-",
}
"""As in `stage.Expected.documents`."""
SHOWN_STATUSES = frozenset({"queued", "sending", "sent", "bounced", "held", "refused"})
MOST_CLAIMS = 200


@dataclass(frozen=True, slots=True)
class SeenMail:
    """A received mail: who wrote it, and what became of it so far.

    `title` is the sample's, or the subject of a mail sent by hand; `sample` tells
    which. Without a fate the mail is still being worked on.
    """

    mail_id: int
    sender: str
    title: str
    sample: Sample | None
    fate: str | None
    claim_id: int | None
    emails: tuple[Email, ...]


@dataclass(frozen=True, slots=True)
class SeenClaim:
    """A claim: its state and clock, its documents as signs, and the money."""

    claim: Claim
    member: str
    documents: str
    money: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything at one moment."""

    now: datetime
    counts: Counts
    mails: tuple[SeenMail, ...] = ()
    claims: tuple[SeenClaim, ...] = ()
    emails: tuple[Email, ...] = ()
    """What was sent or is about to be, oldest first."""
    busy: int = 0
    """Jobs that are not done."""

    def claim(self, claim_id: int | None) -> SeenClaim | None:
        """Return a claim by its number."""
        return next((c for c in self.claims if c.claim.claim_id == claim_id), None)


@dataclass(frozen=True, slots=True)
class _Head:
    """What a mail says of itself, as far as it is shown."""

    sender: str
    subject: str
    message_id: str


@dataclass(slots=True)
class Watch:
    """Looks at the record; what cannot change any more is read once.

    A mail is recognized as a sample by its Message-ID. Where two samples have the
    same, the second mail is the second sample.
    """

    store: Store
    samples: Sequence[Sample]
    _heads: dict[int, _Head] = field(default_factory=dict)
    _settled: dict[int, tuple[str, int | None]] = field(default_factory=dict)
    _members: dict[str, str] = field(default_factory=dict)
    _details: dict[int, tuple[int, str, str]] = field(default_factory=dict)
    _last: Scene | None = None

    def look(self, now: datetime) -> Scene | None:
        """Return everything as it is; None while the database is busy.

        Where no job is open and no count has moved, little is read again.
        """
        try:
            counts, busy = self.store.stats.counts(), self.store.jobs.count_alive()
            last = self._last
            is_still = last is not None and not busy and not last.busy
            if last is not None and is_still and last.counts == counts:
                self._last = replace(last, now=now)
            else:
                self._last = self._look(now, counts, busy)
        except RetryLater:
            return None
        return self._last

    def _look(self, now: datetime, counts: Counts, busy: int) -> Scene:
        store = self.store
        claims = store.claims.listed(open_only=False, limit=MOST_CLAIMS)
        emails = [
            email for claim in claims for email in store.outbox.of_claim(claim.claim_id)
        ]
        mails = []
        for mail_id in range(1, counts.mails + 1):
            mail = self._mail(mail_id, emails)
            emails += [email for email in mail.emails if email.claim_id is None]
            mails.append(mail)
        return Scene(
            now=now,
            counts=counts,
            mails=tuple(mails),
            claims=tuple(map(self._claim, claims)),
            emails=tuple(sorted(filter(_is_shown, emails), key=lambda e: e.email_id)),
            busy=busy,
        )

    def _mail(self, mail_id: int, of_claims: Sequence[Email]) -> SeenMail:
        head = self._head(mail_id)
        fate, claim_id = self._fate(mail_id)
        if fate is None or claim_id is not None:
            emails = [email for email in of_claims if email.mail_id == mail_id]
        else:
            emails = self.store.outbox.of_mail(mail_id)
        shown = tuple(filter(_is_shown, emails))
        if head is None:
            return SeenMail(mail_id, "", "being read", None, fate, claim_id, shown)
        sample = self._sample(mail_id, head)
        title = head.subject if sample is None else sample.title
        return SeenMail(mail_id, head.sender, title, sample, fate, claim_id, shown)

    def _head(self, mail_id: int) -> _Head | None:
        if mail_id not in self._heads:
            record = self.store.mails.get(mail_id)
            if record.mail is None:
                return None
            sender, subject = record.mail.from_address or "", record.mail.subject
            self._heads[mail_id] = _Head(sender, subject, record.message_id or "")
        return self._heads[mail_id]

    def _sample(self, mail_id: int, head: _Head) -> Sample | None:
        same = [one for one in self.samples if one.message_id == head.message_id]
        earlier = sum(
            other.message_id == head.message_id
            for number, other in self._heads.items()
            if number < mail_id
        )
        return same[earlier] if earlier < len(same) else None

    def _fate(self, mail_id: int) -> tuple[str | None, int | None]:
        if mail_id in self._settled:
            return self._settled[mail_id]
        row = self.store.mails.summary(mail_id)
        if row["fate"] is None:
            return None, None
        self._settled[mail_id] = row["fate"], row["claim_id"]
        return self._settled[mail_id]

    def _claim(self, claim: Claim) -> SeenClaim:
        """Return a claim; its assessment is read anew where its version moved."""
        version, documents, money = self._details.get(claim.claim_id, (0, "", ""))
        if version != claim.version:
            documents = signs(self.store.claims.documents(claim.claim_id))
            money = _money(self.store, claim)
            self._details[claim.claim_id] = claim.version, documents, money
        return SeenClaim(claim, self._member(claim), documents, money)

    def _member(self, claim: Claim) -> str:
        number = claim.order_number
        if number not in self._members:
            order = self.store.orders.order(number)
            self._members[number] = "" if order is None else order.member.name
        return self._members[number]


def _is_shown(email: Email) -> bool:
    return email.status in SHOWN_STATUSES


def signs(documents: Sequence[DocumentVerdict]) -> str:
    """Return a sign for each document, D1 first."""
    return "".join(SIGNS[one.verdict] for one in documents)


def _money(store: Store, claim: Claim) -> str:
    """Return what was decided, else what is proposed, else nothing."""
    decided = store.claims.decided_usd(claim.claim_id)
    if decided is not None:
        return f"{decided:,.2f}"
    assessment = store.claims.latest_assessment(claim.claim_id)
    return "" if assessment is None else _proposed(claim, assessment)


def _proposed(claim: Claim, assessment: Assessment) -> str:
    """Return the proposal; with a `≤` where an audit has to find the figure."""
    is_due = claim.state is ClaimState.UNDER_REVIEW
    if assessment.proposal is None or not is_due:
        return ""
    amount = assessment.proposal.total.amount
    return f"{'≤ ' if assessment.proposal.needs_person else ''}{amount:,.2f}"
