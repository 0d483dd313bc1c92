"""The commands of upkeep, as they are typed."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.builders import an_order
from tests.builders_mail import make_claim_mail
from tests.commands import Done, one_line, write_orders
from tests.commands import claims_here as claims
from tests.office import an_office
from worker.adapters import migrations

NOW = {"CLAIMS_CLOCK": "2026-11-19T00:00:00Z"}
BROKEN = b"X-Breaks-The-Reader: yes\r\n" + make_claim_mail()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a record of one open claim, and one dead letter."""
    folder = tmp_path_factory.mktemp("upkeep")
    with an_office(folder / "data", an_order()) as office:
        office.deliver(make_claim_mail())
        office.deliver(BROKEN)
        office.run_again()
        office.run_again()
    return folder


def run(folder: Path, *words: str | Path, **settings: str) -> Done:
    return claims(folder, *words, **NOW, **settings)


def test_an_audit_without_a_gap_says_so(made: Path) -> None:
    done = run(made, "audit", "--no-mailbox")

    assert done.returncode == 0, done.stderr
    assert "2 mails, 1 claim and " in done.stdout
    assert "no gap" in done.stdout
    assert "1 dead letter:" in done.stdout


def test_an_audit_that_finds_a_gap_exits_with_1_and_names_it(made: Path) -> None:
    files = [path for path in (made / "data" / "raw").rglob("*") if path.is_file()]
    biggest = max(files, key=lambda path: path.stat().st_size)
    kept = biggest.read_bytes()
    biggest.unlink()

    shown = run(made, "audit", "--no-mailbox")
    data = json.loads(run(made, "audit", "--no-mailbox", "--json").stdout)
    biggest.write_bytes(kept)

    assert shown.returncode == 1
    assert "has no raw bytes in the raw store" in shown.stdout
    assert "docs/recovery.md" in shown.stderr
    assert data["gaps"][0]["code"] == "raw_missing"
    assert data["gaps"][0]["uid"] in {1, 2}


def test_an_audit_asks_for_the_mailbox_that_is_not_set(made: Path) -> None:
    done = run(made, "audit")

    assert done.returncode == 2
    assert "CLAIMS_MAILBOX_URL" in one_line(done)


def test_a_rebuild_asks_what_it_is_for(made: Path) -> None:
    done = run(made, "rebuild")

    assert done.returncode == 2
    assert "--check" in one_line(done)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("no url", 2),
        ("mysql://u:p@db.example/fresh", 2),
        ("sqlite:////no/such/folder/fresh.db", 1),
    ],
)
def test_a_target_that_cannot_be_used_is_named_as_it_was_given(
    made: Path, url: str, code: int
) -> None:
    done = run(made, "rebuild", "--into", url)

    assert done.returncode == code
    assert "--into" in one_line(done)
    assert "CLAIMS_DATABASE_URL" not in done.stderr


def test_a_target_with_a_record_keeps_its_schema(made: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'claims.db'}"
    with an_office(tmp_path, an_order()) as office:
        office.deliver(make_claim_mail())
    with sqlite3.connect(tmp_path / "claims.db") as database:
        database.execute("create table alembic_version (version_num text)")
        database.execute("insert into alembic_version values ('0001')")
    database.close()

    done = run(made, "rebuild", "--into", url)

    assert done.returncode == 1
    assert "needs an empty database" in one_line(done)
    assert migrations.current(url) == "0001"


def test_what_would_go_is_counted_and_nothing_is_deleted(made: Path) -> None:
    done = run(made, "retain", "--json")

    assert done.returncode == 0, done.stderr
    facts = {one["class"]: one for one in json.loads(done.stdout)}
    assert facts["claims"]["kept_since"] is None
    assert facts["sessions"] | {"kept_since": ""} == {
        "class": "sessions",
        "kept_since": "",
        "due": 0,
        "deleted": 0,
    }


def test_deleting_asks_who_does_it(made: Path) -> None:
    done = run(made, "retain", "--apply")

    assert done.returncode == 2
    assert "--by" in one_line(done)


def test_an_open_claim_stands_against_an_erasure_in_one_line(made: Path) -> None:
    words = ("erase", "--member", "M104233", "--basis", "request", "--by", "jane")
    done = run(made, *words, "--apply")

    assert done.returncode == 1
    assert "CLM-000001 is open" in one_line(done)


