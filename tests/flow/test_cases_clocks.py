"""The acceptance cases of the terms about clocks: EX-26 to EX-53, at their instants.

EX-48 and EX-51, which need a claim's mails, stand with the assessment.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.builders import OUR_MX, a_package, an_order
from tests.builders_mail import make_claim_mail
from tests.office import Office, an_office
from worker import decide
from worker.adapters.languages import Language
from worker.adapters.resources import folder
from worker.domain.checks import not_unclaimed_over_30_days, reported_within_24_hours
from worker.domain.claim import ClaimState, ClaimType
from worker.domain.deadlines import (
    DATE_MISMATCH,
    SlaState,
    collect_by,
    latest,
    received_stamp,
    report_by,
    respond_by,
    sla_state,
)
from worker.domain.findings import Facts, Finding, FindingVerdict
from worker.domain.mail import Hop, ReceivedFrom, ReceivedStamp
from worker.domain.orders import Precision, When, parse_when
from worker.domain.policy import Policy, ThirtyDayCount
from worker.replies.values import instant

POLICY = Policy()
SECOND = timedelta(seconds=1)
NEW_YORK = "America/New_York"
SINGAPORE = "Asia/Singapore"
V = FindingVerdict


def at(text: str, tz: str = "UTC") -> datetime:
    """An instant in UTC, written with its offset or as local time in a zone."""
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=ZoneInfo(tz))).astimezone(UTC)


def when(text: str, tz: str = "UTC") -> When:
    return parse_when(text, ZoneInfo(tz))


def judged_24_hours(
    received: When | None,
    claimed_at: datetime,
    *,
    claim_type: ClaimType = ClaimType.DAMAGE,
    header_date_at: datetime | None = None,
) -> Finding:
    """What C11 says of a package received then and a claim that came then."""
    package = replace(a_package(), delivered=received)
    return reported_within_24_hours(
        Facts(
            policy=POLICY,
            order=an_order(packages=(package,)),
            package=package,
            claim_type=claim_type,
            received_at=claimed_at,
            header_date_at=header_date_at,
        )
    )


def judged_30_days(
    arrived: When,
    claimed_at: datetime,
    *,
    tz: str,
    collected: When | None = None,
    policy: Policy = POLICY,
) -> Finding:
    """What C12 says of a package that arrived then and a claim that came then."""
    package = replace(
        a_package(), arrived=arrived, collected=collected, destination_tz=tz
    )
    return not_unclaimed_over_30_days(
        Facts(
            policy=policy,
            order=an_order(packages=(package,)),
            package=package,
            claim_type=ClaimType.DAMAGE,
            received_at=claimed_at,
        )
    )


def stamped(
    *,
    trusted_at: datetime | None = None,
    internaldate_at: datetime | None = None,
    header_date_at: datetime | None = None,
) -> ReceivedStamp:
    """When our side had a mail with these clocks."""
    return received_stamp(
        () if trusted_at is None else (Hop(0, OUR_MX, trusted_at),),
        internaldate_at=internaldate_at,
        first_seen_at=at("2024-12-31T00:00:00Z"),
        header_date_at=header_date_at,
        trusted_mx=[OUR_MX],
        policy=POLICY,
    )


# -- 24 hours (C11) -----------------------------------------------------------------


def test_EX_26_exactly_24_hours_is_in_time() -> None:
    finding = judged_24_hours(when("2024-05-10T14:30:00Z"), at("2024-05-11T14:30:00Z"))

    assert finding.verdict is V.PASS
    assert "24 hours after delivery" in finding.text


def test_EX_27_a_second_over_24_hours_is_late_and_only_proposed() -> None:
    finding = judged_24_hours(when("2024-05-10T14:30:00Z"), at("2024-05-11T14:30:01Z"))

    assert finding.verdict is V.FAIL
    assert "24 hours and 1 second after delivery" in finding.text
    assert finding.proposes is ClaimState.INELIGIBLE_PROPOSED


def test_EX_28_the_night_that_lost_an_hour_is_in_time() -> None:
    finding = judged_24_hours(
        when("2024-03-09T14:00:00", NEW_YORK), at("2024-03-10T14:30:00", NEW_YORK)
    )

    assert finding.verdict is V.PASS
    assert (
        "23 hours and 30 minutes after delivery at 2024-03-09 19:00:00 UTC"
        in finding.text
    )


def test_EX_29_the_night_that_won_an_hour_is_late() -> None:
    finding = judged_24_hours(
        when("2024-11-02T14:00:00", NEW_YORK), at("2024-11-03T13:30:00", NEW_YORK)
    )

    assert finding.verdict is V.FAIL
    assert (
        "24 hours and 30 minutes after delivery at 2024-11-02 18:00:00 UTC"
        in finding.text
    )


def test_EX_30_internaldate_with_another_offset_is_in_time() -> None:
    internaldate = datetime.strptime(
        "01-Jun-2024 20:59:59 -0400", "%d-%b-%Y %H:%M:%S %z"
    )
    stamp = stamped(internaldate_at=internaldate)

    finding = judged_24_hours(
        when("2024-06-01T09:00:00", "Asia/Taipei"), stamp.received_at
    )

    assert stamp.received_at == at("2024-06-02T00:59:59Z")
    assert finding.verdict is V.PASS
    assert (
        "23 hours, 59 minutes and 59 seconds after delivery at 2024-06-01 01:00:00 UTC"
        in finding.text
    )


def test_EX_31_a_date_header_that_is_in_time_does_not_help_and_is_marked() -> None:
    stamp = stamped(
        internaldate_at=at("2024-05-11T20:00:00Z"),
        header_date_at=at("2024-05-11T10:00:00Z"),
    )

    finding = judged_24_hours(
        when("2024-05-10T14:30:00Z"),
        stamp.received_at,
        header_date_at=stamp.header_date_at,
    )

    assert stamp.flags == (DATE_MISMATCH,)
    assert finding.verdict is V.FAIL
    assert "29 hours and 30 minutes after delivery" in finding.text
    assert finding.flags == (DATE_MISMATCH,)
    assert "Date header " in finding.evidence


def test_EX_32_a_slow_hop_of_ours_costs_the_member_nothing() -> None:
    stamp = stamped(
        trusted_at=at("2024-05-11T14:10:00Z"),
        internaldate_at=at("2024-05-11T15:05:00Z"),
    )

    finding = judged_24_hours(when("2024-05-10T14:30:00Z"), stamp.received_at)

    assert stamp.received_from is ReceivedFrom.TRUSTED_RECEIVED
    assert finding.verdict is V.PASS
    assert "23 hours and 40 minutes after delivery" in finding.text


def test_EX_33_the_leap_day_is_an_ordinary_day() -> None:
    finding = judged_24_hours(when("2024-02-28T23:15:00Z"), at("2024-02-29T23:15:00Z"))

    assert finding.verdict is V.PASS
    assert "24 hours after" in finding.text


def test_EX_34_the_first_of_march_comes_a_day_later_in_a_leap_year() -> None:
    finding = judged_24_hours(when("2024-02-28T23:15:00Z"), at("2024-03-01T00:00:00Z"))

    assert finding.verdict is V.FAIL
    assert "24 hours and 45 minutes after" in finding.text


def test_EX_35_without_a_leap_day_the_first_of_march_is_in_time() -> None:
    finding = judged_24_hours(when("2023-02-28T23:15:00Z"), at("2023-03-01T23:15:00Z"))

    assert finding.verdict is V.PASS
    assert "24 hours after" in finding.text


def test_EX_36_a_scan_to_the_minute_runs_to_the_end_of_that_minute() -> None:
    scan = when("2024-06-03T14:05", NEW_YORK)

    assert scan.precision is Precision.MINUTE
    assert judged_24_hours(scan, at("2024-06-04T18:05:40Z")).verdict is V.PASS
    assert report_by(scan) == at("2024-06-04T18:05:59Z")
    assert judged_24_hours(scan, at("2024-06-04T18:05:59Z")).verdict is V.PASS
    assert judged_24_hours(scan, at("2024-06-04T18:06:00Z")).verdict is V.FAIL


def test_EX_37_a_date_alone_runs_to_the_end_of_that_day() -> None:
    day = when("2024-07-04", "America/Chicago")

    assert day.precision is Precision.DAY
    assert latest(day) == at("2024-07-05T05:00:00Z")
    assert report_by(day) == at("2024-07-06T05:00:00Z")
    assert judged_24_hours(day, at("2024-07-06T05:00:00Z")).verdict is V.PASS
    assert judged_24_hours(day, at("2024-07-06T05:00:01Z")).verdict is V.FAIL


def test_EX_38_a_time_that_occurred_twice_runs_from_the_later_one() -> None:
    twice = when("2024-11-03T01:30:00", NEW_YORK)

    finding = judged_24_hours(twice, at("2024-11-04T06:30:00Z"))

    assert twice.earliest_at == at("2024-11-03T05:30:00Z")
    assert twice.latest_at == at("2024-11-03T06:30:00Z")
    assert finding.verdict is V.PASS
    assert "24 hours after" in finding.text


def test_EX_39_a_claim_before_the_recorded_delivery_is_not_late() -> None:
    finding = judged_24_hours(when("2024-05-10T14:30:00Z"), at("2024-05-10T12:30:00Z"))

    assert finding.verdict is V.PASS
    assert finding.flags == ("filed_before_delivery",)
    assert "2 hours before the recorded delivery" in finding.text


def test_EX_40_a_total_loss_that_was_never_delivered_has_no_24_hours() -> None:
    finding = judged_24_hours(
        None, at("2024-05-10T14:30:00Z"), claim_type=ClaimType.TOTAL_LOSS
    )

    assert finding.verdict is V.NOT_APPLICABLE
    assert finding.flags == ()


# -- 30 days (C12) ------------------------------------------------------------------


def in_time_through(arrived: When, last_good: str, tz: str) -> None:
    """Assert the last second in time, and that the next one is late."""
    last_good_at = at(last_good, tz)

    assert collect_by(arrived, POLICY, destination_tz=tz) == last_good_at
    assert judged_30_days(arrived, last_good_at, tz=tz).verdict is V.PASS
    assert judged_30_days(arrived, last_good_at + SECOND, tz=tz).verdict is V.FAIL


def test_EX_41_thirty_days_over_a_leap_day_end_on_the_first_of_march() -> None:
    arrived = when("2024-01-31T10:00:00", SINGAPORE)

    in_time_through(arrived, "2024-03-01T23:59:59", SINGAPORE)

    first_late = judged_30_days(arrived, at("2024-03-01T16:00:00Z"), tz=SINGAPORE)
    assert first_late.verdict is V.FAIL


def test_EX_42_thirty_days_in_another_year_end_on_the_second_of_march() -> None:
    arrived = when("2023-01-31T10:00:00", SINGAPORE)

    in_time_through(arrived, "2023-03-02T23:59:59", SINGAPORE)

    first_late = judged_30_days(arrived, at("2023-03-02T16:00:00Z"), tz=SINGAPORE)
    assert first_late.verdict is V.FAIL


def test_EX_43_collected_on_day_30_is_in_time_by_days_and_late_by_hours() -> None:
    arrived = when("2024-01-31T10:00:00", SINGAPORE)
    collected = when("2024-03-01T10:00:00Z")
    hours = Policy(thirty_day_count=ThirtyDayCount.HOURS_720)
    claimed_at = at("2024-03-01T11:00:00Z")

    by_days = judged_30_days(arrived, claimed_at, tz=SINGAPORE, collected=collected)
    by_hours = judged_30_days(
        arrived, claimed_at, tz=SINGAPORE, collected=collected, policy=hours
    )

    assert by_days.verdict is V.PASS
    assert by_hours.verdict is V.FAIL
    assert collect_by(arrived, hours, destination_tz=SINGAPORE) == at(
        "2024-03-01T02:00:00Z"
    )


def test_EX_44_day_30_ends_by_the_winter_time_of_the_destination() -> None:
    arrived = when("2024-10-10", "Europe/Berlin")

    in_time_through(arrived, "2024-11-09T23:59:59", "Europe/Berlin")

    first_late = judged_30_days(arrived, at("2024-11-09T23:00:00Z"), tz="Europe/Berlin")
    assert first_late.verdict is V.FAIL


def test_EX_45_collected_on_day_29_passes_both_clocks() -> None:
    arrived, collected = when("2024-05-01"), when("2024-05-30T10:00:00Z")
    claimed_at = at("2024-05-30T12:00:00Z")

    waited = judged_30_days(arrived, claimed_at, tz="UTC", collected=collected)

    assert judged_24_hours(collected, claimed_at).verdict is V.PASS
    assert waited.verdict is V.PASS


def test_EX_46_collected_on_day_35_passes_only_the_24_hours() -> None:
    arrived, collected = when("2024-05-01"), when("2024-06-05T10:00:00Z")
    claimed_at = at("2024-06-05T11:00:00Z")

    waited = judged_30_days(arrived, claimed_at, tz="UTC", collected=collected)

    assert judged_24_hours(collected, claimed_at).verdict is V.PASS
    assert waited.verdict is V.FAIL
    assert waited.proposes is ClaimState.INELIGIBLE_PROPOSED


# -- 7 days (C10) -------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    delivered = parse_when("2026-11-18T14:30:00Z", UTC)
    package = replace(a_package(), arrived=delivered, delivered=delivered)
    with an_office(tmp_path / "office", an_order(packages=(package,))) as office:
        yield office


def test_EX_47_seven_days_over_a_leap_day_end_a_date_earlier() -> None:
    leap_year = respond_by(at("2024-02-26T16:45:00Z"), POLICY)
    other_year = respond_by(at("2023-02-26T16:45:00Z"), POLICY)

    assert leap_year == at("2024-03-04T16:45:00Z")
    assert other_year == at("2023-03-05T16:45:00Z")


def test_EX_49_the_due_time_is_shown_by_the_clocks_of_the_destination() -> None:
    due_at = respond_by(at("2024-03-08T12:00:00", NEW_YORK), POLICY)

    assert due_at == at("2024-03-15T17:00:00Z")
    assert f"{due_at.astimezone(ZoneInfo(NEW_YORK)):%H:%M %Z}" == "13:00 EDT"
    told = Language("en", folder("templates") / "locale").in_words(
        instant(due_at, NEW_YORK)
    )
    assert "13:00 New York time" in told


@pytest.mark.parametrize(
    ("late_by", "state"),
    [
        pytest.param(timedelta(0), SlaState.MET, id="at-the-due-second"),
        pytest.param(SECOND, SlaState.BREACHED, id="one-second-later"),
    ],
)
def test_EX_50_a_reply_accepted_at_the_due_second_is_met_and_later_breached(
    office: Office, late_by: timedelta, state: SlaState
) -> None:
    office.deliver(make_claim_mail())
    due_at = office.claim.respond_by
    assert due_at is not None
    office.clock.at = due_at + late_by

    decide.reject(
        office.parts, office.claim, clauses=("C8",), by="jane", reason="Seen."
    )
    office.run()

    assert office.claim.responded_at == due_at + late_by
    assert sla_state(office.claim, now=office.clock.at) is state


def test_EX_52_the_automatic_acknowledgement_does_not_stop_the_clock(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())

    assert [(email.kind, email.status) for email in office.emails] == [
        ("received", "sent")
    ]
    assert office.claim.responded_at is None
    assert sla_state(office.claim, now=office.clock.at) is SlaState.RUNNING


def test_EX_53_weekends_and_holidays_are_not_skipped() -> None:
    assert respond_by(at("2024-12-28T10:00:00Z"), POLICY) == at("2025-01-04T10:00:00Z")
