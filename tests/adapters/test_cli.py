"""The `claims` command: help, exit codes, and one clear line for a mistake."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import typer

from tests.builders import an_order
from tests.builders_mail import a_file, make_claim_mail
from tests.commands import HEADER, ROW, one_line, write_orders
from tests.commands import claims_here as claims
from tests.office import Office, an_office
from worker import __version__, decide
from worker.adapters import processes
from worker.cli import make_app
from worker.domain.alert_words import ALERTS
from worker.domain.deadlines import DueKind
from worker.domain.errors import UsageError
from worker.inspection import looks_like_mail
from worker.ports import Attempt, Delivery

WARNINGS = (DueKind.WARN_48H, DueKind.WARN_24H, DueKind.DOCUMENTS_EXPIRY)

COMMANDS = [
    name
    for name, one in typer.main.get_command(make_app()).commands.items()  # type: ignore[attr-defined]
    if not one.hidden and not hasattr(one, "commands")
]


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    return write_orders(tmp_path)


def test_help_lists_every_command(tmp_path: Path) -> None:
    listed = claims(tmp_path, "--help")

    assert listed.returncode == 0
    for command in COMMANDS:
        assert f" {command} " in listed.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_shows_an_example_of_itself(tmp_path: Path, command: str) -> None:
    shown = claims(tmp_path, command, "--help")

    assert shown.returncode == 0
    assert f"claims {command}" in shown.stdout.partition("Example")[2]


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["inspect"],
        ["show"],
        ["list", "--limit", "many"],
        ["quote", "--order", "ORD-1"],
    ],
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


LOOKING = [
    ("list",),
    ("show", "CLM-1"),
    ("stats",),
    ("alerts",),
    ("held",),
    ("approve", "CLM-1", "--by", "jane"),
]


def test_a_command_before_migrate_says_so(tmp_path: Path) -> None:
    at = f"sqlite:///{tmp_path / 'other.db'}"

    done = claims(tmp_path, "list", CLAIMS_DATABASE_URL=at)

    assert done.returncode == 1
    assert "claims migrate" in one_line(done)


def test_a_data_folder_that_cannot_be_made_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = claims(tmp_path, "migrate", CLAIMS_DATA_DIR="file")

    assert done.returncode == 2
    assert one_line(done) == "claims: CLAIMS_DATA_DIR: file cannot be made: File exists"


def test_doctor_goes_on_without_a_data_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = claims(tmp_path, "doctor", CLAIMS_DATA_DIR="file")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "✗ Database       CLAIMS_DATA_DIR: file cannot be made" in done.stdout
    assert "✓ Policy" in done.stdout


def test_migrate_says_what_it_did(tmp_path: Path) -> None:
    first = claims(tmp_path, "migrate")
    second = claims(tmp_path, "migrate")

    assert re.fullmatch(r"The database was made, and is at \d+\.\n", first.stdout)
    assert re.fullmatch(r"The database is at \d+\.\n", second.stdout)


@pytest.mark.parametrize("words", LOOKING, ids=lambda words: words[0])
def test_a_command_in_the_wrong_folder_says_so_and_makes_nothing(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = claims(tmp_path, *words, CLAIMS_DATA_DIR="claims-data")

    assert done.returncode == 1
    assert one_line(done) == (
        "claims: no data in ./claims-data: go to the folder where serve runs, or set"
        " CLAIMS_DATA_DIR"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", [*LOOKING, ("serve",), ("poll",), ("work",), ("schedule",)], ids=str
)
def test_no_command_starts_with_a_policy_that_cannot_be_read(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = claims(
        tmp_path,
        *words,
        CLAIMS_POLICY="nope.toml",
        CLAIMS_MAILBOX_URL="imap://a:b@localhost/INBOX",
        CLAIMS_SMTP_URL="smtp://localhost",
    )

    assert done.returncode == 2
    assert one_line(done) == (
        "claims: CLAIMS_POLICY: nope.toml cannot be read: No such file or directory"
    )


def test_files_that_settings_name_are_read_before_anything_starts(
    tmp_path: Path,
) -> None:
    (tmp_path / "keep.toml").write_text("mails = '1 day'", encoding="utf-8")

    done = claims(
        tmp_path, "serve", CLAIMS_POLICY="nope.toml", CLAIMS_RETENTION="keep.toml"
    )

    assert done.returncode == 2
    named = [line.split()[1].rstrip(":") for line in done.stderr.splitlines()]
    assert named == [
        "CLAIMS_MAILBOX_URL",
        "CLAIMS_SMTP_URL",
        "CLAIMS_POLICY",
        "CLAIMS_RETENTION",
    ]


@pytest.mark.parametrize(
    "words", [("dead", "show"), ("list", "--limit"), ("release", "--by", "jane")]
)
def test_a_number_that_no_record_holds_is_wrong_use(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    claims(tmp_path, "migrate")

    done = claims(tmp_path, *words, "9" * 20)

    assert done.returncode == 2
    assert one_line(done) == "claims: a number is larger than any in the record"


def test_a_mailbox_that_is_away_is_told_with_what_to_check(tmp_path: Path) -> None:
    claims(tmp_path, "migrate")

    done = claims(tmp_path, "audit", CLAIMS_MAILBOX_URL="imap://a:b@127.0.0.1:1/INBOX")

    assert done.returncode == 1
    assert one_line(done) == (
        "claims: the mailbox cannot be read (unreachable): check CLAIMS_MAILBOX_URL"
        " with `claims doctor`"
    )


def test_an_unknown_setting_is_a_warning(tmp_path: Path) -> None:
    done = claims(tmp_path, "migrate", CLAIMS_MAILBOX_ULR="x")

    assert done.returncode == 0
    assert one_line(done) == (
        "claims: CLAIMS_MAILBOX_ULR is not a setting; did you mean CLAIMS_MAILBOX_URL?"
    )


def test_the_version_is_told(tmp_path: Path) -> None:
    assert claims(tmp_path, "--version").stdout == f"claims-worker {__version__}\n"


@pytest.mark.parametrize("words", [(), ("orders",)])
def test_a_group_alone_prints_its_help_and_nothing_else(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = claims(tmp_path, *words)

    assert done.returncode == 0
    assert "Usage: claims" in done.stdout
    assert done.stderr == ""


def test_wrong_use_names_the_help_of_its_command(tmp_path: Path) -> None:
    assert one_line(claims(tmp_path, "show")).endswith(". See `claims show --help`.")
    imported = claims(tmp_path, "orders", "import")
    assert one_line(imported).endswith(". See `claims orders import --help`.")


@pytest.mark.slow
def test_help_loads_nothing_that_it_does_not_need() -> None:
    code = (
        "import sys; sys.argv = ['claims', 'list', '--help']\n"
        "from worker.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'jinja2', 'sqlalchemy', 'worker.bootstrap', 'worker.settings'}\n"
        "sys.exit(str(heavy & set(sys.modules) or ''))"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", code], capture_output=True, check=False, text=True
    )

    assert "Usage: claims list" in done.stdout
    assert done.stderr.strip() == ""


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


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("no.eml",), "no.eml cannot be read: No such file or directory"),
        (("mail.eml", "--orders", "no.csv"), "no.csv cannot be read: No such file"),
        (("mail.eml", "--received-at", "yesterday"), "yesterday is not an instant"),
    ],
)
def test_what_inspect_cannot_use_is_wrong_use(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    (tmp_path / "mail.eml").write_bytes(make_claim_mail())

    done = claims(tmp_path, "inspect", *words)

    assert done.returncode == 2
    assert told in one_line(done)


@pytest.mark.parametrize("raw", [b"", b"hello\n", bytes(range(256)) * 9, b"# a: b\n"])
def test_what_is_no_mail_is_told(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "bin.eml").write_bytes(raw)

    done = claims(tmp_path, "inspect", "bin.eml")

    assert done.returncode == 1
    assert one_line(done) == "claims: bin.eml does not look like an e-mail"


@pytest.mark.parametrize(
    "before", [b"", b"\r\n\r\n", b"From a@b.example Thu Nov 19 2026\n", b"\xef\xbb\xbf"]
)
def test_an_odd_beginning_is_still_a_mail(before: bytes) -> None:
    assert looks_like_mail(before + b"Received: by mx.example\r\n\r\nhello")
    assert looks_like_mail(before + b"Subject : as once it was\r\n\r\nhello")


def test_orders_with_faults_are_told_by_inspect_without_an_import(
    tmp_path: Path, orders: Path
) -> None:
    (tmp_path / "mail.eml").write_bytes(make_claim_mail())
    told = {}
    texts = {"bad": f"{HEADER}\n{ROW},1", "header": f"{HEADER}\n", "empty": ""}
    for name, text in texts.items():
        orders.write_text(text, encoding="utf-8")
        done = claims(tmp_path, "inspect", "mail.eml", "--orders", "orders.csv")
        assert done.returncode == 1
        told[name] = one_line(done).removeprefix("claims: ")

    assert told == {
        "bad": "orders.csv:2: 18 cells, but the header has 17",
        "header": "orders.csv has no orders",
        "empty": "orders.csv is empty",
    }


@pytest.mark.slow
def test_inspect_says_when_it_does_not_know_the_receipt(
    tmp_path: Path, orders: Path
) -> None:
    (tmp_path / "mail.eml").write_bytes(make_claim_mail())
    words = ("inspect", "mail.eml", "--orders", orders)

    unknown = claims(tmp_path, *words, CLAIMS_TRUSTED_MX="")
    as_json = claims(tmp_path, *words, "--json", CLAIMS_TRUSTED_MX="")
    known = claims(tmp_path, *words)

    top = unknown.stdout.splitlines()[0]
    assert "so now is used: give --received-at" in top
    assert top.endswith("topmost Received is by mx.logistics.example.")
    assert json.loads(as_json.stdout)[0]["received_from"] == "first_seen"
    assert "so now is used" not in known.stdout


# -- what people see of the record ----------------------------------------------------


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "data", an_order()) as office:
        yield office


APPROVE = (
    *("approve", "CLM-1", "--amount", "80"),
    *("--reason", "The lamp works.", "--by", "jane"),
)


def look(office: Office, *words: str, **settings: str) -> str:
    """Return what a command prints about an office's record, at its time."""
    done = claims(
        office.parts.data_dir.parent,
        *words,
        CLAIMS_CLOCK=office.clock.at.isoformat(),
        **{"COLUMNS": "80", **settings},
    )
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line != line.rstrip()] == []
    return done.stdout


