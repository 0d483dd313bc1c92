"""One job by its id: taken, run, and its end sorted by what was raised."""

import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from worker import holding
from worker import runner as runner_module
from worker.adapters.clock import StillClock
from worker.adapters.migrations import upgrade
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import Job, NewJob, Store, Work
from worker.domain.errors import GiveUp, LeaseLost, RetryLater, StaleClaim
from worker.domain.money import Money
from worker.holding import Gate, LeaseKeeper
from worker.kinds import JobKind, Patience
from worker.ports import Bell, ReadFailed
from worker.runner import Runner

NOW = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
QUIET_FOR = timedelta(seconds=3)
MINUTE = timedelta(minutes=1)
NO_TIME = timedelta(0)
A_NAME = "Lena Hoffmann"
PATIENCE = Patience(
    first=timedelta(seconds=10), longest=MINUTE, give_up_after=timedelta(hours=1)
)
SOON_S = 0.1
"""Long enough for a thread that wrongly goes on to be seen."""
LATEST_S = 10.0


Follow = Callable[[Work, Job, str], None]


def nothing_more(_work: Work, _job: Job, _reason: str) -> None:
    """Nothing else follows."""


@dataclass
class Parts:
    """All that the runner itself needs."""

    store: Store


class Bench:
    """A runner whose one kind of job does what the test says."""

    def __init__(self, store: Store, queue: CollectingQueue) -> None:
        self.store = store
        self.queue = queue
        self.step: Callable[[Job], None] = self.finish
        self.runs = 0
        self.runner = self.another()

    def another(
        self, *, on_failure: Follow = nothing_more, on_quarantine: Follow = nothing_more
    ) -> Runner[Parts]:
        kind: JobKind[Parts] = JobKind(
            "send",
            "send",
            self._step,
            "nothing",
            patience=PATIENCE,
            on_failure=on_failure,
            on_quarantine=on_quarantine,
        )
        return Runner(Parts(self.store), {"send": kind})

    def _step(self, _parts: Parts, job: Job) -> None:
        self.runs += 1
        self.step(job)

    def finish(self, job: Job) -> None:
        with self.store.transaction() as work:
            work.finish(job)

    def add(self, ref: str = "1", kind: str = "send", lane: str | None = None) -> int:
        """Write a job; return its id."""
        with self.store.transaction() as work:
            work.add_jobs(NewJob(kind, ref, "send", lane=lane))
        query = sa.text("select id from jobs where kind = :kind and ref = :ref")
        with self.store.database.read() as session:
            found = session.execute(query, {"kind": kind, "ref": ref}).scalar_one()
        return int(found)

    def raising(self, *errors: Exception) -> None:
        """Let the step raise one error after the other, and finish then."""
        left = iter(errors)

        def step(job: Job) -> None:
            error = next(left, None)
            if error is not None:
                raise error
            self.finish(job)

        self.step = step

    def run(self, job_id: int, times: int = 1) -> None:
        """Run the job; each time as if its wait were over."""
        for _ in range(times):
            self.set(job_id, run_at_ms=0)
            self.runner.run(job_id)

    def set(self, job_id: int, **values: object) -> None:
        changes = ", ".join(f"{name} = :{name}" for name in values)
        statement = sa.text(f"update jobs set {changes} where id = :id")  # noqa: S608
        with self.store.database.write() as session:
            session.execute(statement, values | {"id": job_id})

    def get(self, job_id: int, column: str) -> object:
        query = sa.text(f"select {column} from jobs where id = :id")  # noqa: S608
        with self.store.database.read() as session:
            return session.execute(query, {"id": job_id}).scalar_one()

    def number(self, job_id: int, column: str) -> int:
        return int(str(self.get(job_id, column)))

    def wait_s(self, job_id: int) -> float:
        """In how many seconds the job is due, by the database's clock."""
        with self.store.database.read() as session:
            now_ms = session.execute(sa.select(self.store.database.now_ms)).scalar_one()
        return (self.number(job_id, "run_at_ms") - now_ms) / 1000

    def count(self) -> int:
        with self.store.database.read() as session:
            return int(
                session.execute(sa.text("select count(*) from jobs")).scalar_one()
            )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    url = f"sqlite:///{tmp_path / 'claims.sqlite3'}"
    upgrade(url)
    queue = CollectingQueue()
    store = Store(url, owner="one", clock=StillClock(NOW), queue=queue)
    yield Bench(store, queue)
    store.close()


