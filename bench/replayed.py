"""`claims replay --diff` against the truth: the same mails under both policies.

Each scenario runs live twice, once under the default policy and once under the changed
one. The claims whose stored proposal differs are what the replay of the first run has
to list, no more and no less. SCENARIOS is a folder as in live_scenarios.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from bench import record
from bench.live_scenarios import (
    CLOCK_AFTER,
    GO_LIVE_BEFORE,
    HOUSE,
    topmost_received,
)
from bench.rig import Installation, Servers, installation, servers, show, show_end
from tests.services import SmtpSink

Totals = dict[str, tuple[str | None, ...]]
"""By claim, the amounts of its newest proposal: the total and its alternatives."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One scenario: which claims truly change, and which the replay lists."""

    name: str
    claims: int
    changed: set[str]
    listed: set[str]


def main(arguments: list[str] | None = None) -> int:
    """Play the scenarios; return 0 when the replay lists exactly what changes."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.replayed",
        description=__doc__,
        epilog="Example: python -m bench.replayed --scenarios DIR --policy lower.toml",
    )
    parser.add_argument("--scenarios", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help='default: one with damage_cap_mode = "lower"',
    )
    parser.add_argument("names", nargs="*", help="beginnings of names; none means all")
    args = parser.parse_args(arguments)
    results = []
    with servers(with_postgres=False) as rig, SmtpSink() as sink:
        policy = args.policy
        if policy is None:
            policy = rig.dovecot.directory / "lower.toml"
            policy.write_text('damage_cap_mode = "lower"\n', encoding="utf-8")
        for folder in sorted((args.scenarios / "mails").iterdir()):
            if not args.names or folder.name.startswith(tuple(args.names)):
                show(folder.name)
                orders = args.scenarios / "orders.csv"
                results.append(compare(rig, sink, folder, orders, policy.resolve()))
    show_end()
    return report(results)


def compare(
    rig: Servers, sink: SmtpSink, folder: Path, orders: Path, policy: Path
) -> Compared:
    """Run one scenario under both policies, and replay the first."""
    before, listed = played(rig, sink, folder, orders, {}, replay_under=policy)
    after, _ = played(rig, sink, folder, orders, {"CLAIMS_POLICY": str(policy)})
    changed = {ref for ref in before if before[ref] != after.get(ref)}
    return Compared(folder.name, len(before), changed, listed)


def played(
    rig: Servers,
    sink: SmtpSink,
    folder: Path,
    orders: Path,
    settings: dict[str, str],
    *,
    replay_under: Path | None = None,
) -> tuple[Totals, set[str]]:
    """Return the proposals of a live run, and the claims that its replay lists."""
    raws = [file.read_bytes() for file in sorted(folder.glob("*.eml"))]
    received = [topmost_received(raw) for raw in raws]
    rig.dovecot.append_many(folder.name, list(zip(raws, received, strict=True)))
    with installation(
        rig,
        sink,
        user=folder.name,
        house=HOUSE | settings,
        go_live=min(received) - GO_LIVE_BEFORE,
        clock=max(received) + CLOCK_AFTER,
    ) as system:
        system.run("migrate")
        system.run("orders", "import", str(orders.resolve()))
        system.serve_until_idle(timeout=120)
        totals = proposals(system)
        listed = set() if replay_under is None else replayed(system, replay_under)
    rig.dovecot.drop(folder.name)
    return totals, listed


def proposals(system: Installation) -> Totals:
    """Return the amounts that are stored with the newest assessment of each claim."""
    rows = record.rows(
        system.database_url,
        "select claim_id, body from assessments order by claim_id, id",
    )
    newest = {row["claim_id"]: json.loads(row["body"])["proposal"] for row in rows}
    return {f"CLM-{number:06d}": _amounts(one) for number, one in newest.items()}


def replayed(system: Installation, policy: Path) -> set[str]:
    """Return the claims that `claims replay --diff --policy` lists."""
    process = system.start(
        "replay", "--diff", "--json", "--policy", str(policy), stdout=-1
    )
    output, _ = process.communicate(timeout=120)
    return {one["claim"] for one in json.loads(output)["differences"]}


def report(results: list[Compared]) -> int:
    """Print what was found; return 0 when all agree and something changed."""
    for one in results:
        mark = "ok" if one.changed == one.listed else "FAIL"
        names = ", ".join(sorted(one.changed)) or "-"
        more = "" if mark == "ok" else f"; the replay lists {sorted(one.listed)}"
        print(f"{mark:5}{one.name:32} {one.claims} claims, changed: {names}{more}")
    agree = sum(one.changed == one.listed for one in results)
    changed = sum(len(one.changed) for one in results)
    claims = sum(one.claims for one in results)
    print(
        f"{agree} of {len(results)} scenarios agree;"
        f" {changed} of {claims} proposals change"
    )
    return int(agree != len(results) or not changed)


def _amounts(proposal: dict[str, object] | None) -> tuple[str | None, ...]:
    return () if proposal is None else (json.dumps(proposal, sort_keys=True),)


if __name__ == "__main__":
    sys.exit(main())