def test_the_work_list_is_a_line_a_claim_on_80_columns(office: Office) -> None:
    office.deliver(make_claim_mail())

    heading, line = look(office, "list").splitlines()

    assert heading.split() == ["Claim", "Member", "Order", "Type", "State", "Left"]
    assert line.split() == [
        *("CLM-1", "M104233", "ORD-20261104-0183", "damage", "under", "review"),
        *("6d", "23:57"),
    ]
    wide = look(office, "list", COLUMNS="120")
    assert "2026-11-25 19:10" in wide


def test_a_claim_is_shown_with_its_member_and_its_mails(office: Office) -> None:
    office.deliver(make_claim_mail())

    text = look(office, "show", "CLM-1")

    member = office.parts.orders.member("M104233")
    assert member is not None
    assert f"{member.name} · M104233 · ORD-20261104-0183" in text
    lines = text.splitlines()
    at, mail = next(
        (at, line) for at, line in enumerate(lines) if member.addresses[0] in line
    )
    cells = [cell.strip() for cell in mail.split("│")[1:-1]]
    assert cells == ["2026-11-18 19:10:00", member.addresses[0], "A", "claim"]
    assert " M104233+ORD-20261104-0183+Claim " in lines[at + 1]
    assert "claim opened" in text
    assert "attached e-mail" in text
    assert "under_review" not in text


