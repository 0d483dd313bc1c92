"""A mail that cannot be read is corrected by a person; the original stays."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import an_order
from tests.builders_mail import make_claim_mail
from tests.mailbox_office import MailboxOffice, a_mailbox_office
from worker.auditing import audit
from worker.correcting import correct
from worker.domain.errors import UsageError
from worker.domain.mail import Fate

BROKEN = b"X-Breaks-The-Reader: yes\r\n" + make_claim_mail()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[MailboxOffice]:
    with a_mailbox_office(tmp_path / "office", an_order()) as office:
        office.deliver(BROKEN)
        office.run_again()
        office.run_again()
        assert office.fate(1) == Fate.PARKED
        office.clock.at += timedelta(days=2)
        yield office


def dead(office: MailboxOffice) -> list[int]:
    return office.parts.desk.dead_letters.ids(limit=10)


def test_a_corrected_mail_opens_the_claim_with_the_receipt_of_the_original(
    office: MailboxOffice,
) -> None:
    (job,) = dead(office)
    received_at = office.clock.at - timedelta(days=2)

    mail_id = correct(office.parts, job, make_claim_mail(), by="jane", reason="header")
    office.run()

    claim = office.claim
    assert (mail_id, office.fate(mail_id)) == (2, Fate.CLAIM)
    assert claim.received_at <= received_at
    assert dead(office) == []


def test_the_original_stays_as_it_came(office: MailboxOffice) -> None:
    (job,) = dead(office)
    sha256 = office.store.mails.get(1).sha256

    correct(office.parts, job, make_claim_mail(), by="jane", reason="header")
    office.run()

    assert office.parts.raw.get(sha256) == BROKEN
    assert office.fate(1) == Fate.PARKED
    summary = office.store.mails.summary(1)
    assert summary["signal"] == "corrected as mail 2"
    assert audit(office.parts, is_deep=True).gaps == []


def test_who_did_it_stands_in_the_log(office: MailboxOffice) -> None:
    (job,) = dead(office)

    correct(office.parts, job, make_claim_mail(), by="jane", reason="a wrong header")

    with office.store.database.read() as session:
        rows = session.connection().exec_driver_sql(
            'select "by", action, reason from operator_actions'
        )
        assert rows.all() == [("jane", "mail corrected", "a wrong header")]


def test_a_correction_that_cannot_be_read_either_is_a_dead_letter_of_its_own(
    office: MailboxOffice,
) -> None:
    (job,) = dead(office)
    correct(office.parts, job, BROKEN + b"!", by="jane", reason="header")
    office.run()
    office.run_again()
    office.run_again()
    (second,) = dead(office)

    correct(office.parts, second, make_claim_mail(), by="jane", reason="header")
    office.run()

    assert office.fate(3) == Fate.CLAIM


def test_the_same_bytes_and_no_bytes_are_refused(office: MailboxOffice) -> None:
    (job,) = dead(office)

    with pytest.raises(UsageError, match="own bytes"):
        correct(office.parts, job, BROKEN, by="jane", reason="header")
    with pytest.raises(UsageError, match="empty"):
        correct(office.parts, job, b" \r\n", by="jane", reason="header")
    with pytest.raises(UsageError, match="no dead letter"):
        correct(office.parts, 99, b"x", by="jane", reason="header")

    assert dead(office) == [job]
