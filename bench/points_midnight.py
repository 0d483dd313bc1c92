"""The midnight of `bench points`: all lots of many accounts end at once.

A process of its own sweeps as fast as it can, as no scheduler does, while the shop
redeems for the other members.
"""

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from worker.adapters.clock import StillClock
from worker.adapters.store.engine import Database, make_engine
from worker.adapters.store.points_ledger import PointsLedger
from worker.domain.policy import Policy

WARMING_UP = 20
"""Redemptions that are not counted."""


@dataclass(frozen=True, slots=True)
class Swept:
    """A sweep until nothing was left to do; times in seconds."""

    accounts: int
    took_s: float
    longest_s: float
    """Of one call, which is one writing transaction and what it reads before."""


def let_end(url: str, accounts: int, midnight: datetime) -> None:
    """Let what the first accounts hold end at one midnight."""
    engine = make_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(
            sa.text(
                "update points_lots set expires_at = :at"
                " where account_id <= :last and left_over > 0"
            ),
            {"at": midnight, "last": accounts},
        )
        connection.execute(sa.text("vacuum analyze points_lots"))
        connection.execute(sa.text("checkpoint"))
    engine.dispose()


def sweep_all(url: str, now: datetime) -> Swept:
    """Sweep until nothing is left."""
    engine = make_engine(url)
    ledger = PointsLedger(Database(engine), clock=StillClock(now), policy=Policy())
    accounts, longest, began = 0, 0.0, time.perf_counter()
    while True:
        before = time.perf_counter()
        swept = ledger.sweep()
        longest = max(longest, time.perf_counter() - before)
        if not swept:
            break
        accounts += swept
    engine.dispose()
    return Swept(accounts, time.perf_counter() - began, longest)


def beside_a_sweep(
    url: str, accounts: int, clock: StillClock, pay: Callable[[int], object]
) -> list[float]:
    """Sweep at the next midnight but some, redeem meanwhile; return what that took.

    Args:
        url: the filled database.
        accounts: how many of the first ones have all their lots end.
        clock: is moved to that midnight.
        pay: redeems once, for a member whose points have not ended.

    Returns:
        Milliseconds of each redemption while the sweep ran.
    """
    midnight = clock.at.replace(hour=0, minute=0) + timedelta(days=1)
    let_end(url, accounts, midnight)
    clock.at = midnight
    for number in range(WARMING_UP):
        pay(-1 - number)
    took: list[float] = []
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawning) as pool:
        sweeping = pool.submit(sweep_all, url, midnight)
        while not sweeping.done():
            began = time.perf_counter()
            pay(len(took))
            took.append((time.perf_counter() - began) * 1000)
        swept = sweeping.result()
    print(
        f"all lots of {accounts:,} accounts end at one midnight: {swept.accounts:,}"
        f" accounts swept in {swept.took_s:,.1f} s, {len(took):,} redemptions"
        f" meanwhile; the longest transaction {swept.longest_s * 1000:.1f} ms"
    )
    return took
