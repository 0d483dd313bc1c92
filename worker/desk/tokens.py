"""`/people/tokens`: the tokens of the APIs."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from worker.adapters.store.desk.tokens import LONGEST_NAME, READ
from worker.desk.guard import RowId, Visit, needs
from worker.desk.pages import go, page
from worker.desk.refusals import sentence
from worker.domain.errors import UsageError
from worker.domain.staff import Right

router = APIRouter()
Admins = Annotated[Visit, needs(Right.MANAGE_STAFF)]
PAGE = "/people/tokens"


@router.get(PAGE)
def tokens(visit: Admins) -> Response:
    """List the tokens, and show the form for another one."""
    return _list(visit)


@router.post(PAGE)
def add_token(
    visit: Admins,
    name: Annotated[str, Form(max_length=200)] = "",
    scope: Annotated[str, Form(max_length=10)] = READ,
) -> Response:
    """Make a token and show its secret, this once."""
    try:
        secret = visit.parts.desk.tokens.add(name, by=visit.person.name, scope=scope)
    except UsageError as error:
        return _list(visit, name=name, scope=scope, say=sentence(error), status=422)
    name = name.strip()
    visit.parts.desk.actions.add(visit.person.name, "token made", f"token:{name}")
    return _list(visit, made=name, secret=secret)


@router.post("/people/tokens/{token_id}/revoke")
def revoke_token(visit: Admins, token_id: RowId) -> Response:
    """Let a token open nothing any more."""
    known = visit.parts.desk.tokens
    token = known.get(token_id)
    if token is None:
        raise UsageError("there is no such token")
    if token.revoked_at is None:
        known.revoke(token_id)
        visit.parts.desk.actions.add(
            visit.person.name, "token revoked", f"token:{token.name}"
        )
    return go(visit.request, PAGE, say=f"{token.name} opens nothing any more.")


def _list(
    visit: Visit,
    *,
    name: str = "",
    scope: str = READ,
    say: str = "",
    made: str = "",
    secret: str = "",
    status: int = 200,
) -> Response:
    return page(
        visit,
        "tokens.html",
        status=status,
        tokens=visit.parts.desk.tokens.listed(),
        name=name,
        scope=scope,
        say=say,
        made=made,
        secret=secret,
        longest=LONGEST_NAME,
    )
