"""Scenarios with other names, numbers, shops, dates, prices and file names.

SCENARIOS holds `mails/NAME/*.eml` with `expected.json` each, one `orders.csv`, and the
`check.py` that compares them with `claims inspect`. Each seed makes one variant of it,
in which every order number, member id, name, address, domain, shop, tracking number,
amount and date is exchanged, the same way everywhere, also in PDF, HTML, office files,
zips and attached mails; each file name is exchanged for one that says the same, often
in another language. The dates of all move by the same days. Pictures stay as they are:
text in a picture, in a scan, or in a locked file cannot be exchanged.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.rig import show, show_end
from bench.variant import mails
from bench.variant.exchange import Exchange

EXAMPLES = """\
examples:
  python -m bench variants --scenarios DIR
  python -m bench variants --scenarios DIR --seeds 1 2 3 --keep FOLDER
"""
AGREE = re.compile(r"(\d+) of (\d+) scenarios agree")


def main(arguments: list[str] | None = None) -> int:
    """Make the variants and check them; return 0 when all agree."""
    parser = argparse.ArgumentParser(
        prog="python -m bench variants",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--scenarios", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument(
        "--claims",
        default=f"{sys.executable} -m worker",
        help="the command that inspects (default: this project's)",
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where variants stay")
    parser.add_argument("names", nargs="*", help="scenarios; none means all")
    args = parser.parse_args(arguments)
    if not (args.scenarios / "orders.csv").is_file():
        print(f"{args.scenarios} holds no orders.csv", file=sys.stderr)
        return 2
    print(f"{'seed':>6}  agree")
    has_failed = False
    with tempfile.TemporaryDirectory(prefix="variants-") as private:
        for seed in args.seeds:
            folder = (args.keep or Path(private)) / f"seed-{seed}"
            show(f"seed {seed}: making")
            make_variant(args.scenarios, folder, seed)
            show(f"seed {seed}: checking")
            agree, total, faults = check(args.scenarios, folder, args)
            show_end()
            print(f"{seed:>6}  {agree} of {total}", flush=True)
            for fault in faults:
                print(f"        {fault}", flush=True)
            has_failed |= agree != total or not total
    return int(has_failed)


def make_variant(scenarios: Path, folder: Path, seed: int) -> Exchange:
    """Write a variant of all scenarios into a folder; return what was exchanged."""
    orders = (scenarios / "orders.csv").read_text(encoding="utf-8")
    exchange = Exchange(seed, orders)
    for file in sorted((scenarios / "mails").glob("*/*.eml")):
        for words in mails.texts(file.read_bytes()):
            exchange.learn(words)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orders.csv").write_text(exchange.csv(orders), encoding="utf-8")
    shutil.copy(scenarios / "check.py", folder)
    for place in sorted((scenarios / "mails").iterdir()):
        target = folder / "mails" / place.name
        target.mkdir(parents=True, exist_ok=True)
        for file in sorted(place.iterdir()):
            if file.suffix == ".eml":
                made = mails.rewritten(file.read_bytes(), exchange)
                (target / file.name).write_bytes(made)
            else:
                words = exchange.expectation(file.read_text(encoding="utf-8"))
                (target / file.name).write_text(words, encoding="utf-8")
    return exchange


def check(
    scenarios: Path, folder: Path, args: argparse.Namespace
) -> tuple[int, int, list[str]]:
    """Run check.py over a variant; return agreeing scenarios, all, and the faults."""
    project = str(Path(__file__).parents[1])
    path = os.pathsep.join(filter(None, [project, os.environ.get("PYTHONPATH")]))
    words = ["--claims", args.claims, "--root", str(folder), *args.names]
    done = subprocess.run(  # noqa: S603 - the checker that was named
        [sys.executable, str(scenarios / "check.py"), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    found = next((m for line in lines if (m := AGREE.fullmatch(line))), None)
    faults = [line for line in lines if not AGREE.fullmatch(line)]
    if found is None:
        return 0, 0, faults[-5:]
    return int(found[1]), int(found[2]), faults


if __name__ == "__main__":
    sys.exit(main())
