"""`claims staff`: the accounts of the desk, as whoever has the machine types it."""

import io
import re
import sys
from pathlib import Path

import pytest

from tests.commands import Done, one_line
from tests.commands import claims_here as claims
from worker.adapters.passwords import is_password
from worker.bootstrap import Parts
from worker.domain.staff import StaffRole
from worker.settings import Settings

SENTENCE = "a sentence that nobody guesses"


def staff(folder: Path, *words: str) -> str:
    found = claims(folder, "staff", *words)
    assert found.returncode == 0, found.stderr
    return found.stdout


def refused(folder: Path, *words: str) -> Done:
    found = claims(folder, "staff", *words)
    assert found.returncode == 1
    assert found.stdout == ""
    return found


def desk(folder: Path) -> Parts:
    settings = Settings(_env_file=None, data_dir=folder / "data")
    return Parts(settings, with_redis=False)


def test_an_account_is_added_listed_changed_shut_and_opened(tmp_path: Path) -> None:
    assert "claims staff add NAME" in staff(tmp_path, "list")

    added = staff(tmp_path, "add", "Mei", "--role", "agent", "--name", "Mei Tan")
    again = staff(tmp_path, "role", "mei", "lead")
    shut = staff(tmp_path, "disable", "mei")
    listed = staff(tmp_path, "list")
    opened = staff(tmp_path, "enable", "mei")

    assert re.search(r"mei \(agent\) signs in with (\w{5}-){3}\w{5}\n", added)
    assert again == "mei is lead now.\n"
    assert shut == "mei cannot sign in any more.\n"
    assert "Mei Tan" in listed
    assert "lead" in listed
    assert "disabled" in listed
    assert opened == "mei can sign in again.\n"
    parts = desk(tmp_path)
    actions = parts.desk.actions.newest(limit=9, target="staff:mei")
    parts.close()
    assert [(one.by, one.action) for one in actions] == [
        ("console", "account enabled"),
        ("console", "account disabled"),
        ("console", "role changed"),
        ("console", "account added"),
    ]


def test_a_password_from_stdin_is_kept_and_never_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{SENTENCE}\nmore\n"))

    said = staff(tmp_path, "add", "mei", "--role", "admin", "--password-stdin")

    parts = desk(tmp_path)
    mei = parts.desk.people.named("mei")
    assert mei is not None
    kept = parts.desk.people.password_hash(mei.person_id)
    parts.close()
    assert is_password(SENTENCE, kept)
    assert not mei.must_change_password
    assert mei.role is StaffRole.ADMIN
    assert SENTENCE not in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("short", "15 to 200 characters"),
        ("", "15 to 200 characters"),
        ("x" * 201, "15 to 200 characters"),
        ("meimeimeimeimei1", "easily guessed"),
    ],
)
def test_a_password_that_is_none_adds_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, said: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(given))

    found = refused(tmp_path, "add", "mei", "--role", "agent", "--password-stdin")

    assert said in one_line(found)
    assert "no account yet" in staff(tmp_path, "list")


def test_a_reset_ends_the_sessions_and_forgets_the_phone(tmp_path: Path) -> None:
    staff(tmp_path, "add", "mei", "--role", "agent")
    parts = desk(tmp_path)
    mei = parts.desk.people.named("mei")
    assert mei is not None
    parts.desk.people.set_totp(mei.person_id, "A" * 32, recovery_codes=["one"])
    session = parts.desk.sessions.begin(mei.person_id)

    said = staff(tmp_path, "reset", "mei")

    assert "signs in with" in said
    after = parts.desk.people.named("mei")
    assert after is not None
    assert not after.has_totp
    assert after.must_change_password
    assert parts.desk.people.recovery_codes_left(mei.person_id) == 0
    assert parts.desk.sessions.find(session) is None
    parts.close()


def test_the_machine_can_shut_out_even_the_last_admin(tmp_path: Path) -> None:
    staff(tmp_path, "add", "ada", "--role", "admin")

    assert "cannot sign in" in staff(tmp_path, "disable", "ada")


@pytest.mark.parametrize("word", ["reset", "disable", "enable"])
def test_an_account_that_is_not_there_is_said_in_one_line(
    tmp_path: Path, word: str
) -> None:
    assert "there is no account kim" in one_line(refused(tmp_path, word, "kim"))


@pytest.mark.parametrize(
    ("name", "said"),
    [("mei", "there is an account mei already"), ("two words", "no blanks")],
)
def test_a_name_that_cannot_be_is_said_in_one_line(
    tmp_path: Path, name: str, said: str
) -> None:
    staff(tmp_path, "add", "mei", "--role", "agent")

    assert said in one_line(refused(tmp_path, "add", name, "--role", "agent"))


def test_a_role_that_is_none_is_wrong_use(tmp_path: Path) -> None:
    found = claims(tmp_path, "staff", "add", "mei", "--role", "boss")

    assert found.returncode == 2


def test_who_signs_in_at_the_provider_gets_no_password(tmp_path: Path) -> None:
    staff(tmp_path, "list")
    parts = desk(tmp_path)
    parts.desk.people.add("kim", StaffRole.AGENT, oidc_subject="https://id.example 4")
    parts.close()

    assert "no password here" in one_line(refused(tmp_path, "reset", "kim"))


@pytest.mark.parametrize("word", ["add", "role", "reset", "disable", "enable", "list"])
def test_each_command_shows_an_example(tmp_path: Path, word: str) -> None:
    assert f"claims staff {word}" in staff(tmp_path, word, "--help")
