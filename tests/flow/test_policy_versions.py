"""The version of the policy stands on everything that was worked out under it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import a_package, an_order
from tests.builders_mail import make_claim_mail
from tests.office import Office, an_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    policy = tmp_path / "policy.toml"
    policy.write_text('version = "owner 7"\ndamage_cap_mode = "lower"\n')
    order = an_order(packages=(a_package(),))
    with an_office(tmp_path / "office", order, policy=policy) as office:
        yield office


def test_the_policy_version_stands_on_assessment_e_mail_and_draft(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())

    claim_id = office.claim.claim_id
    assessment = office.store.claims.latest_assessment(claim_id)
    emails = office.store.outbox.of_claim(claim_id)

    assert assessment is not None
    assert assessment.policy_version == "owner 7"
    assert {email.status for email in emails} == {"sent", "draft"}
    assert {email.policy_version for email in emails} == {"owner 7"}
