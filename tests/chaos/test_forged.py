"""Mails of forgers, and mails that look like one another, in a small office."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import an_order
from tests.builders_mail import make_claim_mail
from tests.office import Office, an_office

FORGED = 100


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office", an_order()) as office:
        yield office


def test_scenario_46_forged_senders_get_no_answer(office: Office) -> None:
    """Whom a forger names is not written to: neither strangers nor members."""
    office.deliver(
        *(
            make_claim_mail(
                sender=f"Somebody <victim{number}@elsewhere.example>",
                text=f"My parcel never arrived. {number}",
                files=[],
                authentication="dmarc=fail header.from={domain}",
            )
            for number in range(FORGED)
        )
    )

    to_victims = [to for to, _ in office.relay.taken if "victim" in to]
    assert to_victims == []
    assert len(office.relay.taken) <= 3, "the member hears of it, and not each time"
    assert office.store.mails.get(FORGED).fate == "identity_hold"


def test_scenario_49_one_message_id_for_two_mails(office: Office) -> None:
    """A Message-ID is the sender's to choose: it hides no later mail."""
    one_id = [("Message-ID", "<same@mail.example>")]
    first = make_claim_mail(files=[], headers=one_id)
    other = make_claim_mail(
        files=[], text="Something else: the box was opened.", headers=one_id
    )

    office.deliver(first, other)

    assert [office.fate(1), office.fate(2)] == ["claim", "follow_up"]
    digests = {office.store.mails.get(number).sha256 for number in (1, 2)}
    assert len(digests) == 2
