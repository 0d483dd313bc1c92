"""The accounts of staff: who may come in, as what, and what an admin does about it."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Response

from worker.adapters.passwords import hash_password, new_password
from worker.desk.guard import RowId, Visit, needs
from worker.desk.pages import go, page
from worker.domain.errors import UsageError
from worker.domain.staff import RIGHTS, Person, Right, StaffRole

router = APIRouter()
Admin = Annotated[Visit, needs(Right.MANAGE_STAFF)]
_NEWEST = 20
ROLES = {
    StaffRole.VIEWER: "reads claims",
    StaffRole.AGENT: "works on claims and answers members",
    StaffRole.LEAD: "an agent who approves, pays, and sees the team's figures",
    StaffRole.OPERATOR: "runs queues and dead letters; decides no claim",
    StaffRole.ADMIN: "everything, and the accounts",
}
"""What each role is, in words."""
assert ROLES.keys() == RIGHTS.keys()  # noqa: S101 - a new role needs its words


@router.get("/people")
def people(visit: Admin) -> Response:
    """List the accounts, with the form for another."""
    return _list(visit)


@router.post("/people")
def add(
    visit: Admin,
    name: Annotated[str, Form(max_length=100)] = "",
    full_name: Annotated[str, Form(max_length=200)] = "",
    role: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Add an account and show its first password, once."""
    typed = {"name": name, "full_name": full_name, "role": role}
    if role not in ROLES:
        return _list(visit, "Choose a role.", typed)
    password = new_password()
    try:
        person = visit.parts.desk.people.add(
            name,
            StaffRole(role),
            full_name=full_name,
            password_hash=hash_password(password),
            must_change_password=True,
        )
    except UsageError as error:
        return _list(visit, _sentence(error), typed)
    _log(visit, "account added", person, role=role)
    return _first_password(visit, person, password)


@router.get("/people/{person_id}")
def person_page(visit: Admin, person_id: RowId) -> Response:
    """Show an account, what was done to it, and what may be done."""
    return _person(visit, _find(visit, person_id))


@router.post("/people/{person_id}/role")
def set_role(
    visit: Admin, person_id: RowId, role: Annotated[str, Form(max_length=10)] = ""
) -> Response:
    """Give an account another role; its sessions end."""
    person = _find(visit, person_id)
    if role not in ROLES:
        return _person(visit, person, "Choose a role.")
    wanted = StaffRole(role)
    if wanted is person.role:
        return go(
            visit.request, _path(person), say="Nothing was changed.", tone="plain"
        )

    def give() -> None:
        visit.parts.desk.people.set_role(person_id, wanted, keep_an_admin=True)

    return _do(visit, person, give, "role changed", f"is {role} now", role=role)


@router.post("/people/{person_id}/password")
def reset_password(visit: Admin, person_id: RowId) -> Response:
    """Give an account a new first password, shown once; its sessions end."""
    person, password = _find(visit, person_id), new_password()
    if person.signs_in_elsewhere:
        say = "That account signs in at the provider and has no password here."
        return _person(visit, person, say)
    desk = visit.parts.desk
    desk.people.set_password(person_id, hash_password(password), must_change=True)
    desk.throttle.succeeded(f"name {person.name}")
    _log(visit, "password reset", person)
    return _first_password(visit, person, password)


@router.post("/people/{person_id}/phone")
def forget_phone(visit: Admin, person_id: RowId) -> Response:
    """Ask an account for no code any more: the phone is lost."""
    person, desk = _find(visit, person_id), visit.parts.desk

    def forget() -> None:
        desk.people.set_totp(person_id, None)
        desk.sessions.end_all(person_id)

    return _do(visit, person, forget, "phone forgotten", "is asked for no code now")


@router.post("/people/{person_id}/sessions")
def end_sessions(visit: Admin, person_id: RowId) -> Response:
    """Sign an account out everywhere."""
    person = _find(visit, person_id)

    def end() -> None:
        visit.parts.desk.sessions.end_all(person_id)

    return _do(visit, person, end, "sessions ended", "is signed out everywhere")


@router.post("/people/{person_id}/disable")
def disable(visit: Admin, person_id: RowId) -> Response:
    """Let an account sign in no more, from now on."""
    person = _find(visit, person_id)

    def shut() -> None:
        visit.parts.desk.people.disable(person_id, keep_an_admin=True)

    return _do(visit, person, shut, "account disabled", "cannot sign in any more")


@router.post("/people/{person_id}/enable")
def enable(visit: Admin, person_id: RowId) -> Response:
    """Let a disabled account sign in again."""
    person = _find(visit, person_id)

    def let_in() -> None:
        visit.parts.desk.people.enable(person_id)

    return _do(visit, person, let_in, "account enabled", "can sign in again")


def _do(
    visit: Visit,
    person: Person,
    deed: Callable[[], None],
    action: str,
    came_of_it: str,
    **data: str,
) -> Response:
    """Do something to an account, log it, and say so; or say why it was not done."""
    try:
        deed()
    except UsageError as error:
        return _person(visit, person, _sentence(error), status=409)
    _log(visit, action, person, **data)
    return go(visit.request, _path(person), say=f"{person.shown} {came_of_it}.")


def _list(visit: Visit, say: str = "", typed: dict[str, str] | None = None) -> Response:
    return page(
        visit,
        "people.html",
        status=422 if say else 200,
        say=say,
        people=visit.parts.desk.people.listed(),
        roles=ROLES,
        typed=typed or {"name": "", "full_name": "", "role": StaffRole.AGENT},
    )


def _person(
    visit: Visit, person: Person, say: str = "", *, status: int = 422
) -> Response:
    desk = visit.parts.desk
    return page(
        visit,
        "person.html",
        status=status if say else 200,
        say=say,
        one=person,
        roles=ROLES,
        sessions=desk.sessions.of(person.person_id),
        actions=desk.actions.newest(limit=_NEWEST, target=f"staff:{person.name}"),
        provider=visit.parts.settings.oidc_name,
    )


def _first_password(visit: Visit, person: Person, password: str) -> Response:
    return page(visit, "first_password.html", one=person, password=password)


def _find(visit: Visit, person_id: RowId) -> Person:
    person = visit.parts.desk.people.get(person_id)
    if person is None:
        raise HTTPException(404)
    return person


def _path(person: Person) -> str:
    return f"/people/{person.person_id}"


def _log(visit: Visit, action: str, person: Person, **data: str) -> None:
    by = visit.person.name
    visit.parts.desk.actions.add(by, action, f"staff:{person.name}", data=data)


def _sentence(error: UsageError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
