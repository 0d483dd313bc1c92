"""Measures the desk's pages over a large record, and looks at every query's plan.

It starts a PostgreSQL, fills it, asks each page in turn in this process, and prints
p50 and p95. Every statement that a page ran is explained; one that reads claims,
mails, jobs or events from end to end fails the run, as does a page over its limit.

Example: `python -m bench desk_speed --claims 100000 --requests 40`
"""

import argparse
import contextlib
import random
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from fastapi.testclient import TestClient

from bench import big_record
from bench.big_texts import PEOPLE
from bench.plans import PlanWatch
from bench.rig import show, show_end
from tests.services import Postgres
from worker.bootstrap import Parts
from worker.desk.app import create_app
from worker.domain.staff import StaffRole
from worker.settings import Settings

LIMIT_MS = 150.0
"""Source: issue 5, with a million claims on two cores."""
A_PERIOD = 5
"""Requests for a page of figures, which adds up a whole period. Ours."""
SETTINGS = {
    "shared_buffers": "1GB",
    "effective_cache_size": "4GB",
    "work_mem": "16MB",
    "random_page_cost": "1.1",
    "max_wal_size": "8GB",
}
PAGES = (
    ("work list", "/claims"),
    ("search: claim", "/claims?q=CLM-{claim:06d}"),
    ("search: order", "/claims?q=ORD-{order}"),
    ("search: member", "/claims?q=M{member}"),
    ("search: tracking", "/claims?q=TRK{tracking}"),
    ("search: mail text, rare", "/claims?q=rarity{text}"),
    ("search: mail text, common", "/claims?q=teapot"),
    ("search: mail text, none", "/claims?q=zeppelin"),
    ("claim page, any", "/claims/{claim}"),
    ("claim page, open", "/claims/{open}"),
    ("triage", "/triage"),
    ("operations", "/operations"),
    ("figures, 7 days", "/figures?days=7"),
    ("figures, 30 days", "/figures?days=30"),
    ("figures, 90 days", "/figures?days=90"),
    ("api: claims", "/api/v1/claims?after={claim}"),
    ("api: claims of a state", "/api/v1/claims?state=withdrawn&after={claim}"),
    ("api: open claims", "/api/v1/claims?open=true"),
    ("api: a member's claims", "/api/v1/claims?member=M{member}"),
    (
        "api: claims of the last hours",
        "/api/v1/claims?updated_since=2026-11-18T12:00:00Z",
    ),
    ("api: claims of a month", "/api/v1/claims?updated_since=2026-10-19T00:00:00Z"),
    ("api: claim", "/api/v1/claims/{claim}"),
    ("api: mails by Message-ID", "/api/v1/mails?message_id=<{mail}@mail.example>"),
    ("api: queues", "/api/v1/queues"),
)
"""What is measured; the tabs of the work list are found in it."""
LIMITED = ("work list", "tab", "search", "claim page")
"""What staff open all day. Source: issue 5."""
OF_A_PERIOD = "figures"
_TAB = re.compile(r'href="(/claims\?[^"]*)"')


class BigPostgres(Postgres):
    """The tests' server with the memory of a real one."""

    def _command(self) -> list[str]:
        command = super()._command()
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        return command


