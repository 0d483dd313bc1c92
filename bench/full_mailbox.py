"""A full mailbox, calm, under `kill -9`, or on PostgreSQL with several processes.

1,000 made mails (order directory for two thirds of the claims), 50 follow-ups and 300
mails from the wild. Afterwards every mail must have one fate, every e-mail that is
marked sent be at the sink once and nothing else, no job be left, and a second run
change nothing. With --compare the same must come out as of a calm run on SQLite.
"""

import argparse
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import record
from bench.fleet import Fleet, Parts, Serve
from bench.mailbox import GO_LIVE, HOUSE, Load, make_load
from bench.rig import (
    CheckFailed,
    Installation,
    Servers,
    installation,
    pause,
    servers,
    show,
    show_end,
)
from tests.services import SmtpSink

MADE, WILD, AGAIN = 1000, 300, 50
USER = "full"
TIMEOUT_S = 3600.0
KILL_EVERY_S = 1.0
FLUSH_AT = (0.25, 0.6)
"""Redis forgets everything when so many of the mails are settled."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to work on the mailbox."""

    name: str
    start: Callable[[Installation], Fleet]
    on_postgres: bool = False
    kills: bool = False


@dataclass(slots=True)
class Nemesis:
    """Kills a random process of a fleet every second, and empties Redis twice."""

    chance: random.Random
    rig: Servers
    kills: Counter[str] = field(default_factory=Counter)
    flushes: list[float] = field(default_factory=lambda: list(FLUSH_AT))

    def strike(self, fleet: Fleet, done: float) -> None:
        """Kill one process; flush Redis where that is due."""
        if self.flushes and done >= self.flushes[0]:
            self.flushes.pop(0)
            self.rig.redis.flushall()
        role = fleet.kill_one(self.chance)
        if role is not None:
            self.kills[role] += 1


def main(arguments: list[str] | None = None) -> int:
    """Run the chosen mode, after a calm one with --compare; return 0 when all holds."""
    args = _arguments(arguments)
    mode = _mode(args)
    calm = Mode("calm", Serve)
    modes = [calm, mode] if args.compare and mode.name != "calm" else [mode]
    is_fine = True
    outcomes: list[record.Outcome] = []
    with (
        tempfile.TemporaryDirectory(prefix="claims-load-") as folder,
        servers(with_postgres=any(one.on_postgres for one in modes)) as rig,
    ):
        show("making the mails")
        load = make_load(
            Path(folder),
            corpus=args.corpus,
            made=args.made,
            wild=args.wild,
            again=args.again,
        )
        rig.dovecot.append_many(USER, [(mail.raw, mail.at) for mail in load.mails])
        for one in modes:
            seed = args.seed if args.seed is not None else secrets.randbelow(10**6)
            fine, outcome = run(rig, load, one, seed=seed)
            is_fine = is_fine and fine
            outcomes.append(outcome)
        if len(outcomes) > 1:
            differences = outcomes[0].differences(outcomes[1])
            title = f"{mode.name}: the same rows and e-mails as calm"
            is_fine = record.report(title, differences) and is_fine
    return 0 if is_fine else 1


