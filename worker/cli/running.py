"""Commands that run parts of the program.

Each loads what it needs when it is called, so that help comes at once. Under
`claims serve` the program is loaded once, before the parts are forked.
"""

# ruff: noqa: PLC0415

import contextlib
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.console import out
from worker.cli.starting import read_settings
from worker.domain.errors import RetryLater, UsageError

if TYPE_CHECKING:
    from worker.adapters.queue import QueueWorker
    from worker.bootstrap import Parts

app = typer.Typer()

STOP_WITHIN_MS = 15_000
THREADS = 2
"""Threads of each queue but the reading one, which has one more than readers, the
sending one, which has one for each connection, and those that have one."""
DATABASE_WITHIN_S = 30.0
"""A child of `serve` waits so long for its database before it ends."""
LOOK_EVERY_S = 20.0
"""News come by IDLE; this is for servers that have none, or forget to tell."""
Migrate = Annotated[
    bool,
    typer.Option("--migrate", help="Bring the database to the newest schema first."),
]


@app.command(epilog="Example: `claims demo --once`")
def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Process the samples, print them, and exit.")
    ] = False,
    data_dir: Annotated[
        Path | None, typer.Option(help="Keep the demo's data here instead of nowhere.")
    ] = None,
) -> None:
    """Show everything with sample mails, without any server to install."""
    from worker.demo import run_demo

    run_demo(once=once, data_dir=data_dir)


@app.command(epilog="Example: `claims serve --until-idle`")
def serve(
    *,
    until_idle: Annotated[
        bool,
        typer.Option(
            "--until-idle", help="Exit when all is drained; print JSON counts."
        ),
    ] = False,
) -> None:
    """Run poller, workers, scheduler and desk in one supervised process group."""
    from worker import log as logs
    from worker.adapters.clock import SystemClock
    from worker.children import Children, stop_on_signals
    from worker.cli import main
    from worker.settings import OFF

    logs.configure(stream=sys.stderr if until_idle else sys.stdout)
    settings = read_settings("mailbox_url", "smtp_url")
    stop = stop_on_signals()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, no end would be seen
    if settings.clock is not None and settings.clock_anchor is None:
        # A shifted clock begins at one instant for all children, also for later ones.
        os.environ["CLAIMS_CLOCK_ANCHOR"] = SystemClock().now().isoformat()
    _load_parts()
    has_desk = settings.desk_bind != OFF
    code = Children(main, until_idle=until_idle, has_desk=has_desk).run(stop)
    raise typer.Exit(code)


def _load_parts() -> None:
    """Load what the children need: at their start nothing takes longer."""
    import worker.actors
    import worker.adapters.migrations
    import worker.desk.running
    import worker.poll
    import worker.pulse
    import worker.runner
    import worker.schedule
    import worker.sent_watch
    import worker.serve  # noqa: F401

    gc.freeze()  # a child that looks through it would copy its pages


@app.command(hidden=True)
def idle(*, migrate: Migrate = False) -> None:
    """Wait until all is done and print the counts; a part of `serve --until-idle`."""
    from worker.serve import IdleWatch, one_line

    with _running("idle", "mailbox_url", migrate=migrate) as (parts, stop):
        sys.stdout.write(one_line(IdleWatch(parts).run(stop)) + "\n")


@app.command(epilog="Example: `CLAIMS_MAILBOX_URL=imaps://... claims poll`")
def poll(
    *,
    migrate: Migrate = False,
    every: Annotated[
        float, typer.Option(min=0.1, help="Look at least so often, in seconds.")
    ] = LOOK_EVERY_S,
) -> None:
    """Read the mailbox: store every mail and write its jobs."""
    from worker.actors import MOST_BY_KIND, jobs_of_new_mail
    from worker.ingest import SweepLimits
    from worker.poll import Poller

    with _running("poll", "mailbox_url", migrate=migrate) as (parts, stop):
        ledger = parts.store.ledger(
            jobs_for=jobs_of_new_mail,
            go_live_at=parts.settings.go_live,
            most_by_kind=MOST_BY_KIND,
        )
        poller = Poller(
            open_mailbox=parts.open_mailbox,
            raw=parts.raw,
            ledger=ledger,
            clock=parts.clock,
            name=parts.mailbox_name,
            owner=parts.owner,
            limits=SweepLimits(most_bytes=parts.settings.max_mail_mb * 1024 * 1024),
            longest_wait=timedelta(seconds=every),
        )
        poller.run(stop)


