"""A person's own account: password, zone, codes of a phone."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from worker.adapters.passwords import LONGEST, SHORTEST, hash_password, is_password
from worker.desk.guard import Visit, needs
from worker.desk.pages import page
from worker.desk.sign_in import begin_session

router = APIRouter()
Anybody = Annotated[Visit, needs(None)]


@router.get("/account/password")
def ask_password(visit: Anybody) -> Response:
    """Show the form for another password."""
    return _password_form(visit)


@router.post("/account/password")
def set_password(
    visit: Anybody,
    old: Annotated[str, Form(max_length=LONGEST)] = "",
    new: Annotated[str, Form(max_length=LONGEST)] = "",
    again: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:
    """Set another password; every other session of the account ends."""
    people, person = visit.parts.desk.people, visit.person
    if not is_password(old, people.password_hash(person.person_id)):
        return _password_form(visit, "The present password is wrong.")
    if new != again:
        return _password_form(visit, "The new password was typed in two ways.")
    if len(new) < SHORTEST:
        say = f"Use {SHORTEST} characters or more; a sentence is a good password."
        return _password_form(visit, say)
    if new == old:
        return _password_form(visit, "That is the present password.")
    people.set_password(person.person_id, hash_password(new))
    return begin_session(visit.request, person, "/")


def _password_form(visit: Visit, say: str = "") -> Response:
    status = 422 if say else 200
    return page(visit, "password.html", status=status, say=say, shortest=SHORTEST)
