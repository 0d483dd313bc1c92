"""django-helpdesk as a peer: installed apart on first use, timed by itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.rig import CheckFailed
from bench.rounds import CACHE, new_folder
from tests.services.dovecot import PASSWORD, Dovecot

PACKAGES = ("django-helpdesk==2.6.1", "Django>=5.2,<5.3")
INSTALLS_WITHIN_S = 300.0
RUNS_WITHIN_S = 900.0
LOG_CHARACTERS = 1000
HERE = Path(__file__).resolve().parent


def python() -> Path:
    """Return the Python that has django-helpdesk, installed where it is missing.

    Raises:
        CheckFailed: it cannot be installed; the text says why.
    """
    home = CACHE / "helpdesk-2.6.1"
    program = home / "bin" / "python"
    done = home / "installed"
    if done.exists():
        return program
    uv = shutil.which("uv")
    make = [uv, "venv", "-q"] if uv else [sys.executable, "-m", "venv"]
    pip = [uv, "pip", "install", "-q", "--python"] if uv else []
    fill = [*pip, str(program)] if uv else [str(program), "-m", "pip", "install", "-q"]
    shutil.rmtree(home, ignore_errors=True)
    try:
        for command in ([*make, str(home)], [*fill, *PACKAGES]):
            _call(command, {}, within_s=INSTALLS_WITHIN_S)
    except (CheckFailed, OSError, subprocess.TimeoutExpired) as error:
        raise CheckFailed("django-helpdesk could not be installed") from error
    done.touch()
    return program


def get_email(program: Path, dovecot: Dovecot, user: str, count: int) -> float:
    """Return the seconds in which it made tickets of all mails; it deletes them.

    Raises:
        CheckFailed: it fails, or leaves mails behind.
    """
    folder = {"PEER_FOLDER": str(new_folder("helpdesk"))}
    peer = [str(program), str(HERE / "helpdesk_peer.py")]
    _call([*peer, "prepare", str(dovecot.port), user, PASSWORD], folder)
    said = _call([*peer, "run"], folder)
    seconds, tickets, _files = said.split()[-3:]
    left = len(dovecot.flags(user))
    if left or not count >= int(tickets) > 0:
        raise CheckFailed(f"django-helpdesk made {tickets} tickets and left {left}")
    return float(seconds)


def _call(
    command: list[str], more: dict[str, str], *, within_s: float = RUNS_WITHIN_S
) -> str:
    ours = {
        k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "CLAIMS_"))
    }
    done = subprocess.run(  # noqa: S603 - our own commands
        command,
        check=False,
        capture_output=True,
        text=True,
        env=ours | more,
        timeout=within_s,
    )
    if done.returncode != 0:
        raise CheckFailed(f"django-helpdesk failed:\n{done.stderr[-LOG_CHARACTERS:]}")
    return done.stdout
