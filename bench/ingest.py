"""Mailbox to durable rows: our poller against mbsync, in the same rounds.

Ours is `claims poll` from its login to the last job in Redis: raw mails, rows, jobs and
cursor are durable then. mbsync writes a Maildir, with fsync on, and nothing else.

Example: `python -m bench ingest --rounds 3 --only small`
"""

import contextlib
import itertools
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import IO

import redis

from bench import record
from bench.boxes import PROFILES, Box, box
from bench.mailbox import GO_LIVE, HOUSE
from bench.rig import CheckFailed, Installation, Servers, installation, pause, servers
from bench.rounds import Row, alternate, keep, new_folder, rate, ratios
from bench.table import run_part
from tests.services import SmtpSink
from tests.services.dovecot import PASSWORD, Dovecot
from tests.services.ports import LOOPBACK
from worker.actors import MOST_BY_KIND, jobs_of_new_mail

SMOKE_MAILS = 20
WITHIN_S = 120.0
LOOKS_EVERY_S = 0.002
QUEUE = "claims:read"
AT_LEAST = {
    ("small", False): 1.2,
    ("small", True): 1.0,
    ("claims", False): 0.8,
    ("claims", True): 0.7,
}
"""Ours to mbsync, by profile and whether on PostgreSQL. Source: issue 8."""
MBSYNCRC = """\
FSync yes
IMAPAccount server
Host {host}
Port {port}
User {user}
Pass {password}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account server

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns INBOX
Sync Pull New
Create Near
SyncState {folder}/state/
"""
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Ground:
    """What all rounds work on; the databases are migrated and empty."""

    rig: Servers
    sink: SmtpSink
    sqlite: str
    postgres: str

    def installation(
        self, made: Box, user: str, *, on_postgres: bool
    ) -> contextlib.AbstractContextManager[Installation]:
        """Give a new installation with a copy of an empty database."""
        return installation(
            self.rig,
            self.sink,
            user=user,
            house=HOUSE,
            go_live=made.facts[0].at - timedelta(days=30),
            clock=made.facts[-1].at + timedelta(hours=1),
            on_postgres=on_postgres,
            keep_in=new_folder("claims"),
            like=self.postgres if on_postgres else self.sqlite,
        )


@cache
def ground() -> Ground:
    """Return the servers that all parts share; they run until the very end."""
    rig = keep(servers(with_postgres=True, is_durable=True))
    sink = keep(SmtpSink())
    urls = []
    for on_postgres in (False, True):
        with installation(
            rig,
            sink,
            user="nobody",
            house=HOUSE,
            go_live=GO_LIVE,
            on_postgres=on_postgres,
            keep_in=new_folder("empty"),
        ) as system:
            system.run("migrate")
            urls.append(system.database_url)
    return Ground(rig, sink, *urls)


def fill(dovecot: Dovecot, made: Box) -> str:
    """Return a new user whose mailbox has the mails, known to the server already."""
    user = f"box{next(_numbers)}"
    dovecot.link(user, made.mails)
    with dovecot.session(user) as connection:
        connection.select("INBOX")
        connection.uid("FETCH", "1:*", "(FLAGS RFC822.SIZE INTERNALDATE)")
    return user


def rows(
    rounds: int, *, smoke: bool, profiles: tuple[str, ...] = PROFILES
) -> Iterator[Row]:
    """Yield ours to mbsync for each mailbox and database."""
    for profile in profiles[:1] if smoke else profiles:
        made = box(profile, SMOKE_MAILS if smoke else None)
        yield from _rows_of(made, profile, rounds)


