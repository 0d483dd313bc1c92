"""The `claims` command: help, exit codes, and one clear line for a mistake."""

import json
from pathlib import Path

import pytest

from tests.builders_mail import a_file, make_claim_mail
from tests.commands import HEADER, ROW, Done
from tests.commands import claims_here as claims

COMMANDS = [
    *("demo", "serve", "poll", "work", "schedule", "migrate", "inspect", "list"),
    *("show", "stats", "doctor", "approve", "reject", "complete"),
]


def one_line(done: Done) -> str:
    (line,) = done.stderr.strip().splitlines()
    return line


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(f"{HEADER}\n{ROW}\n", encoding="utf-8")
    return path


def test_help_lists_every_command_and_each_shows_an_example(tmp_path: Path) -> None:
    listed = claims(tmp_path, "--help")
    assert listed.returncode == 0
    for command in COMMANDS:
        assert f" {command} " in listed.stdout

    for command in ("inspect", "approve", "serve"):
        shown = claims(tmp_path, command, "--help")
        assert shown.returncode == 0
        assert f"Example: claims {command}" in shown.stdout.replace("`", "")


@pytest.mark.parametrize(
    "words", [["nonsense"], ["inspect"], ["show"], ["list", "--limit", "many"]]
)
def test_wrong_use_is_one_line_and_exit_code_2(
    tmp_path: Path, words: list[str]
) -> None:
    done = claims(tmp_path, *words)

    assert done.returncode == 2
    assert one_line(done).startswith("claims: ")


def test_all_wrong_settings_are_named_at_once_without_their_values(
    tmp_path: Path,
) -> None:
    done = claims(
        tmp_path,
        "list",
        CLAIMS_MAILBOX_URL="http://user:hunter2@host",
        CLAIMS_FROM="nobody",
        CLAIMS_AFTER="burn",
    )

    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 3
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_before_migrate_says_so(tmp_path: Path) -> None:
    done = claims(tmp_path, "list")

    assert done.returncode == 1
    assert "claims migrate" in one_line(done)


def test_a_csv_with_faults_names_the_lines_and_imports_nothing(
    tmp_path: Path, orders: Path
) -> None:
    bad_row = ROW.replace("480.00", "many").replace("0183", "0184")
    orders.write_text(f"{HEADER}\n{ROW}\n{bad_row}\n", encoding="utf-8")

    done = claims(tmp_path, "orders", "import", orders)

    assert done.returncode == 1
    assert f"{orders}:3: " in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr
    claims(tmp_path, "migrate")
    stats = json.loads(claims(tmp_path, "stats", "--json").stdout)
    assert stats["orders"] == 0


def test_orders_can_be_imported_twice(tmp_path: Path, orders: Path) -> None:
    first = claims(tmp_path, "orders", "import", orders)
    second = claims(tmp_path, "orders", "import", orders)

    assert first.stdout == second.stdout
    assert "the directory has 1" in second.stdout


@pytest.mark.slow
def test_inspect_reports_for_people_and_in_json_for_programs(
    tmp_path: Path, orders: Path
) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_bytes(make_claim_mail())

    report = claims(tmp_path, "inspect", mail, "--orders", orders)
    data = claims(tmp_path, "inspect", "--json", mail, "--orders", orders)

    assert report.returncode == 0, report.stderr
    assert "Proof of purchase" in report.stdout
    (inspected,) = json.loads(data.stdout)
    assert inspected["fate"] == "claim"
    assert inspected["state"] == "under_review"
    assert not (tmp_path / "data" / "claims.db").exists()


def test_A10_what_a_sender_calls_a_file_is_text_on_our_screen_and_does_nothing(
    tmp_path: Path, orders: Path
) -> None:
    mail = tmp_path / "mail.eml"
    page = b"<html><script>alert(1)</script><p>Order ORD-20261104-0183</p></html>"
    names = ["[/bold] order.html", "\x1b[2J\x1b]0;owned\x07 order.html"]
    files = [a_file(page, name, media_type="text/[/x]") for name in names]
    mail.write_bytes(make_claim_mail(text="It is [/red] broken.", files=files))

    report = claims(tmp_path, "inspect", mail, "--orders", orders)

    assert report.returncode == 0, report.stderr
    assert "order.html" in report.stdout
    assert "alert(1)" not in report.stdout
    assert not {"\x1b", "\x07"} & set(report.stdout)


@pytest.mark.slow
def test_inspect_opens_the_e_mail_that_it_would_send(
    tmp_path: Path, orders: Path
) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_bytes(make_claim_mail())

    done = claims(
        tmp_path, "inspect", mail, "--orders", orders, "--open", BROWSER="true %s"
    )

    assert done.returncode == 0, done.stderr
    assert "Thank you for your e-mail." in done.stdout
    pages = [Path(line) for line in done.stderr.splitlines() if line.endswith(".html")]
    assert [page.name for page in pages] == ["01-received.html", "01-draft.html"]
    assert all("<html" in page.read_text(encoding="utf-8") for page in pages)


def test_a_given_receipt_overrules_every_clock(tmp_path: Path, orders: Path) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_bytes(make_claim_mail())

    at = "2026-11-19T14:30:01Z"
    words = ("inspect", "--json", mail, "--orders", orders, "--received-at", at)
    (inspected,) = json.loads(claims(tmp_path, *words).stdout)

    assert inspected["received_from"] == "given"
    assert inspected["state"] == "ineligible_proposed"


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = claims(tmp_path, "inspect", "no.eml")

    assert done.returncode == 1
    assert "no.eml cannot be read" in one_line(done)


@pytest.mark.slow
def test_doctor_says_what_to_change_and_answers_no(tmp_path: Path) -> None:
    done = claims(tmp_path, "doctor")

    assert done.returncode == 1
    assert "run `claims migrate`" in done.stdout
    assert "CLAIMS_MAILBOX_URL is not set" in done.stdout
