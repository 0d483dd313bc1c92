"""Explanations of the clocks: instants, their sources, and the arithmetic between.

Nothing is decided here. Each line of a clock says one instant or length, where it
comes from, and what was made of it; the last ones are the limit and what was
compared with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from worker.domain.checks import not_unclaimed_over_30_days, reported_within_24_hours
from worker.domain.claim import Claim
from worker.domain.clauses import ClauseId
from worker.domain.deadlines import (
    COLLECT_WITHIN,
    INTERNALDATE_IGNORED,
    REPORT_WITHIN,
    collect_by,
    is_answered,
    latest,
    report_by,
    sla_state,
    utc,
)
from worker.domain.findings import Facts, receipt_record
from worker.domain.mail import ReceivedFrom, ReceivedStamp
from worker.domain.orders import Package, Precision, When
from worker.domain.policy import Policy, RespondCount, ThirtyDayCount, TimestampSource

_PRECISIONS = {
    Precision.SECOND: "written to the second",
    Precision.MINUTE: "written to the minute: the end of that minute counts",
    Precision.DAY: "a date alone: the end of that day counts",
}
_WHY = {
    ReceivedFrom.TRUSTED_RECEIVED: "our own mail server took it first",
    ReceivedFrom.INTERNALDATE: "the mailbox had it first, or nothing else is known",
    ReceivedFrom.GIVEN: "a person gave it; it wins over every clock",
    ReceivedFrom.FIRST_SEEN: "no server of ours left a time; first sight counts",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One instant or fact of a clock; `at` is UTC, `source` where it comes from."""

    label: str
    at: datetime | None = None
    text: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class ClockExplanation:
    """One clock: its clause, its lines in order, and what they come to."""

    name: str
    clause: ClauseId | None
    lines: tuple[Line, ...]
    result: str
    text: str


@dataclass(frozen=True, slots=True)
class MailClocks:
    """A mail of the claim with all of its instants.

    `stamp` is what the record says; `stamp_now` what the settings in force give.
    """

    mail_id: int
    stamp: ReceivedStamp
    stamp_now: ReceivedStamp


def zone_of(package: Package | None, policy: Policy) -> tuple[str, str]:
    """Return the zone in which days are counted and shown, and where it comes from.

    Source: clauses.md section 1.3, switch policy_tz.
    """
    if package is not None and package.destination_tz is not None:
        return package.destination_tz, "order directory: destination_tz"
    return policy.policy_tz, "switch policy_tz; the directory has no zone"


def in_zone(at: datetime, zone: str) -> str:
    """Return an instant as the clocks in a zone showed it: 2024-03-15 13:00:00 EDT."""
    return f"{utc(at).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S %Z}"


