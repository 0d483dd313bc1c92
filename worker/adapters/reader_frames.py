"""What the reader and its child say to each other over two pipes.

The child begins with an empty answer: it is ready. A request is a kind (`S`: a SHA-256
in the raw store, `B`: the mail itself, `O`: a Scanned, `V`: an Asked on one line, and
behind it the mail where that is in no store), a length and that many bytes;
an answer is a length and JSON. That JSON is all that leaves the child: it holds no
exception text, since that may quote the mail.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO, Literal

from pydantic import TypeAdapter

from worker.adapters.view_frames import Seen
from worker.domain.mail import Mail

Kind = Literal[b"S", b"B", b"O", b"V"]

RAW_URL = "READER_RAW_URL"
"""Environment variable for the child: where the raw store is."""
MAX_REQUEST_BYTES = 1024 * 1024 * 1024
_REQUEST = struct.Struct(">cQ")
_ANSWER = struct.Struct(">Q")


class PipeClosed(Exception):
    """The other end is gone."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A mail in the raw store, and the paths of its files that show text."""

    sha256: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The mail, or its files' texts, or the one code that says why there is none."""

    rss_bytes: int
    mail: Mail | None = None
    texts: dict[str, str] | None = None
    seen: Seen | None = None
    failed: str | None = None
    """A ReadFailed code."""
    give_up: str | None = None
    retry_later: str | None = None


_ANSWERS = TypeAdapter(Answer)
SCANNED = TypeAdapter(Scanned)


def write_request(pipe: BinaryIO, kind: Kind, payload: bytes) -> None:
    """Send one request."""
    pipe.write(_REQUEST.pack(kind, len(payload)))
    pipe.write(payload)
    pipe.flush()


def read_request(pipe: BinaryIO) -> tuple[bytes, bytearray]:
    """Return the kind and the payload of the next request.

    Raises:
        PipeClosed: there is no next one.
    """
    kind, length = _REQUEST.unpack(_exactly(pipe, _REQUEST.size))
    return kind, _exactly(pipe, min(length, MAX_REQUEST_BYTES))


def write_answer(pipe: BinaryIO, answer: Answer) -> None:
    """Send one answer."""
    data = _ANSWERS.dump_json(answer)
    pipe.write(_ANSWER.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def read_answer(pipe: BinaryIO) -> Answer:
    """Return the next answer.

    Raises:
        PipeClosed: the child is gone.
        ValueError: what came is no answer.
    """
    (length,) = _ANSWER.unpack(_exactly(pipe, _ANSWER.size))
    return _ANSWERS.validate_json(bytes(_exactly(pipe, length)))


def _exactly(pipe: BinaryIO, length: int) -> bytearray:
    data = bytearray(length)
    view = memoryview(data)
    while view:
        count = pipe.readinto(view)  # type: ignore[attr-defined]  # BufferedReader has
        if not count:
            raise PipeClosed
        view = view[count:]
    return data