def _rows_of(made: Box, profile: str, rounds: int) -> Iterator[Row]:
    on = ground()
    user = fill(on.rig.dovecot, made)
    ours = {
        "SQLite": partial(poll, on, made, user, on_postgres=False),
        "PostgreSQL": partial(poll, on, made, user, on_postgres=True),
    }
    theirs: dict[str, Callable[[], float]] = {}
    if shutil.which("mbsync") is not None:
        theirs["mbsync"] = partial(mbsync, on.rig.dovecot, made, user)
    seconds = alternate(rounds, theirs | ours, warm_up=rounds > 1)
    count = len(made.facts)
    for name, taken in ((name, seconds[name]) for name in ours):
        about = f"{profile}, {name}, to mbsync"
        if not theirs:
            missing = f"no mbsync: apt-get install isync; {rate(count, taken)}"
            yield Row(part="ingest", what=about, missing=missing)
            continue
        yield Row(
            part="ingest",
            what=about,
            figures=ratios(seconds["mbsync"], taken),
            at_least=AT_LEAST[profile, name == "PostgreSQL"],
            note=f"{rate(count, taken)} to {rate(count, seconds['mbsync'])}",
        )


def poll(on: Ground, made: Box, user: str, *, on_postgres: bool) -> float:
    """Return the seconds from the poller's login to the last job in Redis.

    Raises:
        CheckFailed: it does not come to that, or a mail or a job is missing.
    """
    count = len(made.facts)
    with on.installation(made, user, on_postgres=on_postgres) as system:
        with on.rig.dovecot.log.open("rb") as log:
            log.seek(0, 2)
            process = system.start("poll")
            try:
                began = await_login(log, user, system)
                _await_jobs(on.rig, system, count)
                seconds = time.perf_counter() - began
            finally:
                process.terminate()
                process.wait()
        stored = record.one(system.database_url, "select count(sha256) from mails")
        query = "select count(*) from jobs where kind = 'read'"
        if (stored, record.one(system.database_url, query)) != (count, count):
            raise CheckFailed(f"{stored} of {count} mails are stored")
    return seconds


def await_login(log: IO[bytes], user: str, system: Installation) -> float:
    """Return the instant of a user's login, by Dovecot's log and `perf_counter`.

    Raises:
        CheckFailed: nobody logs in.
    """
    login = f"Login: user=<{user}>".encode()
    said = b""
    until = time.monotonic() + WITHIN_S
    while login not in said:
        if time.monotonic() > until:
            raise CheckFailed(f"the poller does not log in:\n{system.log_tail()}")
        pause(LOOKS_EVERY_S)
        said += log.read()
    return time.perf_counter()


def _await_jobs(rig: Servers, system: Installation, count: int) -> None:
    """Return when Redis has the last ring for so many new mails.

    One ring leads to several mails, and the numbers of jobs count up from 1.
    """
    last_of_all = len(jobs_of_new_mail(0, 0)) * (count - MOST_BY_KIND["read"])
    until = time.monotonic() + WITHIN_S
    with redis.Redis(host=LOOPBACK, port=rig.redis.port) as client:
        while _last_rung(client) <= last_of_all:
            if time.monotonic() > until:
                raise CheckFailed(f"the poller stores nothing:\n{system.log_tail()}")
            pause(LOOKS_EVERY_S)


def _last_rung(client: "redis.Redis") -> int:
    """Return the number of the job that was rung last, or 0."""
    redis_id = client.lindex(QUEUE, -1)
    message = client.hget(f"{QUEUE}.msgs", redis_id) if redis_id else None
    return 0 if message is None else int(json.loads(message)["args"][0])


def mbsync(dovecot: Dovecot, made: Box, user: str) -> float:
    """Return the seconds in which mbsync makes a durable Maildir of the mailbox.

    Raises:
        CheckFailed: it fails, or a mail is missing.
    """
    folder = new_folder("mbsync")
    (folder / "state").mkdir()
    settings = folder / "mbsyncrc"
    settings.write_text(
        MBSYNCRC.format(
            host=LOOPBACK,
            port=dovecot.port,
            user=user,
            password=PASSWORD,
            folder=folder,
        )
    )
    command = [shutil.which("mbsync") or "mbsync", "-q", "-c", str(settings), "all"]
    began = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - the peer
    seconds = time.perf_counter() - began
    count = sum(1 for sub in ("new", "cur") for _ in (folder / "INBOX" / sub).iterdir())
    if done.returncode or count != len(made.facts):
        raise CheckFailed(f"mbsync has {count} mails: {done.stderr}")
    return seconds


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return 0."""
    return run_part("ingest", __doc__, rows, arguments, profiles=PROFILES)


if __name__ == "__main__":
    sys.exit(main())