def test_alerts_are_told_in_words_newest_first(office: Office) -> None:
    assert look(office, "alerts") == "No alerts.\n"

    office.deliver(make_claim_mail())
    claim = office.claim
    assert claim.respond_by is not None
    for before in (timedelta(hours=48), timedelta(hours=24)):
        office.wait_until(claim.respond_by - before)

    lines = [line for line in look(office, "alerts").splitlines() if "CLM-1" in line]
    assert [line.split("│")[3].strip() for line in lines] == [
        "24 hours are left to respond",
        "48 hours are left to respond",
    ]


def test_the_history_names_the_e_mail_that_was_sent(office: Office) -> None:
    office.deliver(make_claim_mail())
    decide.respond(office.parts, office.claim, by="jane", text="We look.")
    office.run()

    assert "status sent: response" in look(office, "show", "CLM-1", COLUMNS="160")


def codes(office: Office) -> list[str]:
    found = office.store.alerts.newest(limit=9)
    assert office.store.stats.counts().alerts_open == len(found)
    return [one.code for one in found]


def test_a_warning_is_listed_until_its_clock_was_answered(office: Office) -> None:
    office.deliver(make_claim_mail())
    due = office.claim.respond_by
    assert due is not None
    office.wait_until(due - timedelta(hours=48))
    assert codes(office) == ["warn_48h"]

    decide.reject(
        office.parts, office.claim, clauses=("C8",), by="jane", reason="Seen."
    )
    office.run()
    assert codes(office) == []
    office.clock.at += timedelta(hours=1)
    decide.appeal(office.parts, office.claim, by="jane", reason="new photographs")
    assert codes(office) == []
    due = office.claim.respond_by
    assert due is not None
    office.wait_until(due - timedelta(hours=48))

    assert codes(office) == ["warn_48h"]


