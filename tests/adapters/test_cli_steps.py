"""The commands of a claim's way, as they are typed, on a record of their own."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.builders import a_package, a_when, an_order
from tests.builders_mail import claim_files, make_claim_mail
from tests.commands import Done, one_line
from tests.commands import claims_here as claims
from tests.office import OPENING, Office, an_office
from worker import decide
from worker.bootstrap import Parts
from worker.domain.claim import Claim

DELIVERED = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
NUMBER = "ORD-20261104-0183"
LATER = f"{OPENING + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    package = dataclasses.replace(a_package(), delivered=a_when(DELIVERED))
    with an_office(tmp_path / "data", an_order(NUMBER, packages=(package,))) as office:
        yield office


def done(folder: Path, line: str, *last: str) -> Done:
    words = [*line.split(), *last]
    found = claims(folder, *words, CLAIMS_CLOCK=LATER)
    assert found.returncode == 0, found.stderr
    return found


def refused(folder: Path, line: str, *last: str) -> str:
    found = claims(folder, *line.split(), *last, CLAIMS_CLOCK=LATER)
    assert found.returncode == 1
    return one_line(found)


def test_two_persons_decide_step_by_step(office: Office, tmp_path: Path) -> None:
    office.deliver(make_claim_mail())

    done(tmp_path, "flag CLM-1 X5 --by jane --evidence", "the label differs")
    office.run_again()
    assert "needs two persons" in refused(
        tmp_path, "approve CLM-1 --amount 80 --by jane"
    )
    said = done(tmp_path, "propose CLM-1 --amount 80 --by jane --reason ok").stdout
    assert "CLM-000001 is now decision proposed." in said
    shown = done(tmp_path, "show CLM-1").stdout
    assert "approved partial 80.00 USD by G8, by jane" in shown
    assert "the label differs" in shown
    done(tmp_path, "return CLM-1 --by kim --reason", "less, please")
    done(tmp_path, "propose CLM-1 --amount 70 --by jane --reason ok")
    assert "jane proposed it" in refused(tmp_path, "approve CLM-1 --by jane")
    said = done(tmp_path, "approve CLM-1 --by kim").stdout
    assert "is now approved partial; the e-mail goes out" in said
    assert "CLM-000001-1" in done(tmp_path, "pay CLM-1 --by fin").stdout
    done(tmp_path, "payment-failed CLM-1 --problem refused --by fin")
    done(tmp_path, "pay CLM-1 --by fin")
    done(tmp_path, "complete CLM-1 --reference PAY-1 --by fin")
    done(tmp_path, "appeal CLM-1 --by jane --reason", "more was broken")
    done(tmp_path, "take-appeal CLM-1 --by lee")

    shown = done(tmp_path, "show CLM-1").stdout
    for word in ("jane", "kim", "appeal filed", "payout failed", "decision returned"):
        assert word in shown


def test_a_claim_is_completed_while_its_e_mail_goes_out(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.deliver(make_claim_mail())
    done(tmp_path, "approve CLM-1 --amount 80 --reason ok --by jane")

    def while_it_is_sent(parts: Parts, claim: Claim, **given: str) -> decide.Done:
        office.run_again()
        return complete(parts, claim, **given)

    complete = decide.complete
    monkeypatch.setattr(decide, "complete", while_it_is_sent)
    said = done(tmp_path, "complete CLM-1 --reference PAY-1 --by fin").stdout

    assert "CLM-000001 is now completed paid" in said
    assert "approved" in office.kinds


def test_what_is_asked_waived_and_chosen(office: Office, tmp_path: Path) -> None:
    office.deliver(make_claim_mail(files=claim_files()[:3], text="Please help me."))

    done(tmp_path, "type CLM-1 damage --by jane")
    done(tmp_path, "package CLM-1 1 --by jane")
    done(tmp_path, "waive CLM-1 D4 --by jane --reason", "thrown away")
    office.run_again()
    done(tmp_path, "carrier CLM-1 --by jane --reason trace")
    done(tmp_path, "carrier CLM-1 --answered --by jane --reason lost")
    done(tmp_path, "respond CLM-1 --by jane --text", "We look.")
    done(tmp_path, "ask CLM-1 --by jane --text", "Which lamp is it?")
    done(tmp_path, "stop CLM-1 --by kim --reason sanctions")
    assert "is stopped" in refused(
        tmp_path, "reject CLM-1 --clause C8 --reason so --by kim"
    )
    done(tmp_path, "resume CLM-1 --by kim --reason cleared")
    assert "no later mail of the member" in refused(
        tmp_path, "withdraw CLM-1 --by jane --reason so"
    )

    office.run_again()
    assert office.kinds[-2:] == ["response", "response"]


def test_mails_that_have_no_place_are_listed_placed_and_dismissed(
    office: Office, tmp_path: Path
) -> None:
    office.deliver(make_claim_mail(subject="my [lamp]", text="It is broken."))
    office.deliver(
        make_claim_mail(subject="hours", text="When are you open?", files=[])
    )

    listed = done(tmp_path, "mails").stdout
    assert "my [lamp]" in listed
    assert "hours" in listed
    said = done(tmp_path, f"assign 1 --order {NUMBER} --by jane").stdout
    assert said.strip() == f"Mail 1 belongs to CLM-000001 now ({NUMBER})."
    done(tmp_path, "dismiss 2 --by jane")
    assert done(tmp_path, "mails").stdout.strip() == "Every mail has its place."
    assert refused(tmp_path, "assign 77 --order X --by jane") == (
        "claims: there is no mail 77"
    )


def test_a_held_claim_is_released_and_a_claim_without_documents_is_closed(
    office: Office, tmp_path: Path
) -> None:
    office.deliver(
        make_claim_mail(sender="Lena <lena@other.example>", files=claim_files()[:1])
    )

    done(tmp_path, "confirm CLM-1 --by jane --reason", "called back")
    assert "is not assessed yet" in refused(tmp_path, "close CLM-1 --by jane")
    office.run_again()
    assert "not overdue yet" in refused(tmp_path, "close CLM-1 --by jane")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("propose CLM-1 --reject --amount 5 --by jo", "--amount goes with an approval"),
        ("payment-failed CLM-1 --problem sad --by jo", "--problem is one of"),
        ("flag CLM-1 X99 --evidence e --by jo", "there is no clause X99"),
        ("type CLM-1 theft --by jo", "Invalid value for 'kind': 'theft' is not one of"),
        ("merge CLM-1 --by jo", "Missing option '--into'"),
    ],
)
def test_wrong_use_is_one_line(
    office: Office, tmp_path: Path, line: str, said: str
) -> None:
    office.deliver(make_claim_mail())

    found = claims(tmp_path, *line.split())

    assert found.returncode == 2
    assert said in one_line(found)


def test_what_is_not_possible_says_how_the_claim_stands(
    office: Office, tmp_path: Path
) -> None:
    office.deliver(make_claim_mail())

    for line, said in (
        ("merge CLM-1 --into CLM-1 --by jane", "cannot be merged into itself"),
        ("overrule CLM-1 --by kim --reason why", "it cannot be overruled yet"),
        ("take-appeal CLM-1 --by kim", "is under review; it cannot be taken"),
        ("return CLM-1 --by kim --reason why", "it cannot be returned yet"),
    ):
        assert said in refused(tmp_path, line)
