"""The demo's mail host as its parent sees it: started, told where it listens, ended."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TextIO

from worker.adapters.processes import die_with_parent
from worker.demo.accounts import Ports
from worker.demo.gateway import HOST
from worker.domain.errors import UsageError

STOP_WITHIN_S = 5.0
REFUSE_A_DRAFT = "--refuse-a-draft"


@contextlib.contextmanager
def mail_host(
    replies: Path, log: TextIO, *, refuses_a_draft: bool = False
) -> Iterator[Ports]:
    """Run the mail servers and give where they listen.

    Args:
        replies: an existing folder; each mail that the worker sends becomes a file.
        log: where the servers complain.
        refuses_a_draft: the first draft for staff is not taken.

    Raises:
        UsageError: they did not start.
    """
    tether = partial(die_with_parent, os.getpid())
    more = [REFUSE_A_DRAFT] if refuses_a_draft else []
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "worker.demo.mailhost", str(replies), *more],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env={**os.environ, "FQDN": HOST},  # pymap asks the DNS for it otherwise
        preexec_fn=tether,  # noqa: PLW1509 - no thread holds a lock
        start_new_session=True,  # Ctrl-C is for us; the workers still need mail
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise UsageError("the demo's mail servers did not start; see its log")
        yield Ports(**json.loads(line))
    finally:
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