def in_thread(step: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=step)
    thread.start()
    return thread


# -- done, and nothing to do --------------------------------------------------------


def test_a_job_that_ends_well_is_done(bench: Bench) -> None:
    job_id = bench.add()

    bench.runner.run(job_id)

    assert bench.get(job_id, "state") == "done"
    assert bench.runs == 1


def test_scenario_8_a_second_ring_of_a_done_job_does_nothing(bench: Bench) -> None:
    job_id = bench.add()

    bench.runner.run(job_id)
    bench.runner.run(job_id)

    assert bench.runs == 1


@pytest.mark.parametrize("job_id", [4711, 0, -1])
def test_a_ring_for_a_job_that_does_not_exist_does_nothing(
    bench: Bench, job_id: int
) -> None:
    bench.runner.run(job_id)

    assert bench.runs == 0


def test_a_job_that_is_not_due_yet_is_left_alone(bench: Bench) -> None:
    job_id = bench.add()
    bench.raising(RetryLater("smtp_unreachable"))
    bench.run(job_id)

    bench.runner.run(job_id)

    assert bench.runs == 1


def test_while_the_database_is_away_a_ring_is_dropped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_group(_job_id: int, **_how: object) -> None:
        raise RetryLater("database_unreachable")

    job_id = bench.add()
    monkeypatch.setattr(bench.store.jobs, "take_group", take_group)

    bench.runner.run(job_id)

    assert bench.get(job_id, "state") == "ready"


# -- transient ----------------------------------------------------------------------


def test_a_refused_job_waits_ever_longer_and_at_most_so_long(bench: Bench) -> None:
    job_id = bench.add()
    bench.raising(*[RetryLater("smtp_unreachable")] * 5)

    waits = []
    for _ in range(5):
        bench.run(job_id)
        waits.append(bench.wait_s(job_id))

    assert waits == pytest.approx([10, 20, 40, 60, 60], abs=5)
    assert bench.get(job_id, "state") == "ready"
    assert bench.get(job_id, "reason") == "smtp_unreachable"
    assert bench.get(job_id, "transients") == 5
    assert bench.get(job_id, "failures") == 0


def test_a_refusal_may_say_how_long_to_wait(bench: Bench) -> None:
    first, second = bench.add("1"), bench.add("2")
    bench.raising(
        RetryLater("smtp_535", retry_after=15 * MINUTE),
        RetryLater("smtp_421", retry_after=NO_TIME),
    )

    bench.run(first)
    bench.run(second)

    assert bench.wait_s(first) == pytest.approx(15 * 60, abs=5)
    assert bench.wait_s(second) <= 0


def test_L4_a_job_that_is_refused_for_too_long_is_quarantined(bench: Bench) -> None:
    job_id = bench.add()
    bench.raising(*[RetryLater("smtp_unreachable")] * 3)
    bench.run(job_id)
    since_ms = bench.number(job_id, "first_transient_ms")

    bench.set(job_id, first_transient_ms=since_ms - 59 * 60 * 1000)
    bench.run(job_id)
    shortly_before = bench.get(job_id, "state")
    bench.set(job_id, first_transient_ms=since_ms - 60 * 60 * 1000)
    bench.run(job_id)

    assert shortly_before == "ready"
    assert bench.get(job_id, "state") == "quarantined"
    assert bench.get(job_id, "reason") == "gave_up_after_smtp_unreachable"


def test_a_job_on_a_claim_that_moved_is_run_again_at_once(bench: Bench) -> None:
    job_id = bench.add()
    bench.raising(StaleClaim("CLM-000001"))

    bench.run(job_id)

    assert bench.wait_s(job_id) < 1
    assert bench.get(job_id, "reason") == "stale_claim"
    bench.run(job_id)
    assert bench.get(job_id, "state") == "done"


# -- failures -----------------------------------------------------------------------


def a_bug(_job: Job) -> None:
    """A mistake deep in our own code, on words of a member."""
    Money.of(A_NAME)