@app.command(epilog="Example: `claims work`")
def work(*, migrate: Migrate = False) -> None:
    """Run jobs: read, understand, validate and send."""
    import structlog

    from worker import log as logs
    from worker.actors import KINDS, QUEUES
    from worker.adapters.queue import Doorbell, QueueWorker
    from worker.runner import Runner

    with _running("work", "smtp_url", migrate=migrate) as (parts, stop):
        runner = Runner(parts, KINDS, at_once=parts.at_once)
        runner.leases.start()
        doorbell = Doorbell(parts.redis_url, QUEUES)
        doorbell.start()
        workers = [
            QueueWorker(
                parts.redis_url,
                queue=queue,
                threads=_threads(parts, queue),
                run_job=runner.run,
                bell=doorbell.of(queue),
            )
            for queue in QUEUES
        ]
        for worker in workers:
            worker.start()
        structlog.get_logger().info("worker_started", owner=parts.owner)
        stop.wait()
        logs.silence_libraries()  # Redis may end before its consumers
        _stop_all(workers)
        doorbell.stop()
        runner.leases.stop()
        parts.reader.close()
        if parts.scanner is not None:
            parts.scanner.close()


def _stop_all(workers: "Sequence[QueueWorker]") -> None:
    """Stop them beside each other: each waits for its consumer to look up."""
    with ThreadPoolExecutor(len(workers)) as pool:
        stopping = [
            pool.submit(worker.stop, timeout_ms=STOP_WITHIN_MS) for worker in workers
        ]
    for one in stopping:
        one.result()


def _threads(parts: "Parts", queue: str) -> int:
    from worker.actors import OCR, READ, SEND, UPKEEP

    numbers = {
        READ: parts.settings.readers + 1,
        SEND: parts.settings.smtp_connections,
        OCR: 1,
        UPKEEP: 1,
    }
    return numbers.get(queue, THREADS)


@app.command(epilog="Example: `claims schedule`")
def schedule(*, migrate: Migrate = False) -> None:
    """Ring due jobs, fire deadlines, end the leases of dead processes."""
    from worker.schedule import Scheduler
    from worker.sent_watch import SentWatch

    with _running("schedule", migrate=migrate) as (parts, stop):
        if parts.sent_folder is not None:
            watch = SentWatch(parts)
            threading.Thread(target=watch.run, args=(stop,), daemon=True).start()
        Scheduler(parts).run(stop)


@app.command(epilog="Example: `CLAIMS_DESK_BIND=127.0.0.1:9000 claims desk`")
def desk(*, migrate: Migrate = False) -> None:
    """Serve the web pages of staff and operators."""
    from worker.desk.running import DeskServer

    with _running("desk", migrate=migrate) as (parts, stop):
        server = DeskServer(parts)
        if not migrate:
            out.print(f"The desk is at {server.address}; Ctrl-C ends it.")
        server.run(stop)


@app.command(epilog="Example: `claims migrate`")
def migrate() -> None:
    """Bring the database to the newest schema; safe to run again."""
    from worker.adapters import migrations
    from worker.bootstrap import Parts

    parts = Parts(read_settings(), with_redis=False)
    before = migrations.current(parts.database_url)
    migrations.upgrade(parts.database_url)
    after = migrations.current(parts.database_url)
    if before == after:
        out.print(f"The database is at {after}.")
    elif before is None:
        out.print(f"The database was made, and is at {after}.")
    else:
        out.print(f"The database went from {before} to {after}.")


@contextlib.contextmanager
def _running(
    role: str, *needed: str, migrate: bool
) -> Iterator[tuple["Parts", threading.Event]]:
    """Give the parts of a long-running process on a migrated database, and its end.

    What processes of this machine held when they died is free from here on; what this
    one holds is free when it ends.
    """
    from worker import faults
    from worker import log as logs
    from worker.adapters import migrations
    from worker.bootstrap import Parts
    from worker.children import stop_on_signals
    from worker.pulse import Pulse
    from worker.schedule import Scheduler

    # The stdout of `idle` is for its one line of counts.
    logs.configure(stream=sys.stderr if role == "idle" else None)
    # Of what `serve` starts, it has said itself what is unknown.
    settings = read_settings(*needed, is_quiet=migrate)
    # `idle` ends before the others: a Redis that it owned would end under them.
    parts = Parts(settings, role=role, with_redis=role != "idle")
    if migrate:
        _wait_for_database(parts)
    elif migrations.is_behind(parts.database_url):
        raise UsageError(
            "the database is not at the newest schema: run `claims migrate`"
        )
    faults.arm(parts.settings.fault, parts.data_dir / "faults")
    parts.announce()
    Scheduler(parts).bury_the_dead()
    pulse = Pulse(parts)
    pulse.start()
    gc.freeze()  # what was loaded stays: looking through it stops all for 0.1 s
    try:
        yield parts, stop_on_signals()
    finally:
        pulse.stop()
        with contextlib.suppress(RetryLater):
            parts.store.processes.bury(parts.owner)


def _wait_for_database(parts: "Parts") -> None:
    """Bring the database to the newest schema as soon as it can be reached."""
    from worker.adapters import migrations

    until = time.monotonic() + DATABASE_WITHIN_S
    while True:
        try:
            migrations.upgrade(parts.database_url)
        except RetryLater:
            if time.monotonic() > until:
                raise
            threading.Event().wait(0.5)
        else:
            return
