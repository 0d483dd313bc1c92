"""Random kills: real `claims serve` processes die by `kill -9` while mails arrive.

The seed gives the mails and the order of the victims; when each dies is the machine's.
Afterwards the checker looks, every claim must be there once, and `claims audit --deep`
and `claims rebuild --check` must find nothing.
"""

import contextlib
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from bench.fleet import role_of
from bench.record import is_idle, one
from bench.rig import pause
from tests.builders_mail import SENT_AT
from tests.chaos.checker import Measure, Violation, check
from tests.chaos.load import Load, make_load
from tests.chaos.rig import Site
from tests.commands import claims_here
from tests.services import Dovecot, Postgres, Redis, SmtpSink

BATCHES = 40
KILL_EVERY_S = 0.4
PATIENCE = 10
"""So many times as long a kill waits for work to be done; what boots does none."""
JOBS_OF_A_MAIL = 3.5
LOOK_EVERY_S = 5.0
IDLE_WITHIN_S = 1800.0
WEIGHTS = {"serve": 1, "poll": 2, "work": 4, "schedule": 2, "reader": 3}
"""Who dies how often. With its supervisor a whole group dies, which boots slowly."""
ROLES = tuple(role for role, weight in WEIGHTS.items() for _ in range(weight))
MOST_MB = 400.0
"""Resident memory that no process of ours may pass. Source: bench/memory.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is done to the program.

    Attributes:
        database: `sqlite` or `postgresql`.
        serves: how many `claims serve` work side by side.
        every_s: the fewest seconds between two kills; they come as the work goes on.
    """

    mails: int
    kills: int
    database: str
    seed: int
    serves: int = 2
    every_s: float = KILL_EVERY_S


@dataclass(slots=True)
class Outcome:
    """What came of a run; `faults` is what should not be."""

    plan: Plan
    seconds: float = 0.0
    seconds_to_idle: float = 0.0
    victims: Counter[str] = field(default_factory=Counter)
    figures: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        plan, figures = self.plan, self.figures
        return (
            f"{plan.database}, seed {plan.seed}: {plan.mails} mails,"
            f" {self.victims.total()} kills {dict(sorted(self.victims.items()))} in"
            f" {self.seconds:.0f} s, idle {self.seconds_to_idle:.0f} s later; "
            + ", ".join(f"{value} {name}" for name, value in figures.items())
        )


