"""`claims explain` on a claim of the record."""

import json
from datetime import UTC
from pathlib import Path

from tests.builders import a_package, an_order
from tests.builders_mail import make_claim_mail
from tests.commands import claims_here as claims
from tests.office import an_office
from worker.domain.orders import parse_when


def test_explain_prints_every_clock_for_people_and_in_json_for_programs(
    tmp_path: Path,
) -> None:
    received = parse_when("2026-11-18T14:30:00Z", UTC)
    package = a_package(arrived=received, delivered=received)
    with an_office(tmp_path / "data", an_order(packages=(package,))) as office:
        office.deliver(make_claim_mail())

    report = claims(tmp_path, "explain", "1", CLAIMS_CLOCK="2026-11-19T00:00:00Z")
    data = claims(tmp_path, "explain", "CLM-000001", "--json")
    other = claims(tmp_path, "explain", "1", CLAIMS_TRUSTED_MX="mx.other.example")

    assert report.returncode == 0, report.stderr
    for shown in (
        "Receipt: trusted received",
        "24 hours (C11): pass",
        "2026-11-19 14:30:00 UTC",
        "30 days (C12): pass",
        "7 days (C10): running",
        "168:00:00",
        "receipt of mail 1",
    ):
        assert shown in report.stdout
    assert "settings now give" not in report.stdout
    assert "Receipt: trusted received" in other.stdout
    assert "settings now give" in other.stdout
    clocks = json.loads(data.stdout)["clocks"]
    assert [clock["clause"] for clock in clocks] == [None, "C11", "C12", "C10"]
