"""Photographs (clause C3): when they were taken, and whether they were seen before."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.flow.test_checks import facts
from worker.domain.evidence import photographs_are_new, photographs_follow_delivery
from worker.domain.findings import Facts, Finding, FindingVerdict
from worker.domain.orders import Precision, When
from worker.domain.photographs import (
    Photograph,
    Sighting,
    distance,
    is_older,
    keys,
    taken_between,
)

DELIVERED_AT = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
DELIVERED = When(DELIVERED_AT, DELIVERED_AT, Precision.SECOND, "2026-11-18T12:00:00Z")


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        pytest.param(
            "2026:11:18 16:02:11",
            datetime(2026, 11, 18, 2, 2, 11, tzinfo=UTC),
            datetime(2026, 11, 19, 4, 2, 11, tzinfo=UTC),
            id="no zone",
        ),
        pytest.param(
            "2026:11:18 16:02:11+01:00",
            datetime(2026, 11, 18, 15, 2, 11, tzinfo=UTC),
            datetime(2026, 11, 18, 15, 2, 11, tzinfo=UTC),
            id="offset",
        ),
    ],
)
def test_a_camera_s_time_is_every_instant_that_it_may_mean(
    text: str, first: datetime, last: datetime
) -> None:
    assert taken_between(text) == (first, last)


@pytest.mark.parametrize(
    "text", ["", "0000:00:00 00:00:00", "2026:13:40 99:99:99", "yesterday"]
)
def test_what_is_no_time_means_nothing(text: str) -> None:
    assert taken_between(text) is None
    assert not is_older(text, DELIVERED)


@pytest.mark.parametrize(
    ("taken_at", "expected"),
    [
        pytest.param("2026:11:18 00:00:00", False, id="noon in the last zone"),
        pytest.param("2026:11:17 23:59:59", True, id="a second before that"),
        pytest.param("2026:11:18 12:00:00+00:00", False, id="exactly then"),
        pytest.param("2026:11:18 11:59:59+00:00", True, id="a second before"),
    ],
)
def test_a_photograph_is_older_only_where_no_zone_says_otherwise(
    taken_at: str, *, expected: bool
) -> None:
    assert is_older(taken_at, DELIVERED) is expected


def test_hashes_that_differ_little_have_a_key_in_common() -> None:
    one = 0x1234_5678_9ABC_DEF0_1357_9BDF_0246_8ACE
    for shift in range(1, 16):
        other = one
        for place in range(7):
            other ^= 1 << (place * 16 + shift)
        pair = f"{one:032x}", f"{other:032x}"

        assert distance(*pair) == 7
        assert set(keys(pair[0])) & set(keys(pair[1]))


def test_parts_without_edges_are_no_keys() -> None:
    assert keys("0000ffff" * 4) == ()


def seen(photo: Photograph) -> Photograph:
    return replace(photo, seen=(Sighting(3, bits=2, is_same_member=False),))


def with_photos(*photos: Photograph) -> Facts:
    return replace(facts(), photographs=photos)


def test_c3_a_photograph_seen_before_is_a_hint_with_its_claim() -> None:
    photo = Photograph(7, "2", "IMG_1.jpg")

    found = photographs_are_new(with_photos(seen(photo), photo))

    assert found.verdict is FindingVerdict.UNCLEAR
    assert found.flags == ("photo_seen_before",)
    assert found.proposes is None
    assert "CLM-000003 (another member, 2 of 128 bits differ)" in found.evidence


def test_c3_a_photograph_older_than_the_delivery_is_a_hint() -> None:
    old = Photograph(7, "2", "IMG_1.jpg", taken_at="2020:01:01 10:00:00")

    found = photographs_follow_delivery(with_photos(old))

    assert found.verdict is FindingVerdict.UNCLEAR
    assert found.flags == ("photo_older_than_delivery",)
    assert found.proposes is None
    assert "2020:01:01" in found.evidence


@pytest.mark.parametrize("check", [photographs_are_new, photographs_follow_delivery])
def test_c3_without_photographs_nothing_is_compared(check: object) -> None:
    assert callable(check)
    found = check(with_photos())

    assert isinstance(found, Finding)
    assert found.verdict is FindingVerdict.NOT_APPLICABLE


def test_c3_new_photographs_pass() -> None:
    fresh = Photograph(7, "2", "IMG_1.jpg", taken_at="2126:01:01 10:00:00")

    assert photographs_are_new(with_photos(fresh)).verdict is FindingVerdict.PASS
    late = photographs_follow_delivery(with_photos(fresh))
    assert late.verdict is FindingVerdict.PASS
