"""Small sealed cookies of the desk: what a form, a flash or a sign-in elsewhere keeps.

Their content can be read by whoever has the browser, and written by us alone.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from worker.desk.guard import is_secure, parts_of

LAST_LIST = "claims_list"
"""The cookie with the list that somebody came from, for the next claim of it."""


@dataclass(frozen=True, slots=True)
class SealedCookie:
    """A cookie that holds a value of JSON for so many seconds."""

    name: str
    lives_for_s: int

    def read(self, request: Request) -> Any | None:  # noqa: ANN401 - as it was written
        """Return what the browser keeps, or None: nothing, not ours, or too old."""
        sealed = request.cookies.get(self._full_name(request))
        return None if not sealed else self.unseal(request, sealed)

    def write(self, request: Request, response: Response, value: object) -> None:
        """Have the browser keep a value."""
        response.set_cookie(
            self._full_name(request),
            self.seal(request, value),
            max_age=self.lives_for_s,
            httponly=True,
            secure=is_secure(request),
            samesite="lax",
        )

    def delete(self, request: Request, response: Response) -> None:
        """Have the browser forget it."""
        response.delete_cookie(
            self._full_name(request), secure=is_secure(request), httponly=True
        )

    def seal(self, request: Request, value: object) -> str:
        """Return a value as text that only we can write."""
        return self._sealer(request).dumps(value)

    def unseal(self, request: Request, sealed: str) -> Any | None:  # noqa: ANN401
        """Return the value of such a text, or None."""
        try:
            return self._sealer(request).loads(sealed, max_age=self.lives_for_s)
        except BadSignature:
            return None

    def _full_name(self, request: Request) -> str:
        """Return the cookie's name; over TLS no other host can set it."""
        return f"__Host-{self.name}" if is_secure(request) else self.name

    def _sealer(self, request: Request) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            parts_of(request).secret_key, salt=f"desk {self.name}"
        )
