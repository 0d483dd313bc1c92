"""The list of erasures: a file beside the record, which no restored backup replaces.

One JSON object a line; it names nobody.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

NAME = "erasures.jsonl"
"""In the data folder."""
_BEGINS = b'{"tag"'
_CHECKED = b"key of the list of erasures"
_CHECK_DIGITS = 16
"""Enough to tell keys apart. Our choice."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line: who was erased, by a keyed digest, and up to when.

    `key_check` tells with which key; older lines have none.
    """

    tag: str
    basis: str
    at: datetime
    key_check: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """What a file says, oldest first.

    `torn` are the numbers of lines that lack their end: a process died while it wrote
    them, and a line is written before anything is erased. `damaged` are those of lines
    that have one and are no entry all the same.
    """

    entries: tuple[Entry, ...]
    torn: tuple[int, ...] = ()
    damaged: tuple[int, ...] = ()


def key_check(secret_key: bytes) -> str:
    """Return by what a key is known again: of the key alone, and not to be undone."""
    whole = hmac.new(secret_key, _CHECKED, hashlib.sha256).hexdigest()
    return whole[:_CHECK_DIGITS]


def append(path: Path, entry: Mapping[str, str]) -> None:
    """Write an entry, on disk when this returns, on a line of its own in any case."""
    path.touch(mode=0o600)
    with path.open("a+b") as log:
        end = log.seek(0, os.SEEK_END)
        log.seek(max(end - 1, 0))
        gap = b"\n" if log.read() not in {b"", b"\n"} else b""
        log.write(gap + json.dumps(entry).encode() + b"\n")
        log.flush()
        os.fsync(log.fileno())


def read(path: Path) -> Listed:
    """Return what a file says; empty lines say nothing."""
    entries: list[Entry] = []
    torn: list[int] = []
    damaged: list[int] = []
    for number, raw in enumerate(path.read_bytes().split(b"\n"), 1):
        line = raw.strip()
        if not line:
            continue
        try:
            entries.append(_entry(line))
        except (ValueError, KeyError, TypeError):
            (damaged if line.endswith(b"}") else torn).append(number)
    return Listed(tuple(entries), tuple(torn), tuple(damaged))


def _entry(line: bytes) -> Entry:
    # Once an entry was written behind a torn one, on the same line.
    fields: dict[str, object] = json.loads(line[max(line.rfind(_BEGINS), 0) :])
    at = datetime.fromisoformat(str(fields["at"])).astimezone(UTC)
    key = fields.get("key")
    checked = None if key is None else str(key)
    return Entry(str(fields["tag"]), str(fields["basis"]), at, checked)
