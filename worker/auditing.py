"""`claims audit`: the server against the ledger, the raw store and the outbox.

Numbers, digests and sizes are compared, no bodies, unless the audit is a deep one.
Nothing is changed but the log of audits; see `domain.gaps` for what may be found.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from worker.adapters.store import Store, Work
from worker.adapters.store.auditing import AuditedMailbox, KeptRaw
from worker.bootstrap import Parts
from worker.domain.claim import SYSTEM
from worker.domain.errors import GiveUp, RetryLater
from worker.domain.gaps import Gap, GapCode
from worker.domain.identity import SenderTier
from worker.ingest import NO_ANSWER
from worker.lookups import order_of
from worker.ports import MailboxGone
from worker.replies.may_say import WHAT_WE_MAY_SAY, Topic
from worker.replies.recipients import address_on_file

__all__ = ["AuditResult", "Progress", "audit", "keep"]

WINDOW = 50_000
"""UIDs of one SEARCH: their answer stays below the million bytes that imaplib takes
as one line. Source: reliability.md 2.1."""
ALERT = "audit_gaps"
_ONLY_DEEP = frozenset({GapCode.RAW_DAMAGED, GapCode.EMAIL_CHANGED})
_ONLY_OF_MAILBOX = frozenset({GapCode.MAIL_NOT_STORED, GapCode.MAILBOX_RENUMBERED})
"""What an audit that reads no bytes, or asks no server, may not find."""
Progress = Callable[[str, int, int], None]
"""Told what is compared, how much of it is done, and how much there is."""


def _quiet(_doing: str, _done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class AuditResult:
    """What an audit found.

    `counts` are the mails, claims and e-mails that were compared; `in_mailbox` those
    of the server, `not_read_yet` of which lie above the cursor, `not_there` rows of
    the present UIDVALIDITY that the server has no more. `reasons` counts claims
    without an acknowledgement by the reason for none.
    """

    is_deep: bool
    has_mailbox: bool
    gaps: list[Gap] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


def audit(
    parts: Parts,
    *,
    is_deep: bool = False,
    has_mailbox: bool = True,
    progress: Progress = _quiet,
) -> AuditResult:
    """Return every gap between the records; none is the normal answer.

    It may run beside everything else: what is on its way is no gap.

    Args:
        parts: the installation.
        is_deep: read all raw bytes, and all e-mails that were sent, for their digests.
        has_mailbox: ask the server; without, the records are compared alone.
        progress: told how far it is.

    Raises:
        RetryLater: mailbox, record, raw store or order directory is not there now.

    Source: DESIGN promise 1; reliability.md 2.1.
    """
    result = AuditResult(is_deep, has_mailbox)
    audits = parts.store.audits
    result.counts = audits.counts()
    if has_mailbox:
        _compare_mailbox(parts, result, progress)
    result.gaps += audits.mail_gaps()
    _compare_raws(parts, result, progress)
    result.gaps += audits.claim_gaps()
    _compare_answers(parts, result, progress)
    result.gaps += audits.email_gaps()
    result.gaps += audits.changed_emails(is_deep=is_deep)
    return result


def keep(work: Work, store: Store, result: AuditResult) -> bool:
    """Write an audit into the record; True where it found what the last had not.

    Then an alert is raised, which stands until an audit finds nothing. What this one
    did not look for is kept of the last one.
    """
    before = store.audits.newest()
    known = set(before.gaps) if before is not None else set()
    gaps = [*result.gaps, *_not_looked_for(result, known)]
    audit_id = work.record_audit(gaps, result.counts, is_deep=result.is_deep)
    is_news = any(gap.key not in known for gap in result.gaps)
    if is_news:
        work.raise_alert(ALERT, f"audit:{audit_id}")
    return is_news


def _not_looked_for(result: AuditResult, known: Iterable[str]) -> Iterator[Gap]:
    """Yield earlier gaps that only an audit of more than this one can find gone."""
    blind = frozenset[GapCode]() if result.is_deep else _ONLY_DEEP
    blind = blind if result.has_mailbox else blind | _ONLY_OF_MAILBOX
    found = {gap.key for gap in result.gaps}
    for key in sorted(set(known) - found):
        code, _, ref = key.partition(" ")
        if code in blind:
            yield Gap(code=GapCode(code), ref=ref)


# -- the server ---------------------------------------------------------------------


def _compare_mailbox(parts: Parts, result: AuditResult, progress: Progress) -> None:
    # Before the server is asked: what is stored meanwhile lies above this cursor.
    box = parts.store.audits.mailbox(parts.mailbox_name)
    mailbox = parts.open_mailbox()
    try:
        state = mailbox.open()
        result.counts |= {"in_mailbox": state.exists, "not_read_yet": 0, "not_there": 0}
        if box is None or box.uidvalidity is None:
            result.counts["not_read_yet"] = state.exists
            return
        if state.uidvalidity != box.uidvalidity:
            ref = f"mailbox:{box.mailbox_id}"
            code = GapCode.MAILBOX_RENUMBERED
            result.gaps.append(Gap(code=code, ref=ref, uidvalidity=state.uidvalidity))
            return
        for first, last in _windows(state.uidnext - 1):
            found = mailbox.search(first, last)
            _compare_window(parts.store, box, result, (first, last), found)
            progress("Mailbox", last, state.uidnext - 1)
    except MailboxGone as error:
        raise RetryLater(f"mailbox_{error.code}") from error
    finally:
        mailbox.close()


def _windows(last_uid: int) -> Iterator[tuple[int, int]]:
    for first in range(1, last_uid + 1, WINDOW):
        yield first, min(last_uid, first + WINDOW - 1)


def _compare_window(
    store: Store,
    box: AuditedMailbox,
    result: AuditResult,
    window: tuple[int, int],
    found: list[int],
) -> None:
    uidvalidity = box.uidvalidity or 0
    known = store.audits.uids(box.mailbox_id, uidvalidity, *window)
    above = sum(uid > box.last_uid for uid in found if uid not in known)
    result.counts["not_read_yet"] += above
    result.counts["not_there"] += len(known - set(found))
    for uid in found:
        if uid not in known and uid <= box.last_uid:
            gap = Gap(
                code=GapCode.MAIL_NOT_STORED,
                ref=f"uid:{uid}",
                uid=uid,
                uidvalidity=uidvalidity,
            )
            result.gaps.append(gap)


# -- the raw store --------------------------------------------------------------------


def _compare_raws(parts: Parts, result: AuditResult, progress: Progress) -> None:
    total = result.counts["mails"]
    for number, kept in enumerate(parts.store.audits.raws(), start=1):
        code = _fault_of(parts, kept, is_deep=result.is_deep)
        if code is not None:
            gap = Gap(
                code=code,
                ref=f"mail:{kept.mail_id}",
                uid=kept.uid,
                uidvalidity=kept.uidvalidity,
            )
            result.gaps.append(gap)
        if number % 1000 == 0:
            progress("Raw store", number, max(number, total))


def _fault_of(parts: Parts, kept: KeptRaw, *, is_deep: bool) -> GapCode | None:
    size = parts.raw.size(kept.sha256)
    if kept.is_erased:
        is_left = size is not None and not parts.store.audits.needs_raw(kept.sha256)
        return GapCode.RAW_NOT_ERASED if is_left else None
    code = _damage(parts, kept, size, is_deep=is_deep)
    if code is not None and not parts.store.audits.needs_raw(kept.sha256):
        return None  # erased since it was listed
    return code


def _damage(
    parts: Parts, kept: KeptRaw, size: int | None, *, is_deep: bool
) -> GapCode | None:
    if size is None:
        return GapCode.RAW_MISSING
    if kept.size_bytes is not None and size != kept.size_bytes:
        return GapCode.RAW_DAMAGED
    if is_deep:
        try:
            parts.raw.get(kept.sha256)
        except GiveUp:
            return GapCode.RAW_DAMAGED
    return None


# -- answers ------------------------------------------------------------------------


def _compare_answers(parts: Parts, result: AuditResult, progress: Progress) -> None:
    claims = parts.store.audits.unanswered()
    for number, claim_id in enumerate(claims, start=1):
        reason = _reason_for_none(parts, claim_id)
        if reason is None:
            ref = f"claim:{claim_id}"
            result.gaps.append(Gap(code=GapCode.CLAIM_UNANSWERED, ref=ref))
        else:
            result.reasons[reason] = result.reasons.get(reason, 0) + 1
        progress("Answers", number, len(claims))


def _reason_for_none(parts: Parts, claim_id: int) -> str | None:
    """Return why a claim has no acknowledgement, or None where it should have one.

    Source: `replies.answers.answer_assessed`, whose rules these are.
    """
    store = parts.store
    waits = store.audits.assessment_job(claim_id)
    if waits is not None:
        return "assessment_waits" if waits == "alive" else "dead_letter"
    claim = store.claims.get(claim_id)
    if claim is None:
        return "gone_meanwhile"
    answerable = [
        mail
        for mail in store.claims.mails(claim_id)
        if NO_ANSWER not in mail.flags
        and Topic.RECEIPT in WHAT_WE_MAY_SAY[SenderTier(mail.sender_tier or "C")]
    ]
    events = store.claims.events(claim_id)
    if any(event.actor != SYSTEM for event in events):
        return "a_person_took_over"
    if not answerable:
        return "sender_is_not_answered"
    order = order_of(parts.orders, claim)
    if address_on_file(claim, order.member) is None:
        return "no_address_on_file"
    return None
