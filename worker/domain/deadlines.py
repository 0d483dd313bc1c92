"""The clocks: receipt of a mail, 24 hours, 30 days, 7 days, and what is due when.

Every instant is aware and converted to UTC before it is compared or subtracted;
a naive one raises ValueError. The limits themselves are still in time, and the
member's limits run from the latest instant that a record allows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from worker.domain.claim import RUNNING_STATES, Claim, ClaimState
from worker.domain.counting import counted
from worker.domain.mail import Hop, ReceivedFrom, ReceivedStamp
from worker.domain.orders import Precision, When
from worker.domain.policy import Policy, RespondCount, ThirtyDayCount, TimestampSource

REPORT_WITHIN = timedelta(hours=24)  # Source: clause C11
COLLECT_WITHIN = timedelta(days=30)  # Source: clause C12
IMPORTED_GAP = timedelta(minutes=5)  # Source: clauses.md section 1.1
DATE_MISMATCH_GAP = timedelta(hours=1)  # Source: clauses.md section 1.1
WARN_FIRST = timedelta(hours=48)  # Source: DESIGN promise 4
WARN_AGAIN = timedelta(hours=24)  # Source: DESIGN promise 4, lifecycle.md T18
ANSWER_BEFORE = timedelta(hours=2)  # Source: DESIGN promise 4, lifecycle.md T18

NAMES_THE_NEXT_DATE = "response"
"""The kind of e-mail that names the next date, from which the next clock runs."""

INTERNALDATE_IGNORED = "internaldate_ignored"
DATE_MISMATCH = "date_mismatch"

_SECOND = timedelta(seconds=1)
_HOURS_ARE_CLEARER_UNDER = timedelta(hours=72)


class SlaState(StrEnum):
    """Where the 7-day clock stands, worked out when read. Source: lifecycle.md 6."""

    NONE = "none"
    """No clock: the set is incomplete, or nobody waits for us."""
    RUNNING = "running"
    DUE_SOON = "due_soon"
    """48 hours or less are left."""
    MET = "met"
    """Answered at or before the due second."""
    BREACHED = "breached"
    """The due second passed without an answer, or the answer came later."""


class DueKind(StrEnum):
    """What the schedule does for a claim when an instant comes."""

    WARN_48H = "warn_48h"
    WARN_24H = "warn_24h"
    AUTO_RESPONSE = "auto_response"
    """The worker answers itself, because nobody has."""
    DOCUMENTS_REMINDER = "documents_reminder"
    DOCUMENTS_EXPIRY = "documents_expiry"
    """Closing as incomplete is proposed; a person confirms it."""


@dataclass(frozen=True, slots=True)
class SentAnswer:
    """An e-mail that answers the 7-day clock: its kind, when written, when sent."""

    kind: str
    created_at: datetime
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that falls due for a claim at an instant (UTC)."""

    kind: DueKind
    at: datetime


def utc(at: datetime) -> datetime:
    """Return the same instant in UTC.

    Raises:
        ValueError: it is naive, so nobody knows which instant it means.
    """
    if at.tzinfo is None:
        message = "an instant needs a time zone"
        raise ValueError(message)
    return at.astimezone(UTC)


# -- receipt of a mail ------------------------------------------------------------


