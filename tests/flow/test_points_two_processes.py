"""Two processes that redeem one balance, a thousand times each, never overspend it."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.ledgers import MEI, Ledgers, some_ledgers

TIMES = 1000
EACH = 7
GIVEN = 9000
"""Not enough for both: 2,000 times 7 would be 14,000."""
PROGRAM = """
import sys
from tests.ledgers import MEI, bought, some_ledgers
from worker.domain.points import NotEnoughPoints

url, name, times, each = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
paid = refused = 0
with some_ledgers(url) as ledgers:
    ledger = ledgers.under()
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(times):
        try:
            order = bought(10_000, f"{name}-{number}")
            ledger.redeem(MEI, f"{name}-{number}", order, each)
            paid += 1
        except NotEnoughPoints:
            refused += 1
print(paid, refused)
"""
pytestmark = pytest.mark.slow


@pytest.fixture
def ledgers(database_url: str) -> Iterator[Ledgers]:
    with some_ledgers(database_url) as made:
        yield made


@pytest.mark.timeout(300)
def test_two_processes_never_overspend_a_balance(
    ledgers: Ledgers, database_url: str
) -> None:
    ledgers.give(GIVEN)
    words = [str(TIMES), str(EACH)]
    started = [
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", PROGRAM, database_url, name, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=280)[0].split() for process in started]

    paid = [int(found) for found, _ in told]
    assert all(int(one) + int(other) == TIMES for one, other in told)
    assert sum(paid) == GIVEN // EACH
    assert min(paid) > 0
    assert ledgers.under().balance(MEI) == GIVEN % EACH
    ledgers.check()
