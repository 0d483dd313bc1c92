"""A folder of real mails through the worker's own steps, and a table of their fates.

Each mail goes the way of a received one: read in the limited child process, then
understood and validated on a private record. With `--answerable` each mail also gets
a passing `Authentication-Results` of our own, a From that is on file and valid ids in
the subject, so that only its being a machine can stop the answer. The text in
pictures is not read: that has a queue and limits of its own.
"""

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from csv import DictReader
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.rig import show, show_end
from tests.builders import a_member, an_order
from worker import log as logs
from worker.domain.mail import Fate
from worker.domain.orders import Order
from worker.inspection import Inspector, inspector
from worker.settings import Settings

MAX_SECONDS = 5.0
MAX_MEMORY_MB = 300
"""Of one mail, and of the reader child while it reads it. Our choice."""
MACHINE_TAGS = frozenset({"auto-reply", "dsn", "list"})
"""Tags whose mails must never be answered. Source: DESIGN promise 7."""
MANIFEST = "MANIFEST.tsv"
NO_TAG = "(none)"
MOST_SHOWN = 5
SHOW_EVERY = 50
CLAIMS, MX = "claims@logistics.example", "mx.logistics.example"
RECEIVED_AT = datetime(2026, 11, 18, 12, tzinfo=UTC)
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a private folder is made in it

_HEADERS_END = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r|\Z")
_REPLACED = re.compile(
    rb"^(?:from|subject|authentication-results)[ \t]*:.*(?:(?:\r\n|\n|\r)[ \t].*)*"
    rb"(?:\r\n|\n|\r|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
_FIRST_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_BEFORE_HEADERS = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:[ \t]*(?:\r\n?|\n))*(?:>?From [^\r\n]*(?:\r\n?|\n))?"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail of the folder: its path, as named in the manifest, and its tags."""

    name: str
    path: Path
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one mail, in which time and with how much memory."""

    sample: Sample
    fate: str
    signal: str
    emails: tuple[str, ...]
    seconds: float
    memory_mb: float

    @property
    def is_crash(self) -> bool:
        """Return whether the mail has no fate, or could not be read."""
        return self.fate in {"", Fate.PARKED}


def main(arguments: list[str] | None = None) -> int:
    """Run; return 1 when a mail crashed, broke a limit or was wrongly answered."""
    args = _parsed(arguments)
    if not args.folder.is_dir():
        print(f"{args.folder} is not a folder", file=sys.stderr)
        return 2
    samples = read_samples(args.folder)
    if args.sample:
        chance = random.Random(args.seed)  # noqa: S311 - a choice of mails
        samples = chance.sample(samples, min(args.sample, len(samples)))
    if not samples:
        print(f"no *.eml in {args.folder}", file=sys.stderr)
        return 2
    results = []
    for one in run(samples, is_answerable=args.answerable):
        results.append(one)
        if args.list:
            print(_line(one), flush=True)
    show_end()
    faults = print_run(results)
    if args.answerable:
        faults += print_answers(results, known=frozenset(args.known or ()))
    else:
        print_fates(results)
    for fault in faults:
        print(f"FAIL  {fault}")
    print("FAIL" if faults else "ok")
    return int(bool(faults))


def read_samples(folder: Path) -> list[Sample]:
    """Return the `*.eml` of a folder in any depth, with the tags of its manifest."""
    manifest = folder / MANIFEST
    tags: dict[str, str] = {}
    if manifest.exists():
        with manifest.open(encoding="utf-8", newline="") as lines:
            rows = DictReader(lines, delimiter="\t", quoting=3)
            tags = {row["path"]: row["tags"] or "" for row in rows}
    paths = (folder / name for name in tags) if tags else sorted(folder.rglob("*.eml"))
    return [
        Sample(name, path, frozenset(filter(None, tags.get(name, "").split(","))))
        for path in paths
        if (name := path.relative_to(folder).as_posix()) and path.is_file()
    ]


def run(samples: Sequence[Sample], *, is_answerable: bool) -> Iterator[Result]:
    """Yield what becomes of each mail of one mailbox, in the order of the samples."""
    logs.configure(stream=sys.stderr, level="critical")
    orders = [an_order_of(number) for number in range(len(samples))]
    with _office(orders if is_answerable else ()) as office:
        for number, sample in enumerate(samples):
            if number % SHOW_EVERY == 0:
                show(f"{number} of {len(samples)} mails")
            raw = sample.path.read_bytes()
            if is_answerable:
                raw = make_answerable(raw, orders[number])
            yield _one(office, sample, raw)


def make_answerable(raw: bytes, order: Order) -> bytes:
    """Return the mail as the member of an order would have sent it, proven by us."""
    address = order.member.addresses[0]
    domain = address.rpartition("@")[2]
    head = (
        f"Received: from out.{domain} by {MX};\r\n {RECEIVED_AT:%a, %d %b %Y %H:%M:%S}"
        f" +0000\r\nAuthentication-Results: {MX}; dmarc=pass header.from={domain}\r\n"
        f"From: {order.member.name} <{address}>\r\n"
        f"Subject: {order.member.member_id}+{order.order_number}+Claim\r\n"
    ).encode()
    start = _BEFORE_HEADERS.match(raw)
    rest = raw[start.end() if start else 0 :]
    if _FIRST_FIELD.match(rest) is None:
        return head + b"\r\n" + rest
    end = _HEADERS_END.search(rest)
    split = end.start() if end else len(rest)
    return head + _REPLACED.sub(b"", rest[:split]) + rest[split:]


def an_order_of(number: int) -> Order:
    """Return an order of a member of its own, so that no mail meets another."""
    member = a_member(
        f"M{700_000 + number}", addresses=(f"member{number}@mail.example",)
    )
    return an_order(f"ORD-20261104-{10_000 + number}", member=member)


# -- tables -----------------------------------------------------------------------


def print_run(results: Sequence[Result]) -> list[str]:
    """Print counts, times and memory; return what breaks a limit."""
    total = sum(one.seconds for one in results)
    print(f"{len(results)} mails in {total:.0f} s")
    for fate, count in Counter(one.fate or "open" for one in results).most_common():
        print(f"  {fate:16}{count:6}")
    print("slowest")
    for one in sorted(results, key=lambda one: -one.seconds)[:MOST_SHOWN]:
        print(f"  {one.seconds:6.2f} s   {one.sample.name}")
    print("most memory of the reader child")
    for one in sorted(results, key=lambda one: -one.memory_mb)[:MOST_SHOWN]:
        print(f"  {one.memory_mb:6.0f} MB  {one.sample.name}")
    faults = [
        f"{one.sample.name}: {one.fate or 'no fate'} {one.signal}"
        for one in results
        if one.is_crash
    ]
    for one in results:
        if one.seconds > MAX_SECONDS:
            faults.append(f"{one.sample.name}: {one.seconds:.1f} s")
        if one.memory_mb > MAX_MEMORY_MB:
            faults.append(f"{one.sample.name}: {one.memory_mb:.0f} MB")
    return faults


def print_fates(results: Iterable[Result]) -> None:
    """Print how many mails of each tag met each fate."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in results:
        for tag in one.sample.tags or {NO_TAG}:
            counts[tag][one.fate or "open"] += 1
    _print_table(counts, [*Fate, "open"])