def run(
    rig: Servers, load: Load, mode: Mode, *, seed: int
) -> tuple[bool, record.Outcome]:
    """Work on the mailbox once; print the checks; return whether all hold."""
    total = len(rig.dovecot.flags(USER))
    with (
        SmtpSink() as sink,
        installation(
            rig,
            sink,
            user=USER,
            house=HOUSE,
            go_live=GO_LIVE,
            clock=load.clock,
            on_postgres=mode.on_postgres,
        ) as system,
    ):
        system.run("migrate")
        system.run("orders", "import", str(load.orders.resolve()))
        url = system.database_url
        nemesis = Nemesis(random.Random(seed), rig) if mode.kills else None  # noqa: S311 - repeatable
        faults: list[str] = []
        began = time.monotonic()
        try:
            work(system, mode.start(system), nemesis, total)
        except CheckFailed as failure:
            faults = [str(failure)]
        seconds = time.monotonic() - began
        show_end()
        _print_facts(url, mode, total, seconds)
        if nemesis is not None:
            print(f"      seed {seed}, killed: {dict(nemesis.kills)}")
        mails = sink.mails()
        sent = record.check_sink(url, mails, may_repeat=mode.kills)
        checks = [
            record.report(f"{mode.name}: ran to its end", faults),
            record.report(
                f"{mode.name}: {total} mails, each with one fate, no job left",
                record.check_counts(url, total),
            ),
            record.report(
                f"{mode.name}: {len(mails)} e-mails at the sink, each sent row once",
                sent,
            ),
        ]
        left = system.left_behind()
        checks.append(record.report(f"{mode.name}: no process is left behind", left))
        if not faults:
            before = record.snapshot(url)
            system.serve_until_idle()
            changed = record.changes(before, record.snapshot(url))
            if more := len(sink.mails()) - len(mails):
                changed.append(f"{more} more e-mails at the sink")
            checks.append(
                record.report(f"{mode.name}: a second run changes nothing", changed)
            )
        return all(checks), record.outcome(url)


def work(
    system: Installation, fleet: Fleet, nemesis: Nemesis | None, total: int
) -> None:
    """Let a fleet work until it is done.

    Raises:
        CheckFailed: a process ended as it should not, or it takes too long.
    """
    began = struck = time.monotonic()
    with fleet:
        while not fleet.is_done(total):
            settled = record.one(
                system.database_url, "select count(*) from mails where fate is not null"
            )
            now = time.monotonic()
            show(f"{settled} of {total} mails settled, {now - began:.0f} s")
            if nemesis is not None and now - struck >= KILL_EVERY_S:
                struck = now
                nemesis.strike(fleet, settled / total)
            if now - began > TIMEOUT_S:
                raise CheckFailed(f"not idle after {TIMEOUT_S:.0f} s")
            pause(0.25)


def _print_facts(url: str, mode: Mode, total: int, seconds: float) -> None:
    rate = total / seconds
    print(f"{mode.name}: {total} mails in {seconds:.1f} s, {rate:.1f} mails/s")
    for title, query in (
        ("fates", "select fate as what, count(*) as n from mails group by fate"),
        ("claims", "select state as what, count(*) as n from claims group by state"),
        ("e-mails", "select status as what, count(*) as n from emails group by status"),
    ):
        counts = {str(row["what"]): row["n"] for row in record.rows(url, query)}
        print(f"      {title}: {dict(sorted(counts.items()))}")
    for line in record.parked(url):
        print(f"      parked {line}")


def _mode(args: argparse.Namespace) -> Mode:
    words = [word for word in ("kill", "postgres") if getattr(args, word)]
    if not args.postgres:
        return Mode(" ".join(words) or "calm", Serve, kills=args.kill)
    roles: Sequence[str] = (
        *("poll" for _ in range(args.pollers)),
        *("work" for _ in range(args.workers)),
        "schedule",
    )
    return Mode(
        " ".join(words),
        lambda system: Parts(system, roles),
        on_postgres=True,
        kills=args.kill,
    )


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.full_mailbox",
        description=__doc__,
        epilog="Example: python -m bench.full_mailbox --corpus DIR --kill --compare",
    )
    add = parser.add_argument
    add("--corpus", type=Path, metavar="DIR", help="*.eml from the wild, in any depth")
    add("--calm", action="store_true", help="`serve --until-idle`; the default")
    add("--kill", action="store_true", help="kill -9 a process every second")
    add("--postgres", action="store_true", help="separate processes on PostgreSQL")
    add("--pollers", type=int, default=2, metavar="N")
    add("--workers", type=int, default=2, metavar="N")
    add("--compare", action="store_true", help="with a calm run before")
    add("--seed", type=int, help="of the kills; printed")
    add("--made", type=int, default=MADE, metavar="N", help="made mails")
    add("--wild", type=int, default=WILD, metavar="N", help="mails of the corpus")
    add("--again", type=int, default=AGAIN, metavar="N", help="follow-ups")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
