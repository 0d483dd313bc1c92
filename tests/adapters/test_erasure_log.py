"""The list of erasures, and what a crash or a person may leave in it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from worker.adapters import erasure_log
from worker.adapters.erasure_log import Entry, Listed

AT = datetime(2026, 11, 18, 20, 10, tzinfo=UTC)
ONE = Entry("aa11", "request", AT)
TWO = Entry("bb22", "mistake", AT)
TORN = '{"tag": "0c81", "at": "2026-11-'


def line_of(entry: Entry) -> dict[str, str]:
    """What `erase` writes of an entry."""
    at = entry.at.isoformat()
    return {"tag": entry.tag, "at": at, "by": "jane", "basis": entry.basis}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A list that is not there yet."""
    return tmp_path / "erasures.jsonl"


def test_what_is_appended_is_read(path: Path) -> None:
    erasure_log.append(path, line_of(ONE))
    erasure_log.append(path, line_of(TWO))

    assert erasure_log.read(path) == Listed((ONE, TWO))
    assert path.stat().st_mode & 0o777 == 0o600


def test_appending_begins_on_a_line_of_its_own(path: Path) -> None:
    path.write_text(TORN)

    erasure_log.append(path, line_of(ONE))
    erasure_log.append(path, line_of(TWO))

    assert erasure_log.read(path) == Listed((ONE, TWO), torn=(1,))
    assert path.read_text().startswith(f"{TORN}\n")


def test_a_line_says_with_which_key_it_was_written(path: Path) -> None:
    key = erasure_log.key_check(b"k" * 32)
    erasure_log.append(path, {**line_of(ONE), "key": key})
    erasure_log.append(path, line_of(TWO))

    first, second = erasure_log.read(path).entries
    assert (first.key_check, second.key_check) == (key, None)


def test_the_check_of_a_key_tells_keys_apart_and_does_not_hold_them() -> None:
    keys = [letter * 32 for letter in "abc"]

    checks = [erasure_log.key_check(key.encode()) for key in keys]

    assert len(set(checks)) == 3
    assert all(len(check) == 16 for check in checks)
    assert not any(key[:8] in check for key, check in zip(keys, checks, strict=True))


def test_a_line_that_lacks_only_its_line_end_is_whole(path: Path) -> None:
    erasure_log.append(path, line_of(ONE))
    path.write_text(path.read_text().rstrip())

    assert erasure_log.read(path) == Listed((ONE,))


@pytest.mark.parametrize("cut", [1, 6, 7, 40, -1], ids=str)
def test_a_last_line_that_lacks_its_end_is_torn(path: Path, cut: int) -> None:
    erasure_log.append(path, line_of(ONE))
    erasure_log.append(path, line_of(TWO))
    first, second = path.read_text().splitlines()
    path.write_text(f"{first}\n{second[:cut]}")

    assert erasure_log.read(path) == Listed((ONE,), torn=(2,))


@pytest.mark.parametrize("blank", ["", "  ", "\r"], ids=repr)
def test_blank_lines_say_nothing(path: Path, blank: str) -> None:
    erasure_log.append(path, line_of(ONE))
    path.write_text(f"{blank}\n{path.read_text()}{blank}\n", newline="")
    erasure_log.append(path, line_of(TWO))

    assert erasure_log.read(path) == Listed((ONE, TWO))


def test_an_entry_behind_a_torn_one_on_the_same_line_is_read(path: Path) -> None:
    erasure_log.append(path, line_of(ONE))
    path.write_text(TORN + path.read_text())

    assert erasure_log.read(path) == Listed((ONE,))


@pytest.mark.parametrize("text", ['{"tag": "0c81"}', "{}", '\x00{"at": 7}', "\xff}"])
def test_what_is_no_entry_and_has_its_end_is_damaged(path: Path, text: str) -> None:
    erasure_log.append(path, line_of(ONE))
    path.write_bytes(path.read_bytes() + text.encode("latin-1") + b"\n")

    assert erasure_log.read(path) == Listed((ONE,), damaged=(2,))
