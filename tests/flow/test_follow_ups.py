"""Which claim a later mail belongs to, and what never joins: on the real steps."""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.builders import a_package, a_when, an_order
from tests.builders_mail import (
    CLAIMS,
    a_file,
    claim_files,
    invoice_pdf,
    make_claim_mail,
)
from tests.office import Office, an_office
from worker.domain.claim import ClaimState
from worker.domain.reply import reply_address

ORDER = "ORD-20261104-0183"
STRANGER = "Eve <eve@other.example>"
RECEIVED = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
DELIVERED = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    day = timedelta(days=1)
    package = dataclasses.replace(
        a_package(), arrived=a_when(DELIVERED - day), delivered=a_when(DELIVERED)
    )
    with an_office(tmp_path / "office", an_order(packages=(package,))) as office:
        office.deliver(make_claim_mail(files=claim_files()[1:]))
        yield office


def the_invoice(
    *headers: tuple[str, str],
    to: str = CLAIMS,
    subject: str = "the paper you asked for",
    **changes: str,
) -> bytes:
    """The missing invoice under a subject and in words that name nothing."""
    return (
        make_claim_mail(
            subject=subject,
            text="Here it is.",
            files=[a_file(invoice_pdf(), "invoice.pdf")],
            received_at=RECEIVED + timedelta(hours=3),
            headers=headers,
            **changes,
        )
        .replace(f"To: {CLAIMS}".encode(), f"To: {to}".encode())
        .replace(b"Message-ID: <one@", b"Message-ID: <two@")
    )


def joined(office: Office, raw: bytes) -> bool:
    """Whether the mail completed the one claim."""
    mail_id = office.deliver(raw)
    claims = office.store.claims.listed(open_only=False, limit=10)
    first = next(claim for claim in claims if claim.claim_id == 1)
    is_follow_up = office.fate(mail_id) == "follow_up"
    assert is_follow_up == (first.state is ClaimState.UNDER_REVIEW)
    return is_follow_up


def token(office: Office, claim_id: int = 1) -> str:
    key = office.parts.identity.secret_key
    return reply_address(CLAIMS, claim_id, secret_key=key)


# -- what leads a mail to its claim --------------------------------------------------


def test_the_id_of_our_answer_leads_a_mail_to_its_claim(office: Office) -> None:
    ours = office.emails[0].message_id

    assert joined(office, the_invoice(("In-Reply-To", ours)))


def test_our_id_anywhere_among_the_references_leads_there_too(office: Office) -> None:
    ids = f"<a@x.example> {office.emails[0].message_id} <b@x.example>"

    assert joined(office, the_invoice(("References", ids)))


def test_the_id_of_the_members_own_first_mail_leads_there(office: Office) -> None:
    assert joined(office, the_invoice(("References", "<one@mail.example>")))


def test_a_signed_address_leads_there(office: Office) -> None:
    assert joined(office, the_invoice(to=token(office)))


def test_the_ids_alone_lead_there(office: Office) -> None:
    assert joined(office, the_invoice(subject=f"invoice M104233 {ORDER}"))


@pytest.mark.parametrize("change", [("CLM1.", "CLM2."), ("@", "a@"), ("CLM1", "CLM")])
def test_an_address_that_we_did_not_sign_leads_nowhere(
    office: Office, change: tuple[str, str]
) -> None:
    assert not joined(office, the_invoice(to=token(office).replace(*change)))


def test_an_id_that_we_did_not_issue_leads_nowhere(office: Office) -> None:
    ours = office.emails[0].message_id
    forged = ours.replace(ours[1], "a" if ours[1] != "a" else "b", 1)

    assert not joined(office, the_invoice(("References", forged)))


# -- who is no party never joins ------------------------------------------------------


@pytest.mark.parametrize("by", ["token", "our id", "their id", "ids"])
@pytest.mark.parametrize(
    ("sender", "authentication"),
    [
        (STRANGER, "dmarc=pass header.from={domain}"),
        (STRANGER, None),
        ("Lena <lena.hoffmann@mail.example>", "dmarc=fail header.from={domain}"),
    ],
    ids=["a stranger", "unproven", "forged"],
)
def test_T1_who_is_no_party_joins_by_no_road(
    office: Office, by: str, sender: str, authentication: str | None
) -> None:
    before, sent = office.claim, len(office.relay.taken)
    headers: Sequence[tuple[str, str]] = {
        "our id": [("In-Reply-To", office.emails[0].message_id)],
        "their id": [("References", "<one@mail.example>")],
    }.get(by, [])
    raw = the_invoice(
        *headers,
        to=token(office) if by == "token" else CLAIMS,
        subject=f"M104233+{ORDER}+Claim" if by == "ids" else "for my claim",
        sender=sender,
        authentication=authentication,  # type: ignore[arg-type]
    )

    mail_id = office.deliver(raw)

    assert office.fate(mail_id) == "identity_hold"
    assert office.store.claims.get(1) == before
    told = [raw for to, raw in office.relay.taken[sent:] if to == "eve@other.example"]
    assert not any(ORDER.encode() in raw or b"104233" in raw for raw in told)


# -- what changes nothing -------------------------------------------------------------


def test_the_same_follow_up_twice_is_one_and_answered_once(office: Office) -> None:
    raw = the_invoice(("References", "<one@mail.example>"))
    assert joined(office, raw)
    claim, kinds = office.claim, office.kinds

    again = office.deliver(b"X-Received: by another road\r\n" + raw)

    assert office.fate(again) == "duplicate"
    assert (office.claim, office.kinds) == (claim, kinds)


def test_the_same_message_id_with_other_words_is_no_duplicate(office: Office) -> None:
    raw = the_invoice(("References", "<one@mail.example>"))

    mail_id = office.deliver(raw.replace(b"<two@", b"<one@"))

    assert office.fate(mail_id) == "follow_up"


@pytest.mark.parametrize(
    "words",
    ["Thank you!", "Danke, sehr nett.", "谢谢", "ok", "", "👍", "Merci beaucoup"],
)
def test_T7_words_of_thanks_change_nothing(office: Office, words: str) -> None:
    before, kinds = office.claim, office.kinds

    mail_id = office.deliver(
        make_claim_mail(
            subject=f"Re: M104233+{ORDER}+Claim",
            text=words,
            files=[],
            received_at=RECEIVED + timedelta(hours=5),
            headers=[("In-Reply-To", office.emails[0].message_id)],
        )
    )

    assert office.fate(mail_id) == "follow_up"
    assert office.kinds == kinds
    unchanged = {"version": before.version, "next_due_at": before.next_due_at}
    assert dataclasses.replace(office.claim, **unchanged) == before  # type: ignore[arg-type]
