"""A raw store whose mails break the reader's child, each in its own way."""

import os
import threading
from collections.abc import Iterable

from tests.builders_mail import make_claim_mail
from worker.domain.errors import GiveUp, RetryLater
from worker.ports import RawStore, Stored

OPENER = "tests.adapters.hostile_store:open_store"


class HostileStore:
    """See ports.RawStore; the name of a blob says what getting it does."""

    def put(self, parts: Iterable[bytes]) -> Stored:
        raise NotImplementedError

    def put_many(self, blobs: Iterable[bytes]) -> list[Stored]:
        raise NotImplementedError

    def has(self, sha256: str) -> bool:
        return bool(sha256)

    def size(self, sha256: str) -> int | None:
        return len(sha256)

    def remove(self, sha256: str) -> bool:
        raise NotImplementedError

    def get(self, sha256: str) -> bytes:
        match sha256:
            case "abort":
                os.abort()
            case "hang":
                threading.Event().wait()
            case "hog":
                return bytes(3 * 1024**3)
            case "print":
                print("this is no answer", flush=True)  # noqa: T201 - to break the pipe
            case "secrets":
                names = " ".join(name for name in os.environ if "CLAIMS" in name)
                return f"Subject: {names}\r\n\r\n".encode()
            case "missing":
                raise GiveUp(reason="raw_missing")
            case "later":
                raise RetryLater(reason="raw_store_failed")
            case "bug":
                raise ZeroDivisionError
            case _:
                pass
        return make_claim_mail(files=[])


def open_store(_url: str) -> RawStore:
    return HostileStore()
