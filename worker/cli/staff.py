"""`claims staff`: the accounts of the desk, for whoever has the machine.

Each loads what it needs when it is called, so that help comes at once.
"""

# ruff: noqa: PLC0415

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from worker.cli.console import out
from worker.cli.starting import read_settings
from worker.domain.errors import UsageError
from worker.domain.staff import THE_MACHINE, Person, StaffRole

if TYPE_CHECKING:
    from worker.bootstrap import Parts

app = typer.Typer()
staff = typer.Typer(help="The accounts of the desk.", no_args_is_help=True)
app.add_typer(staff, name="staff")
FromStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin",
        help="Take the password from the first line of stdin, and let it stay.",
    ),
]
Name = Annotated[str, typer.Argument(help="The sign-in name.")]


@staff.command(epilog="Example: `claims staff add mei --role agent --name 'Mei Tan'`")
def add(
    name: Name,
    *,
    role: Annotated[StaffRole, typer.Option(help="What the person is.")],
    full_name: Annotated[
        str, typer.Option("--name", help="The name that colleagues see.")
    ] = "",
    password_stdin: FromStdin = False,
) -> None:
    """Add an account and print its first password, which has to be changed."""
    from worker.adapters.passwords import hash_password

    password = _password(name, full_name, from_stdin=password_stdin)
    with opened() as parts:
        person = parts.desk.people.add(
            name,
            role,
            full_name=full_name,
            password_hash=hash_password(password),
            must_change_password=not password_stdin,
        )
        _log(parts, "account added", person, role=str(role))
    _show(person, password, is_theirs=password_stdin)


@staff.command(epilog="Example: `claims staff reset mei`")
def reset(name: Name, *, password_stdin: FromStdin = False) -> None:
    """Print a new first password, end all sessions, and forget the phone."""
    from worker.adapters.passwords import hash_password

    with opened() as parts:
        person = _find(parts, name)
        if person.signs_in_elsewhere:
            raise UsageError(
                f"{person.name} signs in at the provider and has no password here"
            )
        password = _password(name, person.full_name, from_stdin=password_stdin)
        people = parts.desk.people
        must_change = not password_stdin
        people.set_password(
            person.person_id, hash_password(password), must_change=must_change
        )
        people.set_totp(person.person_id, None)
        parts.desk.throttle.succeeded(f"name {person.name}")
        _log(parts, "account reset", person)
    _show(person, password, is_theirs=password_stdin)


@staff.command(epilog="Example: `claims staff role mei lead`")
def role(
    name: Name, role: Annotated[StaffRole, typer.Argument(help="What they are now.")]
) -> None:
    """Give an account another role, and end its sessions."""
    with opened() as parts:
        person = _find(parts, name)
        parts.desk.people.set_role(person.person_id, role)
        _log(parts, "role changed", person, role=str(role))
    out.print(f"{person.name} is {role} now.", markup=False)


@staff.command(epilog="Example: `claims staff disable mei`")
def disable(name: Name) -> None:
    """Let an account sign in no more; what it did stays in the history."""
    with opened() as parts:
        person = _find(parts, name)
        parts.desk.people.disable(person.person_id)
        _log(parts, "account disabled", person)
    out.print(f"{person.name} cannot sign in any more.", markup=False)


@staff.command(epilog="Example: `claims staff enable mei`")
def enable(name: Name) -> None:
    """Let a disabled account sign in again, with what it had."""
    with opened() as parts:
        person = _find(parts, name)
        parts.desk.people.enable(person.person_id)
        _log(parts, "account enabled", person)
    out.print(f"{person.name} can sign in again.", markup=False)


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


def _password(*names: str, from_stdin: bool) -> str:
    """Return a new first password, or the one that was given."""
    from worker.adapters.passwords import (
        LONGEST,
        SHORTEST,
        is_simple,
        new_password,
    )

    if not from_stdin:
        return new_password()
    given = sys.stdin.readline().rstrip("\r\n")
    if not SHORTEST <= len(given) <= LONGEST:
        raise UsageError(f"a password has {SHORTEST} to {LONGEST} characters")
    if is_simple(given, *names):
        raise UsageError("that password is easily guessed; a sentence is a good one")
    return given


def _log(parts: "Parts", action: str, person: Person, **data: str) -> None:
    target = f"staff:{person.name}"
    parts.desk.actions.add(THE_MACHINE, action, target, data=data)


def _show(person: Person, password: str, *, is_theirs: bool) -> None:
    if is_theirs:
        out.print(
            f"{person.name} ({person.role}) signs in with that password.", markup=False
        )
        return
    out.print(f"{person.name} ({person.role}) signs in with {password}", markup=False)
    out.print("The desk asks for a password of their own at the first sign-in.")