def received_stamp(
    hops: Sequence[Hop],
    *,
    internaldate_at: datetime | None,
    first_seen_at: datetime,
    header_date_at: datetime | None,
    trusted_mx: Collection[str],
    policy: Policy,
    given_at: datetime | None = None,
) -> ReceivedStamp:
    """Return when our side had the mail, and which of the clocks said so.

    The earlier of the stamp of our own mail exchanger and INTERNALDATE, so that a
    slow hop of ours costs the member nothing (EX-32); first sight when neither is
    there. Only the topmost hop of ours counts: what stands below it, anyone can
    write. An INTERNALDATE more than 5 minutes before that stamp comes from an
    import; it is ignored, with the flag `internaldate_ignored`. The Date header
    decides nothing; more than an hour away it raises `date_mismatch`.

    Args:
        hops: the Received headers, topmost first.
        internaldate_at: what the IMAP server says.
        first_seen_at: when our poller first saw the mail.
        header_date_at: the Date header, or None where it cannot be read.
        trusted_mx: host names of our own mail exchangers, in any case.
        policy: the switch `timestamp_source`.
        given_at: what a person gave instead; it wins over all.

    Source: clauses.md section 1.1, switch timestamp_source.
    """
    trusted_at = _trusted_stamp(hops, trusted_mx)
    server_at = _utc_or_none(internaldate_at)
    if given_at is not None:
        decided = _Decided(utc(given_at), ReceivedFrom.GIVEN)
    else:
        decided = _decide(trusted_at, server_at, utc(first_seen_at), policy)
    flags = decided.flags
    if is_date_mismatch(header_date_at, decided.at):
        flags = (*flags, DATE_MISMATCH)
    return ReceivedStamp(
        received_at=decided.at,
        received_from=decided.source,
        received_trusted_at=trusted_at,
        internaldate_at=server_at,
        first_seen_at=utc(first_seen_at),
        header_date_at=_utc_or_none(header_date_at),
        flags=flags,
    )


def is_date_mismatch(header_date_at: datetime | None, received_at: datetime) -> bool:
    """Return whether the Date header is more than an hour away from the receipt.

    Source: clauses.md section 1.1.
    """
    if header_date_at is None:
        return False
    return abs(utc(header_date_at) - utc(received_at)) > DATE_MISMATCH_GAP


# -- the member's limits ----------------------------------------------------------


def latest(when: When) -> datetime:
    """Return the latest instant that the record allows, from which limits run.

    A date alone runs to the end of that day, 24:00:00 included: "2024-07-04" in
    Chicago gives 2024-07-05T05:00:00Z (EX-37).

    Source: clauses.md section 1.2, delivered_precision.
    """
    at = utc(when.latest_at)
    return at + _SECOND if when.precision is Precision.DAY else at


def report_by(delivered: When) -> datetime:
    """Return the last second at which a claim for a delivered package is in time.

    24 real hours, whatever the clocks on the wall did meanwhile (EX-28, EX-29).

    Source: clause C11.
    """
    return latest(delivered) + REPORT_WITHIN


def collect_by(
    arrived: When, policy: Policy, *, destination_tz: str | None
) -> datetime:
    """Return the last second at which collecting the package is in time.

    Calendar days at the destination: arrival on 31 January 2024 in Singapore gives
    1 March 23:59:59 there (EX-41). With `720_hours` it is 720 hours to the second.

    Args:
        arrived: when it arrived where the member must collect or receive it.
        policy: the switches `thirty_day_count` and `policy_tz`.
        destination_tz: zone of the destination; None counts in `policy_tz`.

    Source: clause C12, switch thirty_day_count.
    """
    if policy.thirty_day_count is ThirtyDayCount.HOURS_720:
        return latest(arrived) + COLLECT_WITHIN
    zone = policy.policy_tz if destination_tz is None else destination_tz
    return _end_of_day(utc(arrived.latest_at), COLLECT_WITHIN, zone)


# -- our own clock ----------------------------------------------------------------


def respond_by(docs_complete_at: datetime, policy: Policy) -> datetime:
    """Return the last instant at which a first substantive reply is in time (UTC).

    168 hours, weekends and holidays included, and the last instant still counts:
    complete on 28 December 10:00 gives 4 January 10:00 (EX-53). With
    `calendar_days` it is the last second of the seventh day in `policy_tz`.

    Args:
        docs_complete_at: receipt of the mail that completed the set, not the time a
            person looked at it.
        policy: the switches `respond_within` and `respond_count`.

    Source: clause C10, switch respond_within.
    """
    started_at = utc(docs_complete_at)
    match policy.respond_count:
        case RespondCount.HOURS:
            return started_at + policy.respond_within
        case RespondCount.CALENDAR_DAYS:
            return _end_of_day(started_at, policy.respond_within, policy.policy_tz)


