"""The breaker: too much automatic e-mail in an hour, and then none without a person."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.builders import an_order
from tests.builders_mail import make_claim_mail
from tests.office import Office, an_office
from worker import decide
from worker.domain.errors import UsageError

MOST = 2
STRANGER = "Lena H <lena.private@other.example>"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office that may send two automatic e-mails in an hour."""
    with an_office(
        tmp_path / "office", an_order(), answers_per_hour=MOST, answers_per_address=99
    ) as office:
        yield office


def deliver_strangers(office: Office, number: int) -> None:
    """Mails whose senders are answered with `cannot_match`."""
    already = office.store.stats.counts().mails
    for n in range(already, already + number):
        mail = make_claim_mail(
            sender=STRANGER, subject=f"where is it {n}", text="?", files=[]
        )
        office.deliver(mail)


def reasons(office: Office) -> list[str]:
    return [email.held_reason for email in office.emails]


def alerts(office: Office) -> list[str]:
    with office.store.database.read() as session:
        return list(session.execute(sa.text("select code from alerts")).scalars())


def test_S3_what_is_more_than_the_hour_allows_is_held_and_told_once(
    office: Office,
) -> None:
    deliver_strangers(office, MOST + 2)

    assert reasons(office) == ["", "", "breaker", "breaker"]
    assert len(office.relay.taken) == MOST
    assert alerts(office) == ["breaker_open"]


def test_an_open_breaker_does_not_close_with_time(office: Office) -> None:
    deliver_strangers(office, MOST + 1)
    office.clock.at += timedelta(days=2)

    deliver_strangers(office, 1)

    assert reasons(office)[-1] == "breaker"


def test_it_closes_when_a_person_has_looked_at_all_that_it_holds(
    office: Office,
) -> None:
    deliver_strangers(office, MOST + 2)
    office.clock.at += timedelta(hours=2)

    decide.release(office.parts, 3, by="jane")
    decide.discard(office.parts, 4, by="jane", reason="a loop")
    office.run()
    deliver_strangers(office, 1)

    assert [email.status for email in office.emails] == ["sent"] * 4
    assert office.store.outbox.get(4).status == "cancelled"


def test_mails_are_still_read_and_claims_assessed_while_it_is_open(
    office: Office,
) -> None:
    deliver_strangers(office, MOST + 3)

    assert office.store.stats.counts().mails == MOST + 3
    assert office.store.jobs.count_alive() == 0


def test_what_is_not_held_cannot_be_discarded(office: Office) -> None:
    deliver_strangers(office, 1)

    with pytest.raises(UsageError, match="e-mail 1 is not held"):
        decide.discard(office.parts, 1, by="jane", reason="a loop")


def test_no_limit_holds_nothing(tmp_path: Path) -> None:
    with an_office(
        tmp_path / "free", an_order(), answers_per_hour=0, answers_per_address=99
    ) as office:
        deliver_strangers(office, MOST + 2)

        assert reasons(office) == [""] * (MOST + 2)