def run(
    plan: Plan, site: Site, *, say: Callable[[str], object] = lambda _: None
) -> Outcome:
    """Kill processes while mails arrive, wait until all is done, and check."""
    chance = random.Random(plan.seed)  # noqa: S311 - repeatable
    load = make_load(plan.mails, chance)
    site.import_orders(*load.orders)
    outcome, peak_mb = Outcome(plan), 0.0
    serves = [site.start("serve") for _ in range(plan.serves)]
    began = looked = time.monotonic()
    delivered, pace = 0, _Pace(plan, site)
    while outcome.victims.total() < plan.kills:
        done = outcome.victims.total()
        due = min(
            plan.mails, plan.mails * (done * BATCHES // plan.kills + 1) // BATCHES
        )
        if due > delivered:
            batch = load.mails[delivered:due]
            site.dovecot.append_many(site.user, [(raw, SENT_AT) for raw in batch])
            delivered = due
        pace.wait()
        for place, process in enumerate(serves):
            if process.poll() is not None:
                serves[place] = site.start("serve")
        role = _kill_one([process.pid for process in serves], chance)
        if role is not None:
            outcome.victims[role] += 1
        if time.monotonic() - looked > LOOK_EVERY_S:
            looked = time.monotonic()
            peak_mb = max(peak_mb, _largest_mb([process.pid for process in serves]))
            settled = one(site.database_url, _SETTLED)
            say(f"{done} of {plan.kills} kills, {settled} of {delivered} mails settled")
    rest = load.mails[delivered:]
    site.dovecot.append_many(site.user, [(raw, SENT_AT) for raw in rest])
    outcome.seconds = time.monotonic() - began
    for place, process in enumerate(serves):
        if process.poll() is not None:
            serves[place] = site.start("serve")
    outcome.faults += _wait_until_idle(site, plan, say)
    outcome.seconds_to_idle = time.monotonic() - began - outcome.seconds
    for process in serves:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    _look(site, load, outcome, peak_mb)
    return outcome


@dataclass(slots=True)
class _Pace:
    """Spreads the kills over the work: each waits until some jobs more are done.

    On a busy machine everything takes long, and kills by the clock would hit nothing
    but processes that are starting.
    """

    plan: Plan
    site: Site
    done: int = 0

    def wait(self) -> None:
        """Return when the next kill is due."""
        step = round(self.plan.mails * JOBS_OF_A_MAIL / self.plan.kills)
        until = time.monotonic() + PATIENCE * self.plan.every_s
        pause(self.plan.every_s)
        while time.monotonic() < until and self._jobs_done() < self.done + step:
            pause(self.plan.every_s)
        self.done = self._jobs_done()

    def _jobs_done(self) -> int:
        query = "select count(*) from jobs where state = 'done'"
        return one(self.site.database_url, query)


@contextmanager
def a_site(plan: Plan) -> Iterator[Site]:
    """Give an installation on servers of its own, which end with it."""
    folder = Path(tempfile.mkdtemp(prefix="claims-chaos-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        dovecot = stack.enter_context(Dovecot())
        redis = stack.enter_context(Redis())
        sink = stack.enter_context(SmtpSink())
        url = f"sqlite:///{folder / 'claims.db'}"
        if plan.database == "postgresql":
            url = stack.enter_context(Postgres()).database()
        site = Site(folder, dovecot, redis, sink, url, dict(SETTINGS))
        stack.callback(site.close)
        yield site


SETTINGS = {"CLAIMS_DRAFTS_URL": "", "CLAIMS_SENT_FOLDER": "", "CLAIMS_AFTER": ""}
"""What is not needed here: staff's mailbox, and marks."""
_SETTLED = "select count(*) from mails where fate is not null"
_FIGURES = {
    "mails settled": _SETTLED,
    "claims": "select count(*) from claims",
    "e-mails sent": "select count(*) from emails where status = 'sent'",
    "uncertain attempts": "select coalesce(sum(uncertain), 0) from emails",
    "parked": "select count(*) from mails where fate = 'parked'",
    "dead letters": "select count(*) from jobs where state = 'quarantined'",
    "most deaths of one job": "select coalesce(max(vanished), 0) from jobs",
}


def _look(site: Site, load: Load, outcome: Outcome, peak_mb: float) -> None:
    """Count, and run the checker."""
    scene = site.scene()
    figures = {name: one(site.database_url, query) for name, query in _FIGURES.items()}
    sunk = list(scene.sunk)
    figures["copies too many"] = len(sunk) - len({mail.raw for mail in sunk})
    outcome.figures = figures
    measures = (Measure("memory of one process in MB", peak_mb, MOST_MB),)
    violations = check(replace(scene, measures=measures))
    missing = load.claims - figures["claims"]
    if missing:
        what = f"{abs(missing)} claims are {'lost' if missing > 0 else 'doubled'}"
        violations.append(Violation("I2", what))
    if figures["copies too many"] > figures["uncertain attempts"]:
        violations.append(Violation("I4", "more copies than uncertain attempts"))
    outcome.faults += [str(one) for one in violations]
    outcome.faults += _second_opinions(site)


def _second_opinions(site: Site) -> list[str]:
    """Let the program's own audit and rebuilding look; return what they find."""
    found = []
    for words in (("audit", "--deep"), ("rebuild", "--check")):
        done = claims_here(site.folder, *words, **site.settings)
        if done.returncode != 0:
            found.append(f"claims {' '.join(words)}: {done.stdout}{done.stderr}")
    return found


def _wait_until_idle(site: Site, plan: Plan, say: Callable[[str], object]) -> list[str]:
    until = time.monotonic() + IDLE_WITHIN_S
    while not is_idle(site.database_url, plan.mails):
        if time.monotonic() > until:
            return [f"not idle {IDLE_WITHIN_S:.0f} s after the last kill"]
        pause(LOOK_EVERY_S)
        settled = one(site.database_url, _SETTLED)
        say(f"{settled} of {plan.mails} mails settled")
    return []


def _kill_one(pids: list[int], chance: random.Random) -> str | None:
    """Kill one process of the trees; return its role.

    Each role has its chance, also where it is down: then nobody is killed. Otherwise
    those that take longest to start would die most often.
    """
    # Always three draws, so that a seed gives the same ones whatever is alive.
    role, pid, place = chance.choice(ROLES), chance.choice(pids), chance.random()
    with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
        victims = [one for one in tree if _role(one) == role]
        if victims:
            victims[int(place * len(victims))].kill()
            return role
    return None


def _role(process: psutil.Process) -> str:
    """Return what a process does; nothing where it has died and nobody looked."""
    try:
        return role_of(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def _largest_mb(pids: list[int]) -> float:
    """Return the resident memory of the largest process of the trees."""
    largest = 0
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(pid)
            for process in (root, *root.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    largest = max(largest, process.memory_info().rss)
    return largest / 1024**2


def say_on_stderr(text: str) -> None:
    """Print progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