def span_in_words(span: timedelta, *, is_exact: bool = False) -> str:
    """Return a length of time: "24 hours and 1 second", or whole days from 72 hours.

    A negative span reads like its opposite. An exact one has the rest beside its
    days: "46 days and 2 hours".
    """
    rest = int(abs(span).total_seconds())
    days = 0
    if abs(span) >= _HOURS_ARE_CLEARER_UNDER:
        days, rest = divmod(rest, 86_400)
        rest *= is_exact
    counts = {
        "day": days,
        "hour": rest // 3600,
        "minute": rest // 60 % 60,
        "second": rest % 60,
    }
    parts = [counted(count, unit) for unit, count in counts.items() if count]
    words = " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
    return words or "0 seconds"


def is_answered(claim: Claim) -> bool:
    """Return whether the running clock has had its answer.

    An answer that left before the set was complete (again) answered an earlier
    clock (EX-51); one that named the next date started this clock and does not stop
    it. An automatic acknowledgement is none: it never sets `responded_at` (EX-52).

    Source: clause C10, DESIGN promise 4.
    """
    if claim.responded_at is None or claim.docs_complete_at is None:
        return False
    responded_at = utc(claim.responded_at)
    if claim.promised_at is not None and responded_at <= utc(claim.promised_at):
        return False
    return responded_at >= utc(claim.docs_complete_at)


def reclocked(
    claim: Claim, answers: Sequence[SentAnswer], policy: Policy, *, now: datetime
) -> Claim:
    """Return the claim as if only these answers had been sent.

    For one that came back: a response that bounced does not count as sent, so the
    clock is again where the answers before it left it, and what has fallen due in the
    meantime is due at `now`.

    Args:
        claim: with the clock that counts the bounced answer.
        answers: those that count, oldest first.
        policy: the switch `respond_within`.
        now: when the bounce was understood.

    Source: DESIGN promise 4, clause C10.
    """
    complete_at = claim.docs_complete_at
    by, promised_at = claim.respond_by, None
    if complete_at is not None:
        by = respond_by(complete_at, policy)
        named = [one for one in answers if one.kind == NAMES_THE_NEXT_DATE]
        if named and utc(named[-1].sent_at) >= utc(complete_at):
            by = utc(named[-1].created_at) + policy.respond_within
            promised_at = named[-1].sent_at
    after = replace(
        claim,
        respond_by=by,
        promised_at=promised_at,
        responded_at=answers[-1].sent_at if answers else None,
    )
    is_due = any(due.at <= utc(now) for due in due_events(after, policy))
    return replace(
        after, next_due_at=utc(now) if is_due else next_due_at(after, policy, now)
    )


def sla_state(claim: Claim, *, now: datetime) -> SlaState:
    """Return where the 7-day clock of a claim stands at `now`.

    Answered at the due second is met, one second later breached (EX-50).

    Source: lifecycle.md section 6, clause C10.
    """
    if claim.respond_by is None:
        return SlaState.NONE
    due_at = utc(claim.respond_by)
    if claim.responded_at is not None and is_answered(claim):
        in_time = utc(claim.responded_at) <= due_at
        return SlaState.MET if in_time else SlaState.BREACHED
    if claim.state not in RUNNING_STATES:
        return SlaState.NONE
    if utc(now) > due_at:
        return SlaState.BREACHED
    return SlaState.DUE_SOON if utc(now) >= due_at - WARN_FIRST else SlaState.RUNNING


# -- the schedule -----------------------------------------------------------------


def due_events(claim: Claim, policy: Policy) -> tuple[Due, ...]:
    """Return everything that falls due for the claim as it stands, earliest first.

    Past instants are included: whoever carries them out remembers what was done.
    Worked out from the claim alone, so a changed claim simply has other dues.

    Source: DESIGN promise 4, lifecycle.md T11, T12 and T18, switch documents_due.
    """
    dues = [*_response_dues(claim, policy), *_documents_dues(claim, policy)]
    return tuple(sorted(dues, key=lambda due: due.at))


def next_due_at(claim: Claim, policy: Policy, after: datetime) -> datetime | None:
    """Return the first due instant later than `after`, or None when nothing is due."""
    dues = due_events(claim, policy)
    return next((due.at for due in dues if due.at > utc(after)), None)