@dataclass
class Measured:
    """One page: how long each request took, and what its statements do."""

    name: str
    status: int = 0
    took_ms: list[float] = field(default_factory=list)
    statements: int = 0
    whole: set[str] = field(default_factory=set)
    """Tables that are read from end to end."""

    @property
    def p95(self) -> float:
        """Return what 19 of 20 requests did not exceed."""
        return sorted(self.took_ms)[max(0, -(-len(self.took_ms) * 95 // 100) - 1)]

    @property
    def is_slow(self) -> bool:
        """Return whether the page is over its limit."""
        return self.name.startswith(LIMITED) and self.p95 > LIMIT_MS

    def line(self) -> str:
        """Return the line of the table."""
        if self.status == 404:  # noqa: PLR2004
            return f"{self.name:32} not there"
        verdict = "".join(f"  reads all of {one}" for one in sorted(self.whole))
        verdict += "  SLOW" if self.is_slow else ""
        p50 = statistics.median(self.took_ms)
        return (
            f"{self.name:32} {self.status:6} {p50:9.1f} {self.p95:9.1f}"
            f" {self.statements:6}{verdict}"
        )


class Meter:
    """Asks the desk as a lead, and watches the statements that it runs."""

    def __init__(self, parts: Parts, claims: int, *, plans: bool) -> None:
        self._engine = parts.store.database.engine
        self._claims = claims
        self._plans = plans
        self._dice = random.Random(7)  # noqa: S311 - the same questions each time
        self._watch = PlanWatch(self._engine)
        people = parts.desk.people
        person = people.named("bench") or people.add("bench", StaffRole.ADMIN)
        for name in PEOPLE:
            if people.named(name) is None:
                people.add(name, StaffRole.AGENT)
        self._client = TestClient(create_app(parts), follow_redirects=False)
        for route in self._client.app.routes:  # type: ignore[attr-defined]
            if getattr(route, "path", "") == "/api/v1":
                route.app.state.allowance.per_minute = 10**9
        secret = parts.desk.sessions.begin(person.person_id)
        self._client.cookies.set("claims", secret)
        with self._engine.connect() as connection:
            query = sa.text("select id from claims where is_open order by id limit 999")
            self._open = list(connection.execute(query).scalars())

    def tabs(self) -> list[tuple[str, str]]:
        """Return the work list's own links: its tabs."""
        text = self._client.get("/claims").text
        found = dict.fromkeys(one.replace("&amp;", "&") for one in _TAB.findall(text))
        return [(f"tab {one.partition('?')[2][:26]}", one) for one in found][:12]

    def measure(self, name: str, path: str, *, requests: int) -> Measured:
        """Ask one page; the first request warms up and its plans are looked at."""
        made = Measured(name)
        self._watch.take()
        made.status = self._client.get(self._filled(path)).status_code
        made.statements, ran = self._watch.take()
        if made.status == 404:  # noqa: PLR2004
            return made
        if self._plans:
            made.whole = self._watch.whole(ran, name)
        for _ in range(requests):
            asked = self._filled(path)
            began = time.perf_counter()
            self._client.get(asked)
            made.took_ms.append((time.perf_counter() - began) * 1000)
        return made

    def _filled(self, path: str) -> str:
        number = self._dice.randint(1, self._claims)
        return path.format(
            claim=number,
            open=self._dice.choice(self._open),
            order=20_000_000 + number,
            member=100_001 + number // big_record.MEMBERS_OF_CLAIMS,
            tracking=30_000_000 + number,
            text=self._dice.randint(0, 399),
            mail=number * big_record.MAILS_OF_CLAIM,
        )


@contextlib.contextmanager
def a_record(url: str | None, claims: int) -> Iterator[str]:
    """Give the URL of a filled database: a given one, or one that is made."""
    if url is not None:
        yield url
        return
    with BigPostgres() as server:
        made = server.database()
        began = time.monotonic()
        big_record.fill(made, claims)
        print(f"{claims} claims were made in {time.monotonic() - began:.0f} s")
        yield made


def main(arguments: list[str]) -> int:
    """Measure, print the table, and return whether every page holds."""
    parser = argparse.ArgumentParser(prog="bench desk_speed", description=__doc__)
    parser.add_argument("--claims", type=int, default=1_000_000)
    parser.add_argument("--url", help="a record that big_record filled with --claims")
    parser.add_argument("--requests", type=int, default=60, help="for each page")
    given = parser.parse_args(arguments)
    with a_record(given.url, given.claims) as url, TemporaryDirectory() as folder:
        settings = Settings(
            _env_file=None,
            CLAIMS_FROM="claims@logistics.example",
            database_url=url,
            data_dir=Path(folder),
            clock=big_record.NOW,
        )
        parts = Parts(settings, with_redis=False)
        meter = Meter(parts, given.claims, plans=True)
        pages = [*PAGES[:1], *meter.tabs(), *PAGES[1:]]
        measured = []
        print(f"{'page':32} {'status':>6} {'p50 ms':>9} {'p95 ms':>9} {'SQL':>6}")
        for name, path in pages:
            show(name)
            requests = A_PERIOD if name.startswith(OF_A_PERIOD) else given.requests
            measured.append(meter.measure(name, path, requests=requests))
            show_end()
            print(measured[-1].line(), flush=True)
        parts.close()
    asked = [one for one in measured if one.took_ms]
    return int(any(one.is_slow or one.whole or one.status >= 400 for one in asked))  # noqa: PLR2004
