"""Each scenario through the running system: the same as `claims inspect` says.

A scenario is a folder of mails (01.eml, 02.eml: one mailbox in that order); a folder
SCENARIOS holds `mails/NAME/*.eml` and one `orders.csv`. Each gets a mailbox, a
database and a queue of its own; the clock stands one hour after its last mail.
"""

import argparse
import email
import email.policy
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from bench import record
from bench.rig import (
    CheckFailed,
    Installation,
    Servers,
    installation,
    servers,
    show,
    show_end,
)
from tests.services import SmtpSink, SunkMail

HOUSE = {
    "CLAIMS_FROM": "claims@logistics.example",
    "CLAIMS_TRUSTED_MX": "mx.logistics.example",
    "CLAIMS_TRUSTED_AUTHSERV": "mx.logistics.example",
}
GO_LIVE_BEFORE = timedelta(days=7)
CLOCK_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Played:
    """What one scenario did, and in what it differs from `claims inspect`."""

    name: str
    fates: str
    states: str
    emails: str
    seconds: float
    faults: list[str]


def main(arguments: list[str] | None = None) -> int:
    """Play the scenarios; return 0 when all agree."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.live_scenarios",
        description=__doc__,
        epilog="Example: python -m bench.live_scenarios --scenarios DIR 03 17-forged",
    )
    parser.add_argument("--scenarios", type=Path, required=True, metavar="DIR")
    parser.add_argument("--postgres", action="store_true", help="instead of SQLite")
    parser.add_argument("names", nargs="*", help="beginnings of names; none means all")
    args = parser.parse_args(arguments)
    folders = [
        folder
        for folder in sorted((args.scenarios / "mails").iterdir())
        if not args.names or folder.name.startswith(tuple(args.names))
    ]
    results = []
    with servers(with_postgres=args.postgres) as rig, SmtpSink() as sink:
        for number, folder in enumerate(folders, start=1):
            show(f"{number} of {len(folders)}: {folder.name}")
            results.append(play(rig, sink, folder, args.scenarios / "orders.csv"))
    show_end()
    for one in results:
        mark = "FAIL" if one.faults else "ok"
        words = f"{one.fates:26} {one.states:22} {one.emails}"
        print(f"{mark:5}{one.name:32} {words} {one.seconds:.1f} s")
        for fault in one.faults:
            print(f"       {fault}")
    agree = sum(not one.faults for one in results)
    print(f"{agree} of {len(results)} live scenarios agree with `claims inspect`")
    return int(agree != len(results) or not results)


def play(rig: Servers, sink: SmtpSink, folder: Path, orders: Path) -> Played:
    """Play one scenario and compare it with the dry run."""
    files = sorted(folder.glob("*.eml"))
    raws = [file.read_bytes() for file in files]
    received = [topmost_received(raw) for raw in raws]
    user = folder.name
    rig.dovecot.append_many(user, list(zip(raws, received, strict=True)))
    before = len(sink.mails())
    with installation(
        rig,
        sink,
        user=user,
        house=HOUSE,
        go_live=min(received) - GO_LIVE_BEFORE,
        clock=max(received) + CLOCK_AFTER,
        on_postgres=rig.postgres is not None,
    ) as system:
        try:
            system.run("migrate")
            system.run("orders", "import", str(orders.resolve()))
            words = [str(file.resolve()) for file in files]
            listing = orders.resolve()
            dry = json.loads(
                system.run("inspect", "--json", "--orders", str(listing), *words)
            )
            counts = system.serve_until_idle(timeout=120)
            mails = sink.mails()[before:]
            faults = compare(system, dry, mails)
            faults += record.check_counts(system.database_url, len(files))
            faults += record.check_sink(system.database_url, mails, may_repeat=False)
            faults += second_run(system, sink)
        except CheckFailed as failure:
            return Played(user, "", "", "", 0.0, [str(failure)])
    rig.dovecot.drop(user)
    return Played(
        name=user,
        fates=_words(one["fate"] for one in dry),
        states=_words(one["state"] or "-" for one in dry),
        emails=_words(e["kind"] for one in dry for e in one["emails"]),
        seconds=counts["seconds"],
        faults=faults,
    )


def compare(
    system: Installation, dry: list[dict[str, Any]], mails: list[SunkMail]
) -> list[str]:
    """Return in what the record and the sink differ from the dry run."""
    url = system.database_url
    live = record.rows(
        url,
        "select mails.id, mails.fate, claims.state, claims.order_number,"
        " claims.claim_type, claims.respond_by from mails"
        " left join claims on claims.id = mails.claim_id order by mails.uid",
    )
    last_by_claim = {_claim(one): one for one in dry}
    faults = []
    for number, (row, said) in enumerate(zip(live, dry, strict=False), start=1):
        last = last_by_claim[_claim(said)]
        pairs = (
            ("fate", row["fate"], said["fate"]),
            ("state", row["state"], last["state"]),
            ("claim_type", row["claim_type"], last["claim_type"]),
            ("respond_by", _instant(row["respond_by"]), _instant(last["respond_by"])),
        )
        faults += [
            f"mail {number}: {what} is {got}, inspect says {want}"
            for what, got, want in pairs
            if got != want
        ]
        query = (
            "select kind, recipient, subject from emails where status = 'sent'"
            " and mail_id = :mail_id"
        )
        found = record.rows(url, query, mail_id=row["id"])
        sent = Counter(tuple(e.values()) for e in found)
        wanted = Counter((e["kind"], e["to"], e["subject"]) for e in said["emails"])
        if sent != wanted:
            faults.append(f"mail {number}: sent {sent}, inspect says {wanted}")
    at_sink = Counter((m.recipients[0], subject_of(m.raw)) for m in mails)
    wanted_at_sink = Counter(
        (e["to"], e["subject"]) for said in dry for e in said["emails"]
    )
    if at_sink != wanted_at_sink:
        faults.append(f"at the sink {at_sink}, inspect says {wanted_at_sink}")
    return faults


def second_run(system: Installation, sink: SmtpSink) -> list[str]:
    """Return what a second run changes, which must be nothing."""
    rows, mails = record.snapshot(system.database_url), len(sink.mails())
    system.serve_until_idle(timeout=120)
    more = len(sink.mails()) - mails
    faults = [f"a second run sent {more} e-mails"] if more else []
    found = record.changes(rows, record.snapshot(system.database_url))
    return faults + [f"a second run changed {line}" for line in found]


def topmost_received(raw: bytes) -> datetime:
    """Return the instant of the topmost Received header, else of Date."""
    mail = email.message_from_bytes(raw)
    received = mail.get_all("Received") or [f"; {mail['Date']}"]
    return parsedate_to_datetime(received[0].rpartition(";")[2].strip())


def subject_of(raw: bytes) -> str:
    """Return the decoded subject of one of our e-mails."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    return str(mail["Subject"])


def _claim(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["order_number"], one["package_id"], one["fate"] == "identity_hold"


def _instant(value: datetime | str | None) -> datetime | None:
    if value is None:
        return None
    at = datetime.fromisoformat(str(value))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _words(values: Iterable[str]) -> str:
    return " ".join(values) or "-"


if __name__ == "__main__":
    sys.exit(main())
