"""The demo's desk: where it listens, and who signs in."""

import socket

from worker.adapters.passwords import hash_password
from worker.bootstrap import Parts
from worker.demo.accounts import LOOPBACK
from worker.domain.staff import StaffRole

PREFERRED_PORT = 8080
NAME, PASSWORD = "demo", "demo"
SECOND = "second"
"""Another person with the same password, for what needs two."""


def choose_bind() -> str:
    """Return the address for the desk: the usual port, or any where that is taken."""
    for port in (PREFERRED_PORT, 0):
        try:
            with socket.create_server((LOOPBACK, port)) as free:
                return f"{LOOPBACK}:{free.getsockname()[1]}"
        except OSError:
            continue
    message = "this machine has no free port"
    raise OSError(message)


def add_accounts(parts: Parts) -> None:
    """Let the visitor sign in, with every right; and a second person."""
    hashed = hash_password(PASSWORD)
    people = parts.desk.people
    people.add(NAME, StaffRole.ADMIN, full_name="Demo Visitor", password_hash=hashed)
    people.add(SECOND, StaffRole.LEAD, full_name="Second Person", password_hash=hashed)
