"""Each night staff hear which claims lack one thing, where they have an address."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import a_member, an_order
from tests.builders_mail import claim_files, make_claim_mail
from tests.office import Office, an_office
from worker.actors import digest_job
from worker.domain.claim import ClaimState, ClaimType
from worker.replies.staff import Missing, facts_missing
from worker.samples import a_claim
from worker.schedule import Scheduler

TO = "claims-team@logistics.example"
ONE, MANY, WHOLE = "ORD-20260001", "ORD-20260002", "ORD-20260003"


@pytest.fixture
def office(tmp_path: Path, database_url: str) -> Iterator[Office]:
    orders = [an_order(number, member=a_member()) for number in (ONE, MANY, WHOLE)]
    with an_office(
        tmp_path / "office",
        *orders,
        alert_url=f"mailto:{TO}",
        database_url=database_url,
    ) as office:
        yield office


def digests(office: Office) -> list[str]:
    office.run()
    return [
        raw.decode()
        for recipient, raw in office.relay.taken
        if recipient == TO and b"one thing" in raw
    ]


def write_digest(office: Office) -> None:
    with office.store.transaction() as work:
        work.add_jobs(digest_job("2026-11-19"))


def test_the_claims_that_lack_one_thing_are_told(office: Office) -> None:
    files = claim_files(ONE)
    office.deliver(
        make_claim_mail(order=ONE, files=files[1:]),
        make_claim_mail(order=MANY, files=[]),
        make_claim_mail(order=WHOLE, files=claim_files(WHOLE)),
    )
    office.clock.at += timedelta(days=2)

    write_digest(office)

    (digest,) = digests(office)
    assert "Subject: 1 claim lacks one thing" in digest
    assert "CLM-000001" in digest
    assert "CLM-000002" not in digest
    assert "CLM-000003" not in digest


def test_the_oldest_comes_first_with_how_long_it_waits(office: Office) -> None:
    office.deliver(make_claim_mail(order=ONE, files=claim_files(ONE)[1:]))
    office.clock.at += timedelta(days=3)
    office.deliver(make_claim_mail(order=MANY, files=claim_files(MANY)[1:]))
    office.clock.at += timedelta(days=2)

    write_digest(office)

    (digest,) = digests(office)
    rows = [line for line in digest.splitlines() if line.startswith("- CLM-")]
    assert rows == [
        "- CLM-000001 | documents | 5 days",
        "- CLM-000002 | documents | 48 hours",
    ]


def test_that_none_does_is_told_too(office: Office) -> None:
    write_digest(office)

    (digest,) = digests(office)
    assert "Subject: No claim lacks one thing only" in digest


def test_each_night_has_one_digest(office: Office) -> None:
    one, other = Scheduler(office.parts), Scheduler(office.parts)
    one.enqueue_nightly(office.clock.at)
    office.clock.at += timedelta(days=1)
    for scheduler in (one, other, one):
        scheduler.enqueue_nightly(office.clock.at)

    assert len(digests(office)) == 1


def test_without_an_address_there_is_none(tmp_path: Path) -> None:
    with an_office(tmp_path / "office", an_order()) as office:
        scheduler = Scheduler(office.parts)
        scheduler.enqueue_nightly(office.clock.at)
        office.clock.at += timedelta(days=1)
        scheduler.enqueue_nightly(office.clock.at)
        office.run()

        assert office.relay.taken == []


@pytest.mark.parametrize(
    ("changes", "documents", "missing"),
    [
        ({"state": ClaimState.AWAITING_DOCUMENTS}, 1, (Missing.DOCUMENTS,)),
        ({"state": ClaimState.AWAITING_DOCUMENTS}, 2, (Missing.DOCUMENTS,) * 2),
        ({"state": ClaimState.UNDER_REVIEW}, 2, ()),
        ({"state": ClaimState.AWAITING_MEMBER}, 0, (Missing.ANSWER,)),
        ({"state": ClaimState.AWAITING_CARRIER}, 0, (Missing.CARRIER,)),
        ({"state": ClaimState.IDENTITY_HOLD}, 0, (Missing.IDENTITY,)),
        ({"package_id": None}, 0, (Missing.PACKAGE,)),
        ({"claim_type": ClaimType.UNKNOWN}, 0, (Missing.CLAIM_TYPE,)),
        (
            {"claim_type": ClaimType.UNKNOWN, "package_id": None},
            0,
            (Missing.PACKAGE, Missing.CLAIM_TYPE),
        ),
    ],
)
def test_what_a_claim_lacks(
    changes: dict[str, object], documents: int, missing: tuple[Missing, ...]
) -> None:
    claim = a_claim(**({"state": ClaimState.UNDER_REVIEW} | changes))

    assert facts_missing(claim, documents=documents) == missing