def test_T8_the_third_exception_of_our_own_makes_a_dead_letter(bench: Bench) -> None:
    job_id = bench.add()
    bench.step = a_bug

    bench.run(job_id, times=2)
    before = (bench.get(job_id, "state"), bench.get(job_id, "failures"))
    bench.run(job_id)

    assert before == ("ready", 2)
    assert bench.get(job_id, "state") == "quarantined"
    assert bench.store.stats.counts().dead_letters == 1
    assert bench.store.stats.counts().alerts_open == 1


def test_the_reason_is_the_exceptions_type_and_place_and_never_its_text(
    bench: Bench,
) -> None:
    job_id = bench.add()
    bench.step = a_bug

    with capture_logs() as logs:
        bench.run(job_id, times=3)

    reason = str(bench.get(job_id, "reason"))
    assert reason.startswith("InvalidOperation domain/money.py:")
    assert reason.rpartition(":")[2].isdigit()
    assert A_NAME not in str(logs)
    assert {"job_failed", "job_quarantined"} <= {one["event"] for one in logs}


def test_a_quarantined_job_never_runs_again_by_itself(bench: Bench) -> None:
    job_id = bench.add()
    bench.step = a_bug

    bench.run(job_id, times=6)

    assert bench.runs == 3
    assert bench.store.jobs.due("send", limit=9, quiet_for=QUIET_FOR) == []


def test_refusals_do_not_count_as_failures(bench: Bench) -> None:
    """Three kinds of failure are counted apart."""
    job_id = bench.add()
    refused, bug = RetryLater("smtp_451"), KeyError()
    bench.raising(refused, bug, refused, refused, bug, refused)

    bench.run(job_id, times=7)

    assert bench.get(job_id, "state") == "done"
    assert bench.get(job_id, "failures") == 2
    assert bench.get(job_id, "transients") == 4
    assert bench.get(job_id, "attempts") == 7


def test_a_death_of_the_reader_counts_as_a_failure(bench: Bench) -> None:
    job_id = bench.add()
    bench.raising(*[ReadFailed("memory", died=True)] * 3)

    bench.run(job_id, times=2)
    before = bench.get(job_id, "state")
    bench.run(job_id)

    assert before == "ready"
    assert bench.get(job_id, "state") == "quarantined"
    assert bench.get(job_id, "reason") == "reader_memory"


def test_a_reader_that_crashed_once_is_asked_again_at_once_in_the_same_order(
    bench: Bench,
) -> None:
    passed: list[str] = []
    bench.runner = bench.another(on_failure=lambda _w, _j, why: passed.append(why))
    job_id = bench.add()
    bench.raising(*[ReadFailed("crashed", died=True)] * 2)

    bench.run(job_id)
    wait_s, others, bell = bench.wait_s(job_id), list(passed), bench.queue.bells[-1]
    bench.run(job_id)

    assert wait_s <= 0
    assert others == []
    assert bell == Bell("send", job_id)
    assert passed == ["reader_crashed"]
    assert bench.get(job_id, "failures") == 2


def test_a_mail_that_the_reader_refuses_is_quarantined_at_once(bench: Bench) -> None:
    job_id = bench.add()
    bench.raising(ReadFailed("unreadable", died=False))

    bench.run(job_id)

    assert bench.get(job_id, "state") == "quarantined"
    assert bench.get(job_id, "reason") == "reader_unreadable"


def test_a_job_that_gives_up_is_quarantined_at_once(bench: Bench) -> None:
    job_id = bench.add()
    bench.raising(GiveUp("raw_missing"))

    bench.run(job_id)

    assert bench.get(job_id, "state") == "quarantined"
    assert bench.get(job_id, "reason") == "raw_missing"


def test_a_failed_job_lets_the_next_of_its_lane_run(bench: Bench) -> None:
    """P1: a poison item is tried apart from the others."""
    first, second = bench.add("1", lane="box"), bench.add("2", lane="box")
    bench.raising(KeyError())
    bench.queue.bells.clear()

    bench.runner.run(second)
    bench.runner.run(first)

    assert bench.runs == 1
    assert bench.queue.bells == [Bell("send", second)]


