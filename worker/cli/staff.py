"""`claims staff`: the accounts of the desk, for whoever has the machine.

Each loads what it needs when it is called, so that help comes at once.
"""

# ruff: noqa: PLC0415

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from worker.cli.console import out
from worker.cli.starting import read_settings
from worker.domain.errors import UsageError
from worker.domain.staff import Person, StaffRole

if TYPE_CHECKING:
    from worker.bootstrap import Parts

app = typer.Typer()
staff = typer.Typer(help="The accounts of the desk.", no_args_is_help=True)
app.add_typer(staff, name="staff")
MACHINE = "console"
"""Who did it, in the log of actions: whoever may run commands here."""
Name = Annotated[str, typer.Argument(help="The sign-in name.")]


@staff.command(epilog="Example: `claims staff add mei --role agent --name 'Mei Tan'`")
def add(
    name: Name,
    *,
    role: Annotated[StaffRole, typer.Option(help="What the person is.")],
    full_name: Annotated[
        str, typer.Option("--name", help="The name that colleagues see.")
    ] = "",
) -> None:
    """Add an account and print its first password, which has to be changed."""
    from worker.adapters.passwords import hash_password, new_password

    password = new_password()
    with opened() as parts:
        person = parts.desk.people.add(
            name,
            role,
            full_name=full_name,
            password_hash=hash_password(password),
            must_change_password=True,
        )
        parts.desk.actions.add(MACHINE, "account added", f"staff:{person.name}")
    _show(person, password)


@staff.command(epilog="Example: `claims staff reset mei`")
def reset(name: Name) -> None:
    """Print a new first password, end all sessions, and forget the phone."""
    from worker.adapters.passwords import hash_password, new_password

    password = new_password()
    with opened() as parts:
        person = _find(parts, name)
        people = parts.desk.people
        hashed = hash_password(password)
        people.set_password(person.person_id, hashed, must_change=True)
        people.set_totp(person.person_id, None)
        parts.desk.throttle.succeeded(f"name {person.name}")
        parts.desk.actions.add(MACHINE, "account reset", f"staff:{person.name}")
    _show(person, password)


@staff.command(epilog="Example: `claims staff disable mei`")
def disable(name: Name) -> None:
    """Let an account sign in no more; what it did stays in the history."""
    with opened() as parts:
        person = _find(parts, name)
        parts.desk.people.disable(person.person_id)
        parts.desk.actions.add(MACHINE, "account disabled", f"staff:{person.name}")
    out.print(f"{person.name} cannot sign in any more.", markup=False)


@staff.command("list", epilog="Example: `claims staff list`")
def list_staff() -> None:
    """List the accounts."""
    with opened() as parts:
        people = parts.desk.people.listed()
    if not people:
        out.print("There is no account yet: `claims staff add NAME --role lead`")
        return
    table = Table("name", "shown as", "role", "phone code", "last signed in", "state")
    for one in people:
        signed_in = f"{one.signed_in_at:%Y-%m-%d %H:%M} UTC" if one.signed_in_at else ""
        table.add_row(
            one.name,
            one.full_name,
            one.role,
            "yes" if one.has_totp else "no",
            signed_in or "never",
            "disabled" if one.disabled_at else "active",
        )
    out.print(table)


@contextmanager
def opened() -> "Iterator[Parts]":
    """Give the parts on a database that is made where there is none yet."""
    from worker.adapters import migrations
    from worker.bootstrap import Parts

    parts = Parts(read_settings(), with_redis=False)
    migrations.upgrade(parts.database_url)
    try:
        yield parts
    finally:
        parts.close()


def _find(parts: "Parts", name: str) -> Person:
    person = parts.desk.people.named(name)
    if person is None:
        raise UsageError(f"there is no account {name}: see `claims staff list`")
    return person


def _show(person: Person, password: str) -> None:
    out.print(f"{person.name} ({person.role}) signs in with {password}", markup=False)
    out.print("The desk asks for a password of their own at the first sign-in.")
