"""Signing in at an OpenID provider; `oidc.py` speaks with it."""

from dataclasses import astuple

import structlog
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from worker.desk.cookies import SealedCookie
from worker.desk.guard import own_path, parts_of
from worker.desk.oidc import Begun, Provider, SignInFailed, Stranger
from worker.desk.pages import SEE_OTHER
from worker.desk.sign_in import begin_session, sign_in_form
from worker.domain.errors import UsageError
from worker.domain.staff import Person, StaffRole

log = structlog.get_logger()
router = APIRouter()
_BEGUN = SealedCookie("claims_oidc", lives_for_s=600)
"""Binds the answer to the browser that asked; works once."""


@router.get("/sign-in/oidc")
def begin(request: Request, back: str = "/") -> Response:
    """Send the browser to the provider."""
    provider = _provider(request)
    try:
        address, begun = provider.begin(parts_of(request).clock.now())
    except SignInFailed as failed:
        return _failed(request, failed)
    response = RedirectResponse(address, SEE_OTHER)
    _BEGUN.write(request, response, [*astuple(begun), own_path(back)])
    return response


@router.get("/sign-in/oidc/back")
def finish(request: Request) -> Response:
    """Begin a session for who signed in there, or say why not."""
    provider, kept = _provider(request), _BEGUN.read(request)
    *secrets, back = kept if isinstance(kept, list) else ["/"]
    begun = Begun(*secrets) if secrets else None
    now = parts_of(request).clock.now()
    try:
        stranger = provider.finish(request.query_params, begun, now)
        response = begin_session(request, _person(request, stranger), back)
    except SignInFailed as failed:
        response = _failed(request, failed)
    _BEGUN.delete(request, response)
    return response


def _person(request: Request, stranger: Stranger) -> Person:
    """Return the account, made where there is none yet, with the role of today.

    Raises:
        SignInFailed: no group of theirs has a role, or an admin shut the account.
    """
    parts = parts_of(request)
    people, role = parts.desk.people, stranger.role(parts.settings.oidc_roles)
    person = people.of_subject(stranger.subject)
    if role is None:
        if person is not None:
            parts.desk.sessions.end_all(person.person_id)
        raise SignInFailed(
            "None of your groups has a role at this desk. Ask an admin for one.",
            "no_role",
        )
    if person is None:
        return _new_account(request, stranger, role)
    if person.disabled_at is not None:
        raise SignInFailed("That account is disabled. Ask an admin.", "disabled")
    if person.role is not role:
        people.set_role(person.person_id, role)
        _log(request, person, "role changed", role)
    return person


def _new_account(request: Request, stranger: Stranger, role: StaffRole) -> Person:
    """Add the account under the first name that is free; never join one of that name.

    Whoever may choose their name at the provider must not become somebody here.
    """
    people = parts_of(request).desk.people
    for name in stranger.names:
        try:
            person = people.add(
                name,
                role,
                full_name=stranger.full_name,
                oidc_subject=stranger.subject,
            )
        except UsageError:
            continue
        _log(request, person, "account added", role)
        return person
    raise SignInFailed(
        "Your name there belongs to another account here, or cannot be one."
        " Ask an admin.",
        "name_taken",
    )


def _log(request: Request, person: Person, action: str, role: StaffRole) -> None:
    actions = parts_of(request).desk.actions
    data = {"role": str(role), "by": "provider"}
    actions.add(person.name, action, f"staff:{person.name}", data=data)


def _failed(request: Request, failed: SignInFailed) -> Response:
    log.warning("sign_in_elsewhere_failed", code=failed.code)
    return sign_in_form(request, back="/", say=failed.why, status=401)


def _provider(request: Request) -> Provider:
    """Return the provider of this desk, made once."""
    state, settings = request.app.state, parts_of(request).settings
    if settings.oidc_issuer is None:
        raise HTTPException(404)
    if getattr(state, "oidc", None) is None:
        state.oidc = Provider(settings)
    provider = state.oidc
    assert isinstance(provider, Provider)  # noqa: S101 - set above
    return provider
