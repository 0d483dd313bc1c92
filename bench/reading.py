"""How well mails are read: right, wrong but harmless, or harmful, for each answer.

Runs the labelled set (tests/fixtures/mail) through the worker's own inspection.
Harmless is what asks a person or is mended later; harmful is what asks a member for
what was there, accepts what was not, answers a machine, tells a stranger, or loses a
claim.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

from bench.rig import show, show_end
from tests.fixtures.mail import SEED, Half, by_hand, make
from tests.fixtures.mail.label import Case, Score
from tests.reading import ROWS, Judged, read
from worker import log as logs

WANTED_SHARE = 0.97
"""Right answers of all, on mails not used while building. Source: issue "Reading mail
as members really write it"."""
EXAMPLES = """\
examples:
  python -m bench reading --misses
  python -m bench reading --held-out --seed 11
  python -m bench reading --only away --misses
  python -m bench reading --write FOLDER --only inline-forward
"""


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return 0 if nothing does harm and enough is right."""
    parser = argparse.ArgumentParser(
        prog="python -m bench reading",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--held-out", action="store_true", help="the other half")
    parser.add_argument("--fresh", action="store_true", help="the fresh set")
    parser.add_argument("--seed", type=int, default=SEED, help="pairs the parts anew")
    parser.add_argument("--misses", action="store_true", help="list every wrong answer")
    parser.add_argument("--only", metavar="WORD", help="cases whose name has this word")
    parser.add_argument("--write", type=Path, metavar="DIR", help="the mails as files")
    args = parser.parse_args(arguments)
    half = _half(args)
    hand = by_hand() if half is Half.BUILDING else ()
    cases = [
        case
        for case in (*make(half, args.seed), *hand)
        if args.only is None or args.only in case.name
    ]
    if not cases:
        print(f"no case has {args.only} in its name", file=sys.stderr)
        return 2
    if args.write is not None:
        return _write(cases, args.write)
    logs.configure(stream=sys.stderr, level="error")
    mails = sum(len(case.mails) for case in cases)
    judged = list(read(cases, progress=lambda n: show(f"{n} of {mails} mails")))
    show_end()
    if args.misses:
        print_misses(judged)
    print(f"{half} set, seed {args.seed}: {len(cases)} cases, {mails} mails")
    return print_table(judged)


def _half(args: argparse.Namespace) -> Half:
    if args.fresh:
        return Half.FRESH
    return Half.HELD_OUT if args.held_out else Half.BUILDING


def print_table(judged: list[Judged]) -> int:
    """Print the counts of each row; return 0 if they are good enough."""
    counts = Counter((one.row, one.score) for one in judged)
    print(f"{'':10}" + "".join(f"{score:>10}" for score in Score))
    for row in ROWS:
        print(f"{row:10}" + "".join(f"{counts[row, score]:>10}" for score in Score))
    totals = Counter(one.score for one in judged)
    print(f"{'all':10}" + "".join(f"{totals[score]:>10}" for score in Score))
    share = totals[Score.RIGHT] / len(judged)
    print(f"{share:.1%} right, {totals[Score.HARMFUL]} harmful")
    return int(totals[Score.HARMFUL] > 0 or share < WANTED_SHARE)


def print_misses(judged: list[Judged]) -> None:
    """Print every wrong answer, the harmful ones first."""
    order = (Score.HARMFUL, Score.HARMLESS)
    wrong = [one for one in judged if one.score is not Score.RIGHT]
    for one in sorted(wrong, key=lambda one: (order.index(one.score), one.row)):
        where = f"{one.case.name} mail {one.mail}"
        print(f"{one.score:9}{one.row:8}{where}: {one.got}, not {one.wanted}")


def _write(cases: list[Case], folder: Path) -> int:
    """Write each case's mails into a folder of its own, to look at."""
    for case in cases:
        place = folder / case.name
        place.mkdir(parents=True, exist_ok=True)
        for number, mail in enumerate(case.mails, 1):
            (place / f"{number:02}.eml").write_bytes(mail.raw)
    print(f"{len(cases)} folders written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