def print_answers(results: Sequence[Result], *, known: frozenset[str]) -> list[str]:
    """Print how many mails of each tag were answered; return the wrongly answered.

    Those that are `known` to be tagged wrongly are left out.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in results:
        for tag in one.sample.tags or {NO_TAG}:
            counts[tag]["answered" if one.emails else "not answered"] += 1
    _print_table(counts, ["answered", "not answered"])
    return [
        f"answered although {', '.join(sorted(tags))}: {one.sample.name}"
        f" ({one.fate}, {', '.join(one.emails)}: {one.signal})"
        for one in results
        if one.emails
        and (tags := one.sample.tags & MACHINE_TAGS)
        and one.sample.name not in known
    ]


def _line(one: Result) -> str:
    tags = ",".join(sorted(one.sample.tags))
    return "\t".join(
        (one.fate, ",".join(one.emails), tags, one.sample.name, one.signal)
    )


def _print_table(counts: dict[str, Counter[str]], columns: Sequence[str]) -> None:
    used = [name for name in columns if any(row[name] for row in counts.values())]
    print(f"{'tag':24}" + "".join(f"{name:>14}" for name in used))
    for tag, row in sorted(counts.items(), key=lambda item: -item[1].total()):
        cells = "".join(f"{row[name] or '':>14}" for name in used)
        print(f"{tag:24}{cells}")


# -- the office ---------------------------------------------------------------------


@contextmanager
def _office(orders: Sequence[Order]) -> Iterator[Inspector]:
    """Yield the steps on a record of their own, in memory where the system has that."""
    before = tempfile.tempdir
    tempfile.tempdir = str(MEMORY_FOLDER) if MEMORY_FOLDER.is_dir() else before
    settings = Settings(
        ocr=False,
        _env_file=None,
        CLAIMS_FROM=CLAIMS,
        trusted_mx=(MX,),
        trusted_authserv=(MX,),
    )
    try:
        with inspector(settings, orders=orders, given_at=None) as office:
            yield office
    finally:
        tempfile.tempdir = before


def _one(office: Inspector, sample: Sample, raw: bytes) -> Result:
    _forget_peak(office.reader_pids)
    began = time.perf_counter()
    found = office.inspect(sample.path, raw)
    return Result(
        sample=sample,
        fate=found.row["fate"] or "",
        signal=found.row["signal"] or "",
        emails=tuple(email["kind"] for email in found.emails),
        seconds=time.perf_counter() - began,
        memory_mb=max(map(_peak_mb, office.reader_pids), default=0.0),
    )


def _forget_peak(pids: Iterable[int]) -> None:
    """Let the peak of a process begin at what it holds now. Source: proc(5)."""
    for pid in pids:
        try:
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            continue


def _peak_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.corpus",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=(
            "Examples:\n"
            "  python -m bench.corpus ../shared/corpus/mail\n"
            "  python -m bench.corpus ../shared/corpus/mail --answerable\n"
            "  python -m bench.corpus ../shared/corpus/mail --sample 200 --seed 7"
        ),
    )
    add = parser.add_argument
    add("folder", type=Path, help=f"*.eml in any depth; {MANIFEST} has their tags")
    add("--answerable", action="store_true", help="only machines may stay unanswered")
    add("--sample", type=int, metavar="N", help="so many mails, chosen by chance")
    add("--seed", type=int, default=1, metavar="S", help="of that choice (1)")
    add(
        "--except",
        action="append",
        dest="known",
        metavar="NAME",
        help="a mail whose tag is wrong: it may be answered (may be repeated)",
    )
    add("--list", action="store_true", help="a line for each mail, as it comes")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