def test_a_hold_is_added_listed_and_lifted(made: Path) -> None:
    by = ("--by", "jane")
    added = run(made, "legal-hold", "add", "CLM-1", "--reason", "court", *by)
    again = run(made, "legal-hold", "add", "CLM-1", "--reason", "court", *by)
    listed = run(made, "legal-hold", "list")
    lifted = run(made, "legal-hold", "lift", "CLM-1", *by)

    assert [added.returncode, again.returncode, lifted.returncode] == [0, 1, 0]
    assert "CLM-000001" in listed.stdout
    assert "No legal hold" in run(made, "legal-hold", "list").stdout


def test_a_recovery_needs_instants(made: Path) -> None:
    done = run(made, "recover", "--backup-at", "yesterday", "--by", "jane")

    assert done.returncode == 2
    assert "--backup-at yesterday is not an instant" in one_line(done)


def test_a_recovery_ends_with_what_comes_next(tmp_path: Path) -> None:
    with an_office(tmp_path / "data", an_order()):
        pass
    instants = ("--backup-at", "2026-11-18T19:00Z", "--lost-at", "2026-11-18T20:00Z")
    words = ("recover", *instants, "--by", "jane")
    done = run(tmp_path, *words)
    (tmp_path / "data" / "erasures.jsonl").touch()
    with_erasures = run(tmp_path, *words).stdout

    assert done.returncode == 0, done.stderr
    assert "0 e-mails are known to have gone out." in done.stdout
    steps = done.stdout.partition("Next:\n")[2]
    named = [steps.find(f"`claims {name}`") for name in ("serve", "audit", "held")]
    assert -1 < named[0] < named[1] < named[2]
    assert "docs/recovery.md" in steps
    assert "`claims erase --again --by NAME`" not in done.stdout
    assert "2. `claims erase --again --by NAME`" in with_erasures


def test_erasures_of_another_key_are_said_in_one_line(tmp_path: Path) -> None:
    orders = write_orders(tmp_path)
    words = ("erase", "--by", "jane")
    member = ("--member", "M104233", "--basis", "request", "--apply")
    earlier, present = ({"CLAIMS_SECRET_KEY": letter * 40} for letter in "ab")
    run(tmp_path, "orders", "import", orders)
    first = run(tmp_path, *words, *member, **earlier)
    run(tmp_path, "orders", "import", orders)

    refused = run(tmp_path, *words, "--again", **present)
    done = run(tmp_path, *words, "--again", **earlier)

    assert first.returncode == 0, first.stderr
    assert refused.returncode == 1
    assert "0 members were erased again, 1 line of" in one_line(refused)
    assert "another secret key" in one_line(refused)
    assert done.returncode == 0, done.stderr
    assert "1 member of the log was there" in done.stdout


@pytest.mark.parametrize("more", [(), ("--basis", "request", "--apply")], ids=str)
def test_nothing_is_known_of_a_stranger(made: Path, more: tuple[str, ...]) -> None:
    done = run(made, "erase", "--member", "M404", "--by", "jane", *more)

    assert done.returncode == 1
    assert done.stdout == ""
    assert "nothing is known of member M404" in one_line(done)
    assert not (made / "data" / "erasures.jsonl").exists()


def test_a_dead_letter_says_what_it_means_and_what_to_do(made: Path) -> None:
    (letter,) = json.loads(run(made, "dead", "list", "--json").stdout)

    shown = " ".join(run(made, "dead", "show", str(letter["job"])).stdout.split())

    assert letter["reason"] == "reader_crashed"
    assert "means Reading it ended the reader's process, again and again." in shown
    assert "what to do Download the mail and look at it" in shown


def test_a_dead_letter_is_corrected_by_a_file(made: Path) -> None:
    (letter,) = json.loads(run(made, "dead", "list", "--json").stdout)
    (made / "mail.eml").write_bytes(make_claim_mail())
    words = ("dead", "edit", str(letter["job"]), "mail.eml", "--by", "jane")

    missing = run(made, *words[:3], "nothing.eml", *words[4:], "--reason", "x")
    done = run(made, *words, "--reason", "a wrong header")

    assert missing.returncode == 2
    assert done.returncode == 0, done.stderr
    assert "Mail 3 is read in its place" in done.stdout
