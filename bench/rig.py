"""What the scripts share: servers, an installation of ours on them, its processes."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

import psutil

from tests.services import Dovecot, Postgres, Redis, SmtpSink
from worker.adapters.processes import die_with_parent

LOG_TAIL_CHARACTERS = 3000
SQLITE = "sqlite:///"


class CheckFailed(Exception):
    """The program did not do what it promises; the text says what was seen."""


class DurablePostgres(Postgres):
    """The tests' server, but waiting for its disk, as one that is in earnest does."""

    def _command(self) -> list[str]:
        return [*super()._command(), "-c", "fsync=on", "-c", "full_page_writes=on"]


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of one script, started once."""

    dovecot: Dovecot
    redis: Redis
    postgres: Postgres | None


@contextlib.contextmanager
def servers(
    *, with_postgres: bool = False, is_durable: bool = False
) -> Iterator[Servers]:
    """Give running servers; they and their folders are gone afterwards.

    `is_durable` has PostgreSQL wait for its disk.
    """
    with contextlib.ExitStack() as stack:
        kind = DurablePostgres if is_durable else Postgres
        postgres = stack.enter_context(kind()) if with_postgres else None
        dovecot = stack.enter_context(Dovecot())
        redis = stack.enter_context(Redis())
        yield Servers(dovecot, redis, postgres)


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation of the program: its settings, its record, its data folder."""

    environment: Mapping[str, str]
    database_url: str
    folder: Path

    @property
    def log(self) -> Path:
        """The file that takes what the processes print on stderr."""
        return self.folder / "claims.log"

    def run(self, *arguments: str, timeout: float = 600) -> str:
        """Return what `claims ARGUMENTS` prints.

        Raises:
            CheckFailed: it did not exit 0, or not in time.
        """
        process = self.start(*arguments, stdout=subprocess.PIPE)
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            words = " ".join(arguments)
            raise CheckFailed(f"`claims {words}` took over {timeout} s") from None
        if process.returncode != 0:
            code, words = process.returncode, " ".join(arguments)
            raise CheckFailed(f"`claims {words}` exited {code}:\n{self.log_tail()}")
        return output.decode()

    def start(
        self,
        *arguments: str,
        stdout: int | IO[bytes] | None = subprocess.DEVNULL,
        module: str = "worker",
    ) -> "subprocess.Popen[bytes]":
        """Start `claims ARGUMENTS`; what it says on stderr goes to the log.

        `module` is what runs it, where that is not the program itself.
        """
        tether = partial(die_with_parent, os.getpid())
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", module, *arguments],
                env=dict(self.environment),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=log,
                preexec_fn=tether,  # noqa: PLW1509 - no thread holds a lock
            )

    def left_behind(self) -> list[str]:
        """Return the processes that still work in the folder, which must be none."""
        found = []
        for process in psutil.process_iter(["pid", "cwd", "cmdline"]):
            if process.info["cwd"] == str(self.folder):
                words = " ".join(process.info["cmdline"] or ())
                found.append(f"{process.info['pid']} {words}")
        return found

    def serve_until_idle(self, timeout: float = 600) -> dict[str, Any]:
        """Run `claims serve --until-idle`; return its line of counts."""
        counts: dict[str, Any] = json.loads(
            self.run("serve", "--until-idle", timeout=timeout)
        )
        return counts

    def log_tail(self) -> str:
        """Return the end of the log."""
        if not self.log.exists():
            return ""
        return self.log.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:]


@contextlib.contextmanager
def installation(  # noqa: PLR0913 - what an installation is made of
    rig: Servers,
    sink: SmtpSink,
    *,
    user: str,
    house: Mapping[str, str],
    go_live: datetime,
    clock: datetime | None = None,
    on_postgres: bool = False,
    keep_in: Path | None = None,
    like: str | None = None,
) -> Iterator[Installation]:
    """Give an installation with a new database and an empty queue.

    Args:
        rig: the servers to use.
        sink: where it sends.
        user: whose mailbox it reads.
        house: settings that fit the mails: CLAIMS_FROM and what we trust.
        go_live: older mail is not answered.
        clock: where business time begins; None is now.
        on_postgres: in PostgreSQL instead of an SQLite file.
        keep_in: a folder that is left as it is; None makes one and removes it.
        like: the URL of a migrated database of the same kind, to begin with a copy.
    """
    rig.redis.flushall()
    with contextlib.ExitStack() as stack:
        folder = keep_in or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="claims-bench-"))
        )
        database_url = f"{SQLITE}{folder / 'claims.db'}"
        if on_postgres and rig.postgres is not None:
            database_url = rig.postgres.database(like=like)
        elif like is not None:
            shutil.copyfile(like.removeprefix(SQLITE), folder / "claims.db")
        environment = surroundings() | {
            "CLAIMS_MAILBOX_URL": rig.dovecot.url(user),
            "CLAIMS_SMTP_URL": sink.url,
            "CLAIMS_REDIS_URL": rig.redis.url,
            "CLAIMS_DATABASE_URL": database_url,
            "CLAIMS_DATA_DIR": str(folder / "data"),
            "CLAIMS_GO_LIVE": go_live.isoformat(),
            "CLAIMS_DESK_BIND": "off",
            **house,
        }
        if clock is not None:
            environment["CLAIMS_CLOCK"] = clock.isoformat()
        yield Installation(environment, database_url, folder)


def surroundings() -> dict[str, str]:
    """Return our environment without settings, in which `worker` is this one."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("CLAIMS_")}
    root = Path(__file__).resolve().parents[1]
    paths = filter(None, (str(root), ours.get("PYTHONPATH")))
    return ours | {"PYTHONPATH": os.pathsep.join(paths)}


def pause(seconds: float) -> None:
    """Do nothing for a while."""
    threading.Event().wait(seconds)


def show(text: str) -> None:
    """Say how far it is, on stderr, over the line before on a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
    else:
        sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def show_end() -> None:
    """End the line of progress."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