@pytest.mark.parametrize("kind", ["from_the_future", ""])
def test_scenario_52_a_kind_that_we_do_not_know_is_parked_and_not_run(
    bench: Bench, kind: str
) -> None:
    job_id = bench.add(kind=kind)

    bench.runner.run(job_id)

    assert bench.get(job_id, "state") == "ready"
    assert bench.get(job_id, "reason") == "unknown_kind"
    assert bench.get(job_id, "failures") == 0
    assert bench.runs == 0


def test_scenario_52_a_kind_that_nobody_ever_knows_is_a_dead_letter_in_the_end(
    bench: Bench,
) -> None:
    job_id = bench.add(kind="from_the_future")
    bench.runner.run(job_id)
    with bench.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update jobs set first_transient_ms = 1, run_at_ms = 0"
        )

    bench.runner.run(job_id)

    assert bench.get(job_id, "state") == "quarantined"
    assert bench.get(job_id, "reason") == "unknown_kind"


# -- vanished -----------------------------------------------------------------------


def vanish(bench: Bench, job_id: int, times: int) -> None:
    """Let processes die with the job."""
    for _ in range(times):
        assert bench.store.jobs.take(job_id, lease_for=-MINUTE) is not None


def test_scenario_6_a_job_whose_worker_died_runs_again_and_costs_no_failure(
    bench: Bench,
) -> None:
    job_id = bench.add()
    vanish(bench, job_id, 1)

    bench.runner.run(job_id)

    assert bench.get(job_id, "state") == "done"
    assert bench.get(job_id, "attempts") == 2
    assert (bench.get(job_id, "vanished"), bench.get(job_id, "failures")) == (1, 0)


@pytest.mark.parametrize(
    ("deaths", "while_other_ran"),
    [
        pytest.param(4, ["other", "suspect"], id="4"),
        pytest.param(5, ["other"], id="5"),
    ],
)
def test_after_five_deaths_the_job_runs_alone(
    bench: Bench, deaths: int, while_other_ran: list[str]
) -> None:
    other, suspect = bench.add("other"), bench.add("suspect")
    vanish(bench, suspect, deaths)
    began, go_on = threading.Event(), threading.Event()
    seen: list[str] = []

    def step(job: Job) -> None:
        seen.append(job.ref)
        if job.ref == "other":
            began.set()
            assert go_on.wait(LATEST_S)
        bench.finish(job)

    bench.step = step
    first = in_thread(lambda: bench.runner.run(other))
    assert began.wait(LATEST_S)
    second = in_thread(lambda: bench.runner.run(suspect))
    second.join(SOON_S if while_other_ran == ["other"] else LATEST_S)
    seen_then = list(seen)
    go_on.set()
    first.join(LATEST_S)
    second.join(LATEST_S)

    assert seen_then == while_other_ran
    assert seen == ["other", "suspect"]
    assert bench.get(suspect, "state") == "done"


def test_nothing_else_starts_while_a_job_runs_alone(bench: Bench) -> None:
    suspect, other = bench.add("suspect"), bench.add("other")
    vanish(bench, suspect, 5)
    began, go_on = threading.Event(), threading.Event()
    seen: list[str] = []

    def step(job: Job) -> None:
        seen.append(job.ref)
        if job.ref == "suspect":
            began.set()
            assert go_on.wait(LATEST_S)
        bench.finish(job)

    bench.step = step
    first = in_thread(lambda: bench.runner.run(suspect))
    assert began.wait(LATEST_S)
    second = in_thread(lambda: bench.runner.run(other))
    second.join(SOON_S)
    while_alone = list(seen)
    go_on.set()
    first.join(LATEST_S)
    second.join(LATEST_S)

    assert while_alone == ["suspect"]
    assert seen == ["suspect", "other"]


def test_a_job_that_killed_its_worker_alone_too_is_quarantined_unrun(
    bench: Bench,
) -> None:
    job_id = bench.add()
    vanish(bench, job_id, 6)

    bench.runner.run(job_id)

    assert bench.runs == 0
    assert bench.get(job_id, "vanished") == 6
    assert bench.get(job_id, "state") == "quarantined"
    assert bench.get(job_id, "reason") == "kills_its_worker"


# -- fencing ------------------------------------------------------------------------


