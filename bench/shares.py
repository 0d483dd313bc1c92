"""Which part of the work takes the processor: a sampler of threads' own CPU time.

Each sample adds what a thread has used since the last one to the part of the program
in which it is now: the innermost frame that belongs to one. Waiting counts nothing.

Example: `python -m bench.shares OUT.json work` runs `claims work` under it.
"""

import collections
import contextlib
import json
import resource
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

EVERY_S = 0.004
SWITCH_S = 0.0002
"""How soon a thread lets the sampler look. Our choice."""
WORKER = (
    ("database", ("/sqlalchemy/", "/psycopg/", "/worker/adapters/store/")),
    ("queue", ("/redis/", "/dramatiq/", "/worker/adapters/queue.py")),
    ("parsing", ("/worker/adapters/reader", "/worker/domain/mail.py")),
    ("e-mails", ("/jinja2/", "/worker/adapters/render", "/worker/adapters/outgoing")),
    ("rules", ("/worker/",)),
)
"""Of `claims work`: the parts by pieces of file names, the first that fits."""
READER = (
    (
        "documents",
        (
            "/PIL/",
            "/pypdfium2",
            "/worker/adapters/attachments",
            "/worker/adapters/filetypes",
            "/worker/adapters/forked",
            "/worker/adapters/pdf",
            "/worker/adapters/pictur",
            "/worker/adapters/walk",
        ),
    ),
    ("parsing", ("/worker/adapters/",)),
)
"""Of reading a mail."""
Parts = Sequence[tuple[str, tuple[str, ...]]]


class Sampler(threading.Thread):
    """Watches all other threads of its process until it is stopped.

    Attributes:
        seconds: CPU time by part; what belongs to none is `other`.
    """

    def __init__(self, parts: Parts) -> None:
        super().__init__(daemon=True, name="sampler")
        self.seconds: collections.defaultdict[str, float] = collections.defaultdict(
            float
        )
        self._parts = parts
        self._over = threading.Event()
        self._used: dict[int, float] = {}
        self._sample()  # what was used before counts for nothing
        self.seconds.clear()

    def run(self) -> None:
        """Sample until the end."""
        while not self._over.wait(EVERY_S):
            self._sample()

    def stop(self) -> None:
        """Sample a last time, and no more."""
        self._over.set()
        self.join()

    def _sample(self) -> None:
        frames = sys._current_frames()  # noqa: SLF001 - the documented way
        for thread in threading.enumerate():
            if thread is self or thread.ident is None:
                continue
            with contextlib.suppress(OSError):  # it has ended
                clock = time.pthread_getcpuclockid(thread.ident)
                used = time.clock_gettime(clock)
                spent = used - self._used.get(thread.ident, 0.0)
                self._used[thread.ident] = used
                if spent > 0:
                    self.seconds[self._part(frames.get(thread.ident))] += spent

    def _part(self, frame: FrameType | None) -> str:
        while frame is not None:
            name = frame.f_code.co_filename
            for part, pieces in self._parts:
                if any(piece in name for piece in pieces):
                    return part
            frame = frame.f_back
        return "other"


@contextlib.contextmanager
def sampled(parts: Parts) -> Iterator[Sampler]:
    """Watch this process; CPU time of children that end meanwhile is `documents`."""
    before = _children_s()
    sampler = Sampler(parts)
    interval = sys.getswitchinterval()
    # By default it would mostly see threads where they let go of the interpreter.
    sys.setswitchinterval(SWITCH_S)
    sampler.start()
    try:
        yield sampler
    finally:
        sampler.stop()
        sys.setswitchinterval(interval)
        if parts is READER:
            # The copy of a reader in which PDFs are opened.
            sampler.seconds["documents"] += _children_s() - before


def in_words(seconds: Mapping[str, float]) -> str:
    """Return the shares, the largest first."""
    total = sum(seconds.values())
    ordered = sorted(seconds.items(), key=lambda item: -item[1])
    return ", ".join(f"{part} {100 * s / total:.0f} %" for part, s in ordered)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(arguments: list[str]) -> None:
    """Run a command of the program under the sampler; write the seconds as JSON."""
    # Loaded before, so that this is not taken for work.
    import worker.actors  # noqa: PLC0415
    import worker.adapters.queue  # noqa: PLC0415
    import worker.runner  # noqa: F401, PLC0415
    from worker.cli import main as claims  # noqa: PLC0415

    sys.argv = ["claims", *arguments[1:]]
    with sampled(WORKER) as sampler:
        try:
            claims()
        finally:
            Path(arguments[0]).write_text(json.dumps(sampler.seconds))


if __name__ == "__main__":
    main(sys.argv[1:])