def test_what_is_proposed_is_listed_until_it_is_decided(office: Office) -> None:
    office.deliver(make_claim_mail())
    wanted = decide.rejection(
        office.parts, office.claim, clauses=("C8",), by="jane", reason="Seen."
    )

    decide.propose(office.parts, office.claim, wanted, by="jane")
    assert codes(office) == ["approval_needed"]
    decide.give_back(office.parts, office.claim, by="kim", reason="why?")
    assert codes(office) == []
    office.clock.at += timedelta(hours=1)
    decide.propose(office.parts, office.claim, wanted, by="jane")

    assert codes(office) == ["approval_needed"]


def test_documents_that_did_not_come_are_listed_until_the_claim_is_closed(
    office: Office,
) -> None:
    office.deliver(make_claim_mail(files=[]))
    due = office.claim.documents_due_at
    assert due is not None
    office.wait_until(due - timedelta(days=2))
    office.wait_until(due + timedelta(seconds=1))
    assert codes(office) == ["documents_expiry"]

    decide.close(office.parts, office.claim, by="jane")

    assert codes(office) == []


def test_a_held_decision_is_listed_until_a_person_released_it(office: Office) -> None:
    office.deliver(make_claim_mail())
    office.relay.script = [Attempt(Delivery.UNCERTAIN, "lost")]
    decide.reject(
        office.parts, office.claim, clauses=("C8",), by="jane", reason="Seen."
    )
    office.run()
    assert codes(office) == ["email_uncertain"]

    (held,) = office.store.outbox.held()
    decide.release(office.parts, held.email_id, by="jane")
    office.run()

    assert codes(office) == []


def test_a_dead_letter_is_listed_while_it_is_one(office: Office) -> None:
    office.deliver(make_claim_mail(), run=False)
    (bell, *_) = office.queue.bells
    with office.store.transaction() as work:
        work.raise_alert("dead_letter", f"job:{bell.job_id}")

    assert codes(office) == []
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update jobs set state = 'quarantined', finished_at = created_at"
        )

    assert codes(office) == ["dead_letter"]


def test_a_lost_mailbox_is_listed_until_it_is_reached_again(office: Office) -> None:
    with office.store.transaction() as work:
        work.raise_alert("mailbox_lost", "mailbox:1:tls:2026-11-18")
    assert codes(office) == []
    with office.store.database.write() as session:
        session.connection().exec_driver_sql("update mailboxes set trouble = 'tls'")

    assert codes(office) == ["mailbox_lost"]