def test_scenario_11_a_worker_that_was_paused_too_long_writes_nothing(
    bench: Bench,
) -> None:
    """Another one has the job: effects, follow-ups and end are rolled back."""
    job_id = bench.add()

    def step(job: Job) -> None:
        with bench.store.transaction() as work:
            work.add_jobs(NewJob("send", "effect", "send"))
            work.raise_alert("effect", "1")
            work.finish(job)

    def paused(job: Job) -> None:
        bench.set(job.job_id, lease_until_ms=0)
        assert bench.store.jobs.take(job.job_id, lease_for=MINUTE) is not None
        step(job)

    bench.step = paused
    with capture_logs() as logs:
        bench.runner.run(job_id)

    assert bench.count() == 1
    assert bench.store.stats.counts().alerts_open == 0
    assert bench.get(job_id, "state") == "running"
    assert [one["event"] for one in logs] == ["lease_lost"]


@pytest.mark.parametrize(
    "error",
    [RetryLater("smtp_451"), KeyError(), GiveUp("raw_missing"), StaleClaim("1")],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_paused_worker_met_it_does_not_touch_the_others_job(
    bench: Bench, error: Exception
) -> None:
    job_id = bench.add()

    def paused(job: Job) -> None:
        bench.set(job.job_id, lease_until_ms=0)
        assert bench.store.jobs.take(job.job_id, lease_for=MINUTE) is not None
        raise error

    bench.step = paused
    bench.runner.run(job_id)

    assert bench.get(job_id, "state") == "running"
    assert (bench.get(job_id, "transients"), bench.get(job_id, "failures")) == (0, 0)
    assert bench.store.stats.counts().alerts_open == 0


def also(work: Work, job: Job, reason: str) -> None:
    """What else is true once the job failed or is a dead letter."""
    work.raise_alert(reason, f"mail:{job.ref}")


def test_what_follows_from_the_quarantine_is_in_its_transaction(bench: Bench) -> None:
    bench.runner = bench.another(on_quarantine=also)
    kept, lost = bench.add("kept"), bench.add("lost")

    def step(job: Job) -> None:
        if job.ref == "lost":
            bench.set(job.job_id, token="taken by another")
        raise GiveUp("raw_missing")

    bench.step = step
    bench.runner.run(kept)
    bench.runner.run(lost)

    with bench.store.database.read() as session:
        found = session.execute(sa.text("select code, ref from alerts order by id"))
        assert [tuple(row) for row in found] == [
            ("raw_missing", "mail:kept"),
            ("dead_letter", f"job:{kept}"),
        ]


def test_what_follows_from_a_failure_is_in_the_transaction_that_records_it(
    bench: Bench,
) -> None:
    bench.runner = bench.another(on_failure=also)
    job_id = bench.add("7")
    bench.raising(KeyError())

    bench.run(job_id)

    assert bench.get(job_id, "failures") == 1
    assert bench.store.stats.counts().alerts_open == 1


# -- the lease of a long job --------------------------------------------------------


@pytest.fixture
def kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A runner whose leases last 2 s and are renewed every 10 ms."""
    for module in (holding, runner_module):
        monkeypatch.setattr(module, "LEASE_FOR", timedelta(seconds=2))
    monkeypatch.setattr(holding, "RENEW_EVERY", timedelta(milliseconds=10))
    bench.runner.leases.start()
    yield bench
    bench.runner.leases.stop()


def wait_until(condition: Callable[[], bool]) -> bool:
    """Return whether it comes true within ten seconds."""
    pause = threading.Event()
    for _ in range(int(LATEST_S / 0.01)):
        if condition():
            return True
        pause.wait(0.01)
    return False


def test_the_lease_of_a_running_job_is_renewed_and_that_of_a_done_one_is_not(
    kept: Bench,
) -> None:
    job_id = kept.add()
    renewed = []

    def long_step(job: Job) -> None:
        first = kept.number(job_id, "lease_until_ms")
        renewed.append(
            wait_until(lambda: kept.number(job_id, "lease_until_ms") > first + 50)
        )
        kept.finish(job)

    kept.step = long_step
    kept.runner.run(job_id)
    at_end = kept.number(job_id, "lease_until_ms")
    threading.Event().wait(SOON_S)

    assert renewed == [True]
    assert kept.get(job_id, "state") == "done"
    assert kept.number(job_id, "lease_until_ms") == at_end


def test_the_lease_of_a_job_that_waits_for_its_turn_is_renewed_too(
    kept: Bench,
) -> None:
    """Otherwise waiting would count as dying, six times until the quarantine."""
    suspect, other = kept.add("suspect"), kept.add("other")
    vanish(kept, suspect, 5)
    began, go_on = threading.Event(), threading.Event()

    def step(job: Job) -> None:
        if job.ref == "suspect":
            began.set()
            assert go_on.wait(LATEST_S)
        kept.finish(job)

    kept.step = step
    first = in_thread(lambda: kept.runner.run(suspect))
    assert began.wait(LATEST_S)
    second = in_thread(lambda: kept.runner.run(other))
    assert wait_until(lambda: kept.get(other, "state") == "running")
    taken_until = kept.number(other, "lease_until_ms")
    is_renewed = wait_until(
        lambda: kept.number(other, "lease_until_ms") > taken_until + 50
    )
    go_on.set()
    first.join(LATEST_S)
    second.join(LATEST_S)

    assert is_renewed
    assert kept.get(other, "vanished") == 0
    assert kept.get(other, "state") == "done"


def test_who_keeps_leases_outlives_a_lost_one_and_an_outage(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "RENEW_EVERY", timedelta(milliseconds=5))
    bench.add()
    job = bench.store.jobs.take(1, lease_for=MINUTE)
    assert job is not None
    troubles = iter(
        [LeaseLost("job 1"), RetryLater("database_locked"), ZeroDivisionError()]
    )
    renewed = threading.Event()

    def renew(_job: Job, *, lease_for: timedelta) -> None:
        assert lease_for
        error = next(troubles, None)
        if error is not None:
            raise error
        renewed.set()

    monkeypatch.setattr(bench.store.jobs, "renew", renew)
    keeper = LeaseKeeper(bench.store)
    with keeper.keep(job):
        keeper.start()
        came_back = renewed.wait(LATEST_S)
    keeper.stop()

    assert came_back


# -- the gate -----------------------------------------------------------------------


def test_a_job_that_must_run_alone_is_not_passed_for_ever() -> None:
    """Others that come later wait behind it, or a busy worker would never run it."""
    gate, seen = Gate(), list[str]()
    inside, go_on = threading.Event(), threading.Event()

    def enter(name: str, *, alone: bool = False) -> None:
        with gate.enter(alone=alone):
            seen.append(name)
            if name == "first":
                inside.set()
                assert go_on.wait(LATEST_S)

    threads = [in_thread(lambda: enter("first"))]
    assert inside.wait(LATEST_S)
    threads.append(in_thread(lambda: enter("alone", alone=True)))
    threads[-1].join(SOON_S)
    threads.append(in_thread(lambda: enter("later")))
    threads[-1].join(SOON_S)
    while_first_ran = list(seen)
    go_on.set()
    for thread in threads:
        thread.join(LATEST_S)

    assert while_first_ran == ["first"]
    assert seen == ["first", "alone", "later"]


def test_a_job_that_raises_leaves_the_gate() -> None:
    gate = Gate()

    def fail(*, alone: bool) -> None:
        with gate.enter(alone=alone):
            raise KeyError

    for alone in (False, True):
        with pytest.raises(KeyError):
            fail(alone=alone)

    with gate.enter(alone=True):
        pass


def test_after_the_commit_nothing_makes_a_done_job_look_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lane's next job is only rung; the sweep rings it when that fails."""

    asked: list[Collection[str]] = []

    def next_in_lanes(lanes: Collection[str]) -> list[Bell]:
        asked.append(lanes)
        raise RetryLater("database_unreachable")

    job_id = bench.add(lane="box")
    monkeypatch.setattr(bench.store.jobs, "next_in_lanes", next_in_lanes)
    # As on PostgreSQL, which alone looks for it after the commit.
    monkeypatch.setattr(bench.store.database, "has_one_writer", False)

    with capture_logs() as logs:
        bench.runner.run(job_id)

    assert bench.get(job_id, "state") == "done"
    assert asked
    assert "job_deferred" not in [one["event"] for one in logs]
