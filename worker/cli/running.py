"""Commands that run parts of the program."""

import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from worker import log as logs
from worker.actors import KINDS, QUEUES, UNDERSTAND, jobs_of_new_mail
from worker.adapters import migrations
from worker.adapters.queue import QueueWorker
from worker.bootstrap import Parts
from worker.cli.console import out
from worker.demo import run_demo
from worker.domain.errors import UsageError
from worker.ingest import SweepLimits
from worker.poll import Poller
from worker.runner import Runner
from worker.schedule import Scheduler
from worker.serve import Supervisor, one_line, stop_on_signals
from worker.settings import Settings

app = typer.Typer()
log = structlog.get_logger()

STOP_WITHIN_MS = 15_000
THREADS = 2
"""Threads of the validating and the sending queue; reading has `CLAIMS_READERS`."""


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
    """Run poller, workers and scheduler in one supervised process group."""
    logs.configure(stream=sys.stderr if until_idle else sys.stdout)
    settings = Settings.from_env()
    settings.need("mailbox_url", "smtp_url")
    supervisor = Supervisor(Parts(settings, role="serve"))
    stop = stop_on_signals()
    if until_idle:
        sys.stdout.write(one_line(supervisor.run_until_idle(stop)) + "\n")
    else:
        supervisor.run(stop)


@app.command(epilog="Example: `CLAIMS_MAILBOX_URL=imaps://... claims poll`")
def poll() -> None:
    """Read the mailbox: store every mail and write its jobs."""
    parts = _parts("poll", "mailbox_url")
    ledger = parts.store.ledger(
        jobs_for=jobs_of_new_mail, go_live_at=parts.settings.go_live
    )
    stop = stop_on_signals()
    poller = Poller(
        open_mailbox=parts.open_mailbox,
        raw=parts.raw,
        ledger=ledger,
        clock=parts.clock,
        name=parts.mailbox_name,
        owner=parts.owner,
        limits=SweepLimits(most_bytes=parts.settings.max_mail_mb * 1024 * 1024),
    )
    poller.run(stop)


@app.command(epilog="Example: `claims work`")
def work() -> None:
    """Run jobs: read, understand, validate and send."""
    parts = _parts("work", "smtp_url")
    runner = Runner(parts, KINDS)
    stop = stop_on_signals()
    runner.leases.start()
    workers = [
        QueueWorker(
            parts.redis_url,
            queue=queue,
            threads=parts.settings.readers + 1 if queue == UNDERSTAND else THREADS,
            run_job=runner.run,
        )
        for queue in QUEUES
    ]
    for worker in workers:
        worker.start()
    log.info("worker_started", owner=parts.owner)
    stop.wait()
    for worker in workers:
        worker.stop(timeout_ms=STOP_WITHIN_MS)
    runner.leases.stop()
    parts.reader.close()


@app.command(epilog="Example: `claims schedule`")
def schedule() -> None:
    """Ring due jobs, fire deadlines, end the leases of dead processes."""
    parts = _parts("schedule")
    stop = stop_on_signals()
    Scheduler(parts).run(stop)


@app.command(epilog="Example: `claims migrate`")
def migrate() -> None:
    """Bring the database to the newest schema; safe to run again."""
    parts = Parts(Settings.from_env(), with_redis=False)
    before = migrations.current(parts.database_url)
    migrations.upgrade(parts.database_url)
    after = migrations.current(parts.database_url)
    words = f"is at {after}" if before == after else f"went from {before} to {after}"
    out.print(f"The database {words}.")


def _parts(role: str, *needed: str) -> Parts:
    """Return the parts of a long-running process on a migrated database."""
    logs.configure()
    settings = Settings.from_env()
    settings.need(*needed)
    parts = Parts(settings, role=role)
    if migrations.current(parts.database_url) != migrations.latest():
        raise UsageError(
            "the database is not at the newest schema: run `claims migrate`"
        )
    parts.announce()
    return parts
