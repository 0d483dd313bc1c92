"""What is true of every clock and every sum, whatever the zone and the date."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import a_package, an_order
from worker.domain.amounts import propose
from worker.domain.claim import ClaimType
from worker.domain.deadlines import collect_by, latest, report_by, respond_by
from worker.domain.orders import When, parse_when
from worker.domain.policy import Policy, RespondCount, ThirtyDayCount

ZONES = [
    *("UTC", "America/New_York", "Europe/Berlin", "Asia/Singapore", "Asia/Kathmandu"),
    *("Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham", "America/St_Johns"),
]
"""With changes of an hour, of half an hour and of a whole day, and odd offsets."""
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

zones = st.sampled_from(ZONES)
START = datetime(2010, 1, 1, tzinfo=UTC)
instants = st.integers(0, 20 * 366 * 86400).map(
    lambda seconds: START + timedelta(seconds=seconds)
)
spans = st.timedeltas(timedelta(0), timedelta(days=60))
written = st.sampled_from(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"])
policies = st.builds(
    Policy,
    thirty_day_count=st.sampled_from(ThirtyDayCount),
    respond_count=st.sampled_from(RespondCount),
    respond_within=st.integers(1, 7).map(lambda days: timedelta(days=days)),
    policy_tz=zones,
)


def recorded(at: datetime, zone: str, form: str) -> When:
    """What a courier in a zone writes down for an instant, without an offset."""
    tz = ZoneInfo(zone)
    return parse_when(at.astimezone(tz).strftime(form), tz)


@given(at=instants, zone=zones, form=written)
def test_a_record_always_covers_the_instant_it_was_written_at(
    at: datetime, zone: str, form: str
) -> None:
    record = recorded(at, zone, form)

    assert record.earliest_at <= at <= record.latest_at
    assert latest(record) >= record.latest_at


@given(at=instants, zone=zones, form=written)
def test_C11_never_cuts_24_real_hours_short(at: datetime, zone: str, form: str) -> None:
    limit = report_by(recorded(at, zone, form))

    assert limit - at >= timedelta(hours=24)
    assert report_by(recorded(at, "UTC", "%Y-%m-%dT%H:%M:%S")) <= limit


@given(at=instants, later=spans, zone=zones, form=written)
def test_C11_is_monotone_in_every_zone(
    at: datetime, later: timedelta, zone: str, form: str
) -> None:
    first, second = recorded(at, zone, form), recorded(at + later, zone, form)

    # Local times go back at a change of the clocks; the records then overlap.
    if second.earliest_at >= first.earliest_at:
        assert report_by(second) >= report_by(first)


@given(at=instants, zone=zones, other=zones)
def test_C11_does_not_depend_on_the_zone_in_which_an_instant_is_written(
    at: datetime, zone: str, other: str
) -> None:
    def limit_in(name: str) -> datetime:
        local = at.astimezone(ZoneInfo(name))
        return report_by(parse_when(local.astimezone(UTC).isoformat(), ZoneInfo(name)))

    assert limit_in(zone) == limit_in(other)


@given(at=instants, later=spans, zone=zones, policy=policies)
def test_C12_is_monotone_and_within_a_day_of_720_hours(
    at: datetime, later: timedelta, zone: str, policy: Policy
) -> None:
    def limit_of(arrived_at: datetime) -> datetime:
        record = parse_when(arrived_at.isoformat(), UTC)
        return collect_by(record, policy, destination_tz=zone)

    limit = limit_of(at)

    assert limit_of(at + later) >= limit
    # Apia left a whole day out in 2011, so that day 30 came a day sooner.
    gap = limit - (at + timedelta(hours=720))
    assert -DAY - HOUR <= gap <= DAY + HOUR


@given(at=instants, later=spans, policy=policies)
def test_C10_is_monotone_and_never_shorter_than_the_switch_says(
    at: datetime, later: timedelta, policy: Policy
) -> None:
    due_at = respond_by(at, policy)

    assert respond_by(at + later, policy) >= due_at
    if policy.respond_count is RespondCount.HOURS:
        assert due_at - at == policy.respond_within


@given(at=instants, zone=zones, policy=policies)
def test_C10_counts_the_same_whatever_zone_an_instant_is_written_in(
    at: datetime, zone: str, policy: Policy
) -> None:
    assert respond_by(at.astimezone(ZoneInfo(zone)), policy) == respond_by(at, policy)


prices = st.decimals(min_value=0, max_value=4_000, places=2)


@given(
    parts=st.lists(prices, min_size=1, max_size=6),
    points=st.integers(min_value=0, max_value=100_000),
)
def test_points_and_cash_are_exact_however_an_order_is_split(
    parts: list[Decimal], points: int
) -> None:
    """P13: what the packages of an order get back is what was spent, to the cent."""
    packages = tuple(
        a_package(
            str(number),
            value_usd=str(price),
            sales_price_usd=str(price),
            shipping_fee_usd="0.00",
        )
        for number, price in enumerate(parts)
    )
    goods = sum(parts, Decimal(0))
    spent = min(points, int(goods * 100))
    order = replace(an_order(packages=packages), points_applied=spent)

    found = [
        propose(one, ClaimType.TOTAL_LOSS, Policy(), order=order) for one in packages
    ]
    proposals = [one for one in found if one is not None]

    restored = sum(one.points_restored for one in proposals)
    cash = sum((one.total.amount for one in proposals), Decimal(0))
    assert len(proposals) == len(packages)
    assert restored == spent
    assert cash + Decimal(restored) / 100 == goods
