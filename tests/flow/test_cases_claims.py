"""The acceptance cases of the terms about subject and mailbox: EX-72 to EX-80.

Each goes the whole way of a mail, through the steps and on to the relay.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.header import Header
from pathlib import Path

import pytest

from tests.builders import a_package, an_order
from tests.builders_mail import SENDER, auto_reply, bounce, make_claim_mail, make_mail
from tests.office import Office, an_office
from worker.adapters.mime import parse
from worker.domain.claim import ClaimState
from worker.domain.subject import read_ids

ON_FILE = "lena.hoffmann@mail.example"
STRANGER = "Lena H <lena.private@other.example>"
FIRST, SECOND = "ORD-20261104-0183", "ORD-20261104-0184"
RECEIVED = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    orders = an_order(FIRST), an_order(SECOND, packages=(a_package("2"),))
    with an_office(tmp_path / "office", *orders) as office:
        yield office


def fate_of(office: Office, subject: str, *, text: str = "It is broken.") -> str | None:
    return office.fate(office.deliver(make_claim_mail(subject=subject, text=text)))


def opens_the_claim(office: Office, subject: str) -> None:
    """Assert that a mail of this subject opens the claim of the first order."""
    assert fate_of(office, subject) == "claim"
    assert office.claim.order_number == FIRST
    assert office.kinds == ["received"]


def test_EX_72_the_subject_of_the_terms_is_read_with_confidence(office: Office) -> None:
    subject = f"M104233+{FIRST}+Claim"

    opens_the_claim(office, subject)
    assert read_ids(subject).candidates.is_strict


def test_EX_73_a_reply_prefix_case_and_spaces_do_not_matter(office: Office) -> None:
    subject = f"Re: M104233 + {FIRST.lower()} + CLAIM"

    opens_the_claim(office, subject)
    assert read_ids(subject).candidates.is_strict
    assert read_ids(subject).is_reply


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(f"M104233＋{FIRST}＋Claim", id="full-width"),
        pytest.param(
            Header(f"M104233+{FIRST}+Claim", "utf-8").encode(), id="encoded-word"
        ),
        pytest.param(Header(f"M104233＋{FIRST}＋Claim", "utf-8").encode(), id="both"),
    ],
)
def test_EX_74_full_width_and_encoded_subjects_are_decoded(
    office: Office, subject: str
) -> None:
    opens_the_claim(office, subject)


def test_EX_75_without_plus_signs_the_directory_must_confirm(office: Office) -> None:
    subject = f"Claim M104233 {FIRST}"

    opens_the_claim(office, subject)
    assert not read_ids(subject).candidates.is_strict
    assert fate_of(office, "Claim M104233 ORD-20269999-0000") == "cannot_match"


def test_EX_76_without_the_order_number_it_is_asked_for_and_the_receipt_is_kept(
    office: Office,
) -> None:
    mail_id = office.deliver(make_claim_mail(subject="M104233+Claim", text="Broken."))
    assert office.fate(mail_id) == "cannot_match"
    assert office.kinds == ["cannot_match"]
    assert "order number" in parse(office.emails[0].raw or b"").text.casefold()

    office.deliver(
        make_claim_mail(
            subject=f"Re: M104233+{FIRST}+Claim",
            received_at=RECEIVED + DAY,
            headers=[("In-Reply-To", office.emails[0].message_id or "")],
        )
    )

    assert office.claim.received_at == RECEIVED
    assert office.claim.docs_complete_at == RECEIVED + DAY


def test_EX_77_two_orders_in_one_mail_are_left_to_a_person(office: Office) -> None:
    subject = f"M104233+{FIRST}+{SECOND}+Claim"

    opens_the_claim(office, subject)
    assert read_ids(subject).candidates.orders == (FIRST, SECOND)
    assert "several_orders" in office.claim.flags


def test_EX_78_a_stranger_is_held_and_learns_nothing_of_the_order(
    office: Office,
) -> None:
    office.deliver(make_claim_mail(sender=STRANGER))

    assert office.state() is ClaimState.IDENTITY_HOLD
    to_stranger, to_member = sorted(office.emails, key=lambda email: email.kind)
    assert to_stranger.kind == "confirm_identity"
    assert to_stranger.recipient == "lena.private@other.example"
    said = parse(to_stranger.raw or b"")
    for word in ("M104233", FIRST, "Hoffmann", ON_FILE, "480", "450"):
        assert word not in said.text + said.subject
    assert (to_member.kind, to_member.recipient) == ("identity_notice", ON_FILE)


def test_EX_79_one_mail_is_stored_once_and_a_second_one_joins_the_open_claim(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())

    again = office.deliver(make_claim_mail())
    other = office.deliver(
        make_claim_mail(
            text="One more thing about it.",
            received_at=RECEIVED + DAY,
        )
    )

    assert office.fate(again) == "duplicate"
    assert office.fate(other) == "follow_up"
    assert office.store.mails.get(other).claim_id == office.claim.claim_id
    assert office.claim.received_at == RECEIVED


@pytest.mark.parametrize(
    ("raw", "fate"),
    [
        pytest.param(auto_reply(), "auto_reply", id="auto-submitted"),
        pytest.param(bounce(), "bounce", id="bounce"),
        pytest.param(
            make_mail(
                sender=SENDER,
                subject=f"M104233+{FIRST}+Claim",
                headers=[("Return-Path", "<>")],
            ),
            "auto_reply",
            id="empty-return-path",
        ),
    ],
)
def test_EX_80_machines_are_filed_and_never_answered(
    office: Office, raw: bytes, fate: str
) -> None:
    mail_id = office.deliver(raw)

    assert office.fate(mail_id) == fate
    assert office.emails == []
    assert office.relay.taken == []
