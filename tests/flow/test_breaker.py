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
from worker.domain.claim import ClaimState
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


def look_at_all(office: Office) -> None:
    """A person releases what the breaker holds, but for the last."""
    *most, last = office.store.outbox.held_for("breaker")
    for email_id in most:
        decide.release(office.parts, email_id, by="jane")
    decide.discard(office.parts, last, by="jane", reason="a loop")
    office.run()


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
    office.clock.at += timedelta(minutes=10)

    look_at_all(office)
    office.clock.at += timedelta(minutes=1)
    deliver_strangers(office, 1)

    assert [email.status for email in office.emails] == ["sent"] * 4
    assert office.store.outbox.get(4).status == "cancelled"


def test_when_it_opens_again_that_is_told_again(office: Office) -> None:
    deliver_strangers(office, MOST + 2)
    look_at_all(office)
    office.clock.at += timedelta(minutes=1)

    deliver_strangers(office, MOST + 2)

    assert reasons(office)[-2:] == ["breaker", "breaker"]
    assert alerts(office) == ["breaker_open", "breaker_open"]


def test_claims_are_still_opened_and_assessed_while_it_is_open(office: Office) -> None:
    deliver_strangers(office, MOST + 1)

    office.deliver(make_claim_mail())

    assert office.state() is ClaimState.UNDER_REVIEW
    assert office.kinds[-1] == "received"
    assert reasons(office)[-1] == "breaker"
    assert office.store.jobs.count_alive() == 0


def test_promise_4_the_response_that_is_owed_passes_an_open_breaker(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())
    deliver_strangers(office, MOST)
    respond_by = office.claim.respond_by
    assert respond_by is not None

    office.wait_until(respond_by - timedelta(hours=2))

    (response,) = [email for email in office.emails if email.kind == "response"]
    assert response.status == "sent"
    assert office.emails[MOST].held_reason == "breaker"


def test_what_a_person_decided_is_not_held_and_does_not_count(office: Office) -> None:
    office.deliver(make_claim_mail())
    deliver_strangers(office, MOST)

    decide.approve(
        office.parts, office.claim, amount="10.00", by="jane", reason="repaired"
    )
    office.run()

    assert office.emails[-1].kind == "approved"
    assert office.emails[-1].status == "sent"


def test_all_that_is_held_for_a_reason_is_found(office: Office) -> None:
    deliver_strangers(office, MOST + 2)

    assert office.store.outbox.held_for("breaker") == [3, 4]
    assert office.store.outbox.held_reasons() == ["breaker"]


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