def deadline_at(claim: Claim) -> datetime | None:
    """Return the next date that somebody has to keep for the claim, or None.

    While our clock runs it is ours to answer; else the member's, to bring documents.
    """
    if _clock_runs(claim):
        return claim.respond_by
    return claim.documents_due_at if _waits_for_documents(claim) else None


def _clock_runs(claim: Claim) -> bool:
    is_running = claim.state in RUNNING_STATES and not is_answered(claim)
    return is_running and claim.respond_by is not None


def _response_dues(claim: Claim, policy: Policy) -> list[Due]:
    if claim.respond_by is None or not _clock_runs(claim):
        return []
    due_at = utc(claim.respond_by)
    dues = [
        Due(DueKind.WARN_48H, due_at - WARN_FIRST),
        Due(DueKind.WARN_24H, due_at - WARN_AGAIN),
    ]
    if policy.auto_response:
        dues.append(Due(DueKind.AUTO_RESPONSE, due_at - ANSWER_BEFORE))
    return dues


def _documents_dues(claim: Claim, policy: Policy) -> list[Due]:
    if not _waits_for_documents(claim):
        return []
    dues = []
    if claim.documents_asked_at is not None:
        reminder_at = utc(claim.documents_asked_at) + policy.documents_reminder
        dues.append(Due(DueKind.DOCUMENTS_REMINDER, reminder_at))
    if claim.documents_due_at is not None:
        dues.append(Due(DueKind.DOCUMENTS_EXPIRY, utc(claim.documents_due_at)))
    return dues


def _waits_for_documents(claim: Claim) -> bool:
    if claim.state is ClaimState.AWAITING_DOCUMENTS:
        return True
    if claim.state is not ClaimState.AWAITING_MEMBER:
        return False
    # What was asked for before the set was complete has come; only a later request,
    # with a due date of its own, may remind and expire.
    asked_at, complete_at = claim.documents_asked_at, claim.docs_complete_at
    if asked_at is None or complete_at is None:
        return asked_at is not None
    return utc(asked_at) > utc(complete_at)


@dataclass(frozen=True, slots=True)
class _Decided:
    """Which clock decided the receipt, and what was odd about it."""

    at: datetime
    source: ReceivedFrom
    flags: tuple[str, ...] = ()


def _decide(
    trusted_at: datetime | None,
    server_at: datetime | None,
    first_seen_at: datetime,
    policy: Policy,
) -> _Decided:
    written = (
        (trusted_at, ReceivedFrom.TRUSTED_RECEIVED),
        (server_at, ReceivedFrom.INTERNALDATE),
    )
    clocks = [_Decided(at, source) for at, source in written if at is not None]
    if not clocks:
        return _Decided(first_seen_at, ReceivedFrom.FIRST_SEEN)
    if policy.timestamp_source is TimestampSource.INTERNALDATE:
        return clocks[-1]
    # The first of equals is our own exchanger's stamp, the more trusted one.
    earlier = min(clocks, key=lambda clock: clock.at)
    if trusted_at is not None and earlier.at < trusted_at - IMPORTED_GAP:
        return replace(clocks[0], flags=(INTERNALDATE_IGNORED,))
    return earlier


def _trusted_stamp(hops: Sequence[Hop], trusted_mx: Collection[str]) -> datetime | None:
    hosts = {host.strip().rstrip(".").casefold() for host in trusted_mx}
    ours = (hop for hop in hops if hop.by_host.rstrip(".").casefold() in hosts)
    topmost = next(ours, None)
    return None if topmost is None else _utc_or_none(topmost.at)


def _utc_or_none(at: datetime | None) -> datetime | None:
    return None if at is None else utc(at)


def _end_of_day(started_at: datetime, length: timedelta, tz: str) -> datetime:
    """Return the last second of the day that lies `length` after a local day."""
    zone = ZoneInfo(tz)
    day_after = started_at.astimezone(zone).date() + length + timedelta(days=1)
    return datetime.combine(day_after, time.min, zone).astimezone(UTC) - _SECOND