def length(span: timedelta) -> str:
    """Return hours, minutes and seconds: 24:00:01; 168:00:00; -0:00:05."""
    sign = "-" if span < timedelta(0) else ""
    minutes, seconds = divmod(int(abs(span).total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02}:{seconds:02}"


def receipt(
    claim: Claim,
    mails: Sequence[MailClocks],
    policy: Policy,
    *,
    is_followed: bool = False,
) -> ClockExplanation:
    """Return which of a mail's instants is the claim's receipt, and why.

    `is_followed` says that the claim has later mails, which need not be among `mails`.

    Source: clauses.md section 1.1, switch timestamp_source.
    """
    first = next(
        (m for m in mails if utc(m.stamp.received_at) == utc(claim.received_at)), None
    )
    if first is None:
        line = Line("claim received", utc(claim.received_at), source="the claim")
        text = "An earlier mail of the thread named no order; its receipt is kept."
        return ClockExplanation("Receipt", None, (line,), "kept", text)
    stamp = first.stamp
    source = f"mail {first.mail_id}"
    lines = [
        Line("trusted Received", stamp.received_trusted_at, source=source),
        Line("INTERNALDATE", stamp.internaldate_at, source=source),
        Line("first seen", stamp.first_seen_at, source=source),
        Line("Date header", stamp.header_date_at, "decides nothing", source),
        Line("claim received", utc(claim.received_at), str(stamp.received_from)),
        *_other_receipt(first),
    ]
    known = tuple(line for line in lines if line.at is not None)
    text = f"{_why(stamp, policy)}."
    text = text[0].upper() + text[1:]
    if len(mails) > 1 or is_followed:
        text += " Later mails of the claim do not move it."
    return ClockExplanation("Receipt", None, known, str(stamp.received_from), text)


def twenty_four_hours(facts: Facts) -> ClockExplanation:
    """Return the 24 hours of a claim: from which record, to which last second.

    Source: clause C11, switch late_24h_counts_from.
    """
    finding = reported_within_24_hours(facts)
    package = facts.package
    record = None if package is None else receipt_record(package, facts.policy)
    lines: list[Line] = []
    if package is not None and record is not None:
        name = "collected_at" if record is package.collected else "delivered_at"
        switch = f"switch late_24h_counts_from = {facts.policy.late_24h_counts_from}"
        lines = [
            *_record_lines(record, f"order directory: {name}"),
            Line("counts from", latest(record), source=switch),
            Line("plus", text=length(REPORT_WITHIN), source="clause C11"),
            Line("last second in time", report_by(record)),
            Line("claim received", utc(facts.received_at)),
            Line("elapsed", text=length(_seconds(facts) - latest(record))),
        ]
    return ClockExplanation(
        "24 hours", finding.clause, tuple(lines), finding.verdict, finding.text
    )


def thirty_days(facts: Facts) -> ClockExplanation:
    """Return the 30 days of a package: arrival, zone, last second, collection.

    Source: clause C12, switch thirty_day_count.
    """
    finding = not_unclaimed_over_30_days(facts)
    package, policy = facts.package, facts.policy
    lines: list[Line] = []
    if package is not None and package.arrived is not None:
        zone, zone_source = zone_of(package, policy)
        limit = collect_by(
            package.arrived, policy, destination_tz=package.destination_tz
        )
        by_hours = policy.thirty_day_count is ThirtyDayCount.HOURS_720
        plus = length(COLLECT_WITHIN) if by_hours else f"{COLLECT_WITHIN.days} days"
        switch = f"switch thirty_day_count = {policy.thirty_day_count}"
        how = "" if by_hours else "to the end of the last day, the arrival is day 0; "
        lines = [
            *_record_lines(package.arrived, "order directory: arrived_at"),
            Line("zone", text=zone, source=zone_source),
            Line(
                "plus",
                text=plus,
                source=f"{how}clause C12, {switch}",
            ),
            Line("last second in time", limit),
            *_taken_lines(package),
            Line("claim received", utc(facts.received_at)),
        ]
    return ClockExplanation(
        "30 days", finding.clause, tuple(lines), finding.verdict, finding.text
    )


def seven_days(
    claim: Claim, policy: Policy, *, completed_by: str, now: datetime
) -> ClockExplanation:
    """Return the clock of our own answer: from what, to when, and how it stands.

    Args:
        claim: with its stored instants; those are the promise, not the switches.
        policy: the switches `respond_within` and `respond_count`.
        completed_by: what made the set complete, such as "mail 3".
        now: the instant at which it is read.

    Source: clause C10, switch respond_within; lifecycle.md section 6.
    """
    clause = ClauseId("C10")
    state = sla_state(claim, now=now)
    if claim.docs_complete_at is None or claim.respond_by is None:
        text = "The set is not complete, so the seven days have not begun."
        return ClockExplanation("7 days", clause, (), state, text)
    started_at, due_at = utc(claim.docs_complete_at), utc(claim.respond_by)
    lines = [Line("set complete", started_at, source=completed_by)]
    if claim.promised_at is None:
        lines.append(Line("plus", text=_within(policy, due_at - started_at)))
    else:
        promised_at = utc(claim.promised_at)
        lines.append(
            Line("next date named", promised_at, source="our e-mail `response`")
        )
    lines.append(Line("respond by", due_at))
    if claim.responded_at is None or not is_answered(claim):
        read_at = utc(now).replace(microsecond=0)
        lines.append(Line("now", read_at, f"{length(due_at - read_at)} left"))
        text = "No answer was handed to the relay yet; a receipt is none."
        if claim.responded_at is not None:
            text = "What was answered before does not stop this clock."
    else:
        answered_at = utc(claim.responded_at)
        side = "before" if answered_at <= due_at else "after"
        spare = f"{length(abs(due_at - answered_at))} {side} the limit"
        lines.append(Line("answered", answered_at, spare, "the relay's 250"))
        text = "An answer stops the clock that ran when it left."
    return ClockExplanation("7 days", clause, tuple(lines), state, text)


# -- private ----------------------------------------------------------------------


def _other_receipt(mail: MailClocks) -> list[Line]:
    """Return the receipt that the settings in force give, if it is another one."""
    recorded, now = mail.stamp, mail.stamp_now
    is_same = (recorded.received_at, recorded.received_from) == (
        now.received_at,
        now.received_from,
    )
    if is_same or recorded.received_from is ReceivedFrom.GIVEN:
        return []
    text = f"{now.received_from}; the recorded receipt counts"
    source = "CLAIMS_TRUSTED_MX, switch timestamp_source"
    return [Line("settings now give", now.received_at, text, source)]


def _why(stamp: ReceivedStamp, policy: Policy) -> str:
    if INTERNALDATE_IGNORED in stamp.flags:
        return "INTERNALDATE is over 5 minutes before our own stamp, so it was imported"
    chose_server = stamp.received_from is ReceivedFrom.INTERNALDATE
    if chose_server and policy.timestamp_source is TimestampSource.INTERNALDATE:
        return "the switch timestamp_source takes INTERNALDATE alone"
    return _WHY[stamp.received_from]


def _record_lines(record: When, source: str) -> list[Line]:
    written = f'"{record.written}", {_PRECISIONS[record.precision]}'
    lines = [Line("recorded", utc(record.earliest_at), written, source)]
    if utc(record.latest_at) != utc(record.earliest_at):
        lines.append(Line("at the latest", utc(record.latest_at), source=source))
    return lines


def _taken_lines(package: Package) -> list[Line]:
    for record, name in (
        (package.collected, "collected_at"),
        (package.delivered, "delivered_at"),
    ):
        if record is not None:
            label = name.removesuffix("_at")
            source = f"order directory: {name}"
            return [Line(label, utc(record.earliest_at), f'"{record.written}"', source)]
    return [Line("collected", text="not recorded", source="order directory")]


def _within(policy: Policy, really: timedelta) -> str:
    if policy.respond_count is RespondCount.CALENDAR_DAYS:
        days = policy.respond_within.days
        return f"{days} days, to the end of the last one in {policy.policy_tz}"
    words = length(really)
    if really != policy.respond_within:
        words += f"; promised before respond_within was {length(policy.respond_within)}"
    return words


def _seconds(facts: Facts) -> datetime:
    return utc(facts.received_at).replace(microsecond=0)
