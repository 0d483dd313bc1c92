"""`python -m tests.chaos`: every scenario with its result; or random kills alone.

python -m tests.chaos                     # the table of scenarios
python -m tests.chaos 9 13 28             # some of them
python -m tests.chaos kills --mails 500 --kills 100 --database sqlite --seed 7
"""

import argparse
import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence

import pytest

from tests.chaos import kills
from tests.chaos.scenarios import SCENARIOS, node_ids

SCALED = "outages are shortened to some seconds: 60 s by 4 to 6, an hour by 300"
ENDED_WELL = {"passed", "skipped"}


class Results:
    """A plugin of pytest: what became of each test, and what the tests said."""

    def __init__(self) -> None:
        self.outcomes: dict[str, list[str]] = defaultdict(list)
        self.said: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test ended; a failed fixture counts as the test's failure."""
        if report.when == "call" or report.outcome != "passed":
            name = report.nodeid.partition("[")[0]
            self.outcomes[name].append(report.outcome)
            self.said += [str(v) for k, v in report.user_properties if k == "figures"]


def main(words: Sequence[str]) -> int:
    """Run what is asked for; return 0 when all holds."""
    if words and words[0] == "kills":
        return _kill(words[1:])
    numbers = [int(word) for word in words if word.isdigit()]
    options = [word for word in words if not word.isdigit()]
    return _run_scenarios(numbers or list(SCENARIOS), options)


def _run_scenarios(numbers: list[int], options: list[str]) -> int:
    tests = dict.fromkeys(
        node for number in numbers for node in node_ids(SCENARIOS[number])
    )
    results, began = Results(), time.monotonic()
    pytest.main(["-q", *options, *tests], plugins=[results])
    print(f"\n{SCALED}\n")
    failed = 0
    for number in numbers:
        scenario = SCENARIOS[number]
        ended = [
            outcome
            for node in node_ids(scenario)
            for outcome in results.outcomes.get(node, ["not run"])
        ]
        is_well = ended.count("passed") > 0 and set(ended) <= ENDED_WELL
        word = "-" if not ended else "ok" if is_well else "FAIL"
        failed += word == "FAIL"
        counts = f"{ended.count('passed')} of {len(ended)} tests" if ended else ""
        print(f"{number:3}  {word:4}  {scenario.what:60}  {counts}")
        if scenario.reason:
            print(f"           {scenario.reason}")
    for line in dict.fromkeys(results.said):
        print(f"\n{line}")
    print(f"\n{failed} failed, {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def _kill(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos kills")
    parser.add_argument("--mails", type=int, default=500, metavar="N")
    parser.add_argument("--kills", type=int, default=100, metavar="K")
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql"), default="sqlite"
    )
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311 - printed
    parser.add_argument("--serves", type=int, default=2, metavar="N")
    parser.add_argument("--every", type=float, default=kills.KILL_EVERY_S, metavar="S")
    args = parser.parse_args(words)
    plan = kills.Plan(
        mails=args.mails,
        kills=args.kills,
        database=args.database,
        seed=args.seed,
        serves=args.serves,
        every_s=args.every,
    )
    print(plan)
    with kills.a_site(plan) as site:
        outcome = kills.run(plan, site, say=kills.say_on_stderr)
        if outcome.faults:
            print(site.log_tail())
    print(outcome)
    for fault in outcome.faults:
        print(f"FAIL  {fault}")
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
