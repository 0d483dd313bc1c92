"""The clocks of clauses C10, C11 and C12, and which time of a mail counts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from worker.domain.claim import Claim, ClaimState, ClaimType
from worker.domain.deadlines import (
    Due,
    DueKind,
    SlaState,
    collect_by,
    due_events,
    next_due_at,
    received_stamp,
    respond_by,
    sla_state,
)
from worker.domain.mail import Hop, ReceivedFrom, ReceivedStamp
from worker.domain.orders import Precision, When, parse_when
from worker.domain.policy import (
    Policy,
    RespondCount,
    TimestampSource,
)

POLICY = Policy()
SECOND = timedelta(seconds=1)
MX = "mx.logistics.example"
NOON = datetime(2024, 5, 11, 12, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def when(text: str, tz: str = "UTC") -> When:
    return parse_when(text, ZoneInfo(tz))


def a_stamp(
    *,
    trusted_at: datetime | None = None,
    internaldate_at: datetime | None = None,
    header_date_at: datetime | None = None,
    policy: Policy = POLICY,
    given_at: datetime | None = None,
) -> ReceivedStamp:
    hops = () if trusted_at is None else (Hop(0, MX, trusted_at),)
    return received_stamp(
        hops,
        internaldate_at=internaldate_at,
        first_seen_at=NOON + timedelta(days=1),
        header_date_at=header_date_at,
        trusted_mx=[MX],
        policy=policy,
        given_at=given_at,
    )


def a_claim(**changes: Any) -> Claim:  # noqa: ANN401 - any field of it
    values: dict[str, Any] = {
        "claim_id": 12,
        "member_id": "M10023",
        "order_number": "ORD-1",
        "package_id": "1",
        "claim_type": ClaimType.DAMAGE,
        "state": ClaimState.UNDER_REVIEW,
        "version": 1,
        "received_at": NOON,
        "docs_complete_at": NOON,
        "respond_by": NOON + timedelta(hours=168),
    }
    return Claim(**(values | changes))


# -- which time of a mail counts (clauses.md 1.1) -----------------------------------


def test_internaldate_decides_when_it_is_a_little_earlier() -> None:
    stamp = a_stamp(trusted_at=NOON, internaldate_at=NOON - SECOND)

    assert stamp.received_at == NOON - SECOND
    assert stamp.received_from is ReceivedFrom.INTERNALDATE
    assert stamp.flags == ()


def test_of_equal_clocks_our_own_exchanger_is_named() -> None:
    stamp = a_stamp(trusted_at=NOON, internaldate_at=NOON)

    assert stamp.received_from is ReceivedFrom.TRUSTED_RECEIVED


@pytest.mark.parametrize(
    ("gap", "source", "flags"),
    [
        pytest.param(
            timedelta(minutes=5), ReceivedFrom.INTERNALDATE, (), id="exactly-5-minutes"
        ),
        pytest.param(
            timedelta(minutes=5) + SECOND,
            ReceivedFrom.TRUSTED_RECEIVED,
            ("internaldate_ignored",),
            id="one-second-more",
        ),
    ],
)
def test_an_imported_internaldate_is_ignored(
    gap: timedelta, source: ReceivedFrom, flags: tuple[str, ...]
) -> None:
    stamp = a_stamp(trusted_at=NOON, internaldate_at=NOON - gap)

    assert stamp.received_from is source
    assert stamp.flags == flags
    assert stamp.internaldate_at == NOON - gap


@pytest.mark.parametrize(
    ("gap", "flags"),
    [
        pytest.param(timedelta(hours=1), (), id="exactly-1-hour"),
        pytest.param(
            timedelta(hours=1) + SECOND, ("date_mismatch",), id="one-second-more"
        ),
        pytest.param(-timedelta(hours=1) - SECOND, ("date_mismatch",), id="date-ahead"),
    ],
)
def test_a_date_header_far_away_raises_a_flag_and_decides_nothing(
    gap: timedelta, flags: tuple[str, ...]
) -> None:
    stamp = a_stamp(trusted_at=NOON, header_date_at=NOON - gap)

    assert stamp.received_at == NOON
    assert stamp.flags == flags


def test_the_topmost_stamp_of_ours_counts_and_nothing_below_it() -> None:
    hops = (
        Hop(0, "store.logistics.example", NOON + timedelta(hours=1)),
        Hop(1, "MX.Logistics.Example.", NOON),
        Hop(2, MX, NOON - timedelta(days=2)),
    )

    stamp = received_stamp(
        hops,
        internaldate_at=None,
        first_seen_at=NOON + timedelta(hours=2),
        header_date_at=None,
        trusted_mx=[MX],
        policy=POLICY,
    )

    assert stamp.received_at == NOON


def test_an_unreadable_stamp_of_ours_does_not_let_a_forged_one_count() -> None:
    hops = (Hop(0, MX, None), Hop(1, MX, NOON - timedelta(days=2)))

    stamp = received_stamp(
        hops,
        internaldate_at=NOON,
        first_seen_at=NOON,
        header_date_at=None,
        trusted_mx=[MX],
        policy=POLICY,
    )

    assert stamp.received_at == NOON
    assert stamp.received_trusted_at is None


def test_first_sight_counts_when_nothing_else_is_known() -> None:
    stamp = a_stamp()

    assert stamp.received_from is ReceivedFrom.FIRST_SEEN
    assert stamp.received_at == NOON + timedelta(days=1)


def test_a_given_time_wins_over_all_clocks() -> None:
    stamp = a_stamp(trusted_at=NOON, internaldate_at=NOON, given_at=NOON - SECOND)

    assert stamp.received_at == NOON - SECOND
    assert stamp.received_from is ReceivedFrom.GIVEN


def test_the_switch_leaves_internaldate_alone() -> None:
    policy = Policy(timestamp_source=TimestampSource.INTERNALDATE)

    stamp = a_stamp(
        trusted_at=NOON, internaldate_at=NOON + timedelta(hours=1), policy=policy
    )

    assert stamp.received_at == NOON + timedelta(hours=1)
    assert a_stamp(trusted_at=NOON, policy=policy).received_at == NOON


def test_every_instant_comes_back_in_utc() -> None:
    local = NOON.astimezone(ZoneInfo("Asia/Taipei"))

    stamp = a_stamp(trusted_at=local, internaldate_at=local, header_date_at=local)

    assert stamp.received_at.tzinfo is UTC
    assert stamp.internaldate_at is not None
    assert stamp.internaldate_at.tzinfo is UTC
    assert stamp.header_date_at is not None
    assert stamp.header_date_at.tzinfo is UTC


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        a_stamp(internaldate_at=NOON.replace(tzinfo=None))


# -- reading written times ----------------------------------------------------------


def test_a_time_that_the_clocks_skipped_keeps_the_offset_before() -> None:
    skipped = when("2024-03-10T02:30:00", "America/New_York")

    assert skipped.earliest_at == skipped.latest_at == at("2024-03-10T07:30:00Z")


def test_seconds_written_as_zero_are_seconds() -> None:
    assert when("2024-06-03T14:05:00Z").precision is Precision.SECOND
    assert when("2024-06-03 14:05Z").precision is Precision.MINUTE


def test_a_written_offset_wins_over_the_zone() -> None:
    written = when(" 2024-06-01T09:00:00+08:00 ", "America/New_York")

    assert written.earliest_at == at("2024-06-01T01:00:00Z")
    assert written.written == "2024-06-01T09:00:00+08:00"


def test_a_day_on_which_the_clocks_change_has_its_true_length() -> None:
    long_day = when("2024-11-03", "America/New_York")

    assert long_day.latest_at - long_day.earliest_at == timedelta(hours=25) - SECOND


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3 Jun 2024 14:05",
        "2024-02-30",
        "2024-06-03T24:00",
        "2024-06-03T14",
        "0024-06-03",
    ],
)
def test_other_ways_to_write_a_time_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|day is out of range|day must be"):
        when(text)


# -- 30 days (C12) ------------------------------------------------------------------


def test_without_a_destination_zone_days_count_in_the_policy_zone() -> None:
    arrived = when("2024-01-31T20:00:00Z")
    policy = Policy(policy_tz="Asia/Singapore")

    assert collect_by(arrived, POLICY, destination_tz=None) == at(
        "2024-03-01T23:59:59Z"
    )
    assert collect_by(arrived, policy, destination_tz=None) == at(
        "2024-03-02T15:59:59Z"
    )


# -- 7 days (C10) -------------------------------------------------------------------


def test_C10_by_calendar_days_ends_with_the_seventh_day() -> None:
    policy = Policy(respond_count=RespondCount.CALENDAR_DAYS, policy_tz="Asia/Taipei")

    due_at = respond_by(at("2024-05-03T20:00:00Z"), policy)

    assert due_at == at("2024-05-11T15:59:59Z")


def test_C10_an_answer_to_an_earlier_clock_does_not_stop_the_new_one() -> None:
    complete_at = at("2024-05-07T08:00:00Z")
    claim = a_claim(
        responded_at=at("2024-05-05T10:00:00Z"),
        docs_complete_at=complete_at,
        respond_by=respond_by(complete_at, POLICY),
    )

    assert claim.respond_by == at("2024-05-14T08:00:00Z")
    assert sla_state(claim, now=complete_at) is SlaState.RUNNING


@pytest.mark.parametrize(
    ("left", "state"),
    [
        pytest.param(timedelta(hours=48) + SECOND, SlaState.RUNNING, id="over-48-h"),
        pytest.param(timedelta(hours=48), SlaState.DUE_SOON, id="48-h"),
        pytest.param(timedelta(0), SlaState.DUE_SOON, id="due-second"),
        pytest.param(-SECOND, SlaState.BREACHED, id="one-second-over"),
    ],
)
def test_the_clock_is_read_at_an_instant(left: timedelta, state: SlaState) -> None:
    claim = a_claim()
    assert claim.respond_by is not None

    assert sla_state(claim, now=claim.respond_by - left) is state


@pytest.mark.parametrize("state", [ClaimState.WITHDRAWN, ClaimState.AWAITING_DOCUMENTS])
def test_no_clock_runs_where_nobody_waits_for_us(state: ClaimState) -> None:
    later = NOON + timedelta(days=30)

    assert sla_state(a_claim(state=state), now=later) is SlaState.NONE
    assert sla_state(a_claim(respond_by=None), now=later) is SlaState.NONE


# -- the schedule -------------------------------------------------------------------


def test_a_running_clock_warns_twice_and_then_answers() -> None:
    due_at = NOON + timedelta(hours=168)

    assert due_events(a_claim(), POLICY) == (
        Due(DueKind.WARN_48H, due_at - timedelta(hours=48)),
        Due(DueKind.WARN_24H, due_at - timedelta(hours=24)),
        Due(DueKind.AUTO_RESPONSE, due_at - timedelta(hours=2)),
    )


def test_the_automatic_answer_can_be_turned_off() -> None:
    kinds = [due.kind for due in due_events(a_claim(), Policy(auto_response=False))]

    assert kinds == [DueKind.WARN_48H, DueKind.WARN_24H]


def test_an_answered_clock_has_nothing_due() -> None:
    assert due_events(a_claim(responded_at=NOON + SECOND), POLICY) == ()
    assert due_events(a_claim(responded_at=NOON - SECOND), POLICY) != ()


@pytest.mark.parametrize(
    ("answered_after", "is_due"),
    [
        pytest.param(timedelta(0), True, id="only-the-promise"),
        pytest.param(SECOND, False, id="one-second-later"),
    ],
)
def test_a_response_that_names_a_date_starts_the_next_clock(
    answered_after: timedelta, *, is_due: bool
) -> None:
    promised_at = NOON + timedelta(days=6)
    claim = a_claim(
        responded_at=promised_at + answered_after,
        promised_at=promised_at,
        respond_by=promised_at + timedelta(days=7),
    )

    state = sla_state(claim, now=promised_at + timedelta(days=1))

    assert (due_events(claim, POLICY) != ()) is is_due
    assert state is (SlaState.RUNNING if is_due else SlaState.MET)


def test_missing_documents_are_reminded_on_day_3_and_expire() -> None:
    claim = a_claim(
        state=ClaimState.AWAITING_DOCUMENTS,
        docs_complete_at=None,
        respond_by=None,
        documents_asked_at=NOON,
        documents_due_at=NOON + timedelta(days=7),
    )

    assert due_events(claim, POLICY) == (
        Due(DueKind.DOCUMENTS_REMINDER, NOON + timedelta(days=3)),
        Due(DueKind.DOCUMENTS_EXPIRY, NOON + timedelta(days=7)),
    )


def test_only_a_request_of_its_own_expires_while_the_member_is_asked() -> None:
    asked: dict[str, Any] = {
        "state": ClaimState.AWAITING_MEMBER,
        "responded_at": NOON + timedelta(days=1),
        "documents_due_at": NOON + timedelta(days=8),
    }

    before = a_claim(documents_asked_at=NOON - timedelta(days=1), **asked)
    after = a_claim(documents_asked_at=NOON + timedelta(days=1), **asked)

    assert due_events(before, POLICY) == ()
    assert [due.kind for due in due_events(after, POLICY)] == [
        DueKind.DOCUMENTS_REMINDER,
        DueKind.DOCUMENTS_EXPIRY,
    ]


@pytest.mark.parametrize("state", [ClaimState.COMPLETED_PAID, ClaimState.IDENTITY_HOLD])
def test_nothing_falls_due_for_a_claim_that_waits_for_nothing(
    state: ClaimState,
) -> None:
    assert due_events(a_claim(state=state, documents_asked_at=NOON), POLICY) == ()


def test_the_next_due_instant_is_strictly_later() -> None:
    claim = a_claim()
    first_at = NOON + timedelta(hours=120)
    last_at = NOON + timedelta(hours=166)

    assert next_due_at(claim, POLICY, first_at - SECOND) == first_at
    assert next_due_at(claim, POLICY, first_at) == NOON + timedelta(hours=144)
    assert next_due_at(claim, POLICY, last_at) is None
