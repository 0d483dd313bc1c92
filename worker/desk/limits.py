"""What nobody may send: a form is read before it is known who sent it."""

from fastapi import HTTPException
from fastapi.responses import PlainTextResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY_BYTES = 16_000_000
"""Our choice: no form of the desk comes near it."""
API = "/api/"
"""The read API says so itself, in its own words and as its description has it."""
_TOO_LARGE, _NOT_UNDERSTOOD = 413, 400
_FORM = "application/x-www-form-urlencoded"


class LimitRequests:
    """The layer that stops reading what is too large, or has a NUL in its text.

    PostgreSQL's text cannot hold a NUL, and nobody types one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count what is read of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not scope["path"].startswith(API) and (
            "\0" in scope["path"] or _has_nul(scope["query_string"])
        ):
            await PlainTextResponse("Not understood", _NOT_UNDERSTOOD)(
                scope, receive, send
            )
            return
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        is_form = headers.get("content-type", "").startswith(_FORM)
        read = 0

        async def receive_some() -> Message:
            nonlocal read
            if declared.isdecimal() and int(declared) > LARGEST_BODY_BYTES:
                raise HTTPException(_TOO_LARGE)
            message = await receive()
            body = message.get("body", b"")
            read += len(body)
            if read > LARGEST_BODY_BYTES:
                raise HTTPException(_TOO_LARGE)
            if is_form and _has_nul(body):
                raise HTTPException(_NOT_UNDERSTOOD)
            return message

        await self._app(scope, receive_some, send)


def _has_nul(encoded: bytes) -> bool:
    return b"%00" in encoded or b"\0" in encoded