def test_what_cannot_be_undone_is_listed_until_somebody_has_seen_it(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())
    office.relay.script = [Attempt(Delivery.REFUSED, "550")]
    decide.reject(
        office.parts, office.claim, clauses=("C8",), by="jane", reason="Seen."
    )
    office.run()
    assert codes(office) == ["email_refused"]
    (alert,) = office.store.alerts.newest(limit=9)

    for by in ("", "system"):
        with pytest.raises(UsageError, match="--by"):
            decide.dismiss_alert(office.parts, alert.alert_id, by=by)
    told = look(office, "alerts", "--seen", str(alert.alert_id), "--by", "jane")
    assert told == f"Alert {alert.alert_id} is off the list.\n"
    with pytest.raises(UsageError, match="is not listed"):
        decide.dismiss_alert(office.parts, alert.alert_id, by="kim")

    assert look(office, "alerts") == "No alerts.\n"
    (action,) = office.parts.desk.actions.newest(limit=9)
    assert (action.by, action.action, action.target) == (
        "jane",
        "alert_dismissed",
        f"alert:{alert.alert_id}",
    )


def test_every_alert_that_is_raised_has_words() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8") for path in Path("worker").rglob("*.py")
    )
    raised = set(re.findall(r'(?:raise_alert\(|alert=|alerts = \()\s*"(\w+)"', sources))

    assert {"email_refused", "mail_after_close", "breaker_open"} <= raised
    assert raised | {str(kind) for kind in WARNINGS} <= ALERTS.keys()


@pytest.mark.parametrize("is_at_work", [True, False])
def test_a_decision_says_when_its_e_mail_goes_out(
    office: Office, *, is_at_work: bool
) -> None:
    office.deliver(make_claim_mail())
    pid = os.getpid()
    office.store.processes.register(
        owner="worker",
        role="work",
        host=processes.host(),
        pid=pid,
        boot_ticks=(processes.boot_ticks(pid) or 0) + (0 if is_at_work else 1),
    )

    told = look(office, *APPROVE)

    end = "is on its way" if is_at_work else "goes out with the next `claims serve`"
    assert told == f"CLM-000001 is now approved partial; the e-mail {end}.\n"


@pytest.mark.parametrize(
    ("late_by", "listed", "shown"),
    [
        pytest.param(
            None,
            r"4d 23:59:5\d|5d 00:00:00",
            r"left: (4d 23:59:5\d|5d 00:00:00)",
            id="two days on",
        ),
        pytest.param(timedelta(0), "answered in time", "answered in time", id="kept"),
        pytest.param(timedelta(seconds=1), "answered late", "answered late", id="late"),
    ],
)
def test_C10_the_clock_is_told_in_plain_words(
    office: Office, late_by: timedelta | None, listed: str, shown: str
) -> None:
    office.deliver(make_claim_mail())
    due = office.claim.respond_by
    assert due is not None
    if late_by is not None:
        office.clock.at = due + late_by
        decide.approve(
            office.parts, office.claim, amount="80", by="jane", reason="It works."
        )
        office.run()
    else:
        office.clock.at = due - timedelta(days=5)

    last = look(office, "list", COLUMNS="120").splitlines()[-1]
    assert re.search(f"({listed})$", last)
    lines = look(office, "show", "CLM-1", COLUMNS="120").splitlines()
    (line,) = [one for one in lines if "Respond by" in one]
    assert re.search(f"UTC  {shown}$", line)


@pytest.mark.slow
def test_doctor_says_what_to_change_and_answers_no(tmp_path: Path) -> None:
    done = claims(tmp_path, "doctor")

    assert done.returncode == 1
    assert "run `claims migrate`" in done.stdout
    assert "CLAIMS_MAILBOX_URL is not set" in done.stdout


def test_the_note_of_a_claim_is_shown_and_said_to_be_stale(office: Office) -> None:
    office.deliver(make_claim_mail())

    fresh = look(office, "show", "CLM-1", "--note")
    look(office, *APPROVE)
    stale = look(office, "show", "CLM-1", "--note")

    assert "12. How to read this" in fresh
    assert "claims approve CLM-000001 --amount USD" in " ".join(fresh.split())
    assert "Stale: " not in fresh
    assert "Stale: the claim has changed since" in stale
