"""Headers that every answer of the desk carries: pages, files, errors, redirects."""

from hashlib import sha256
from pathlib import Path

from fastapi import Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from worker.desk.guard import is_secure

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; frame-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
"""No script, style or picture but our own; source: OWASP CSP cheat sheet."""
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
HSTS = "max-age=31536000"
"""One year; source: RFC 6797 section 6.1.1. Not for hosts below, which are not ours."""
FOR_EVER = "public, max-age=31536000, immutable"
"""For an address that holds the file's digest. Source: RFC 8246."""


def add_headers(request: Request, headers: MutableHeaders) -> None:
    """Add what an answer does not say itself."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if is_secure(request):
        headers.setdefault("Strict-Transport-Security", HSTS)


class AddHeaders:
    """The layer that adds them to every answer, and leaves streams as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_headers(Request(scope), MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, send_on)


class HashedFiles(StaticFiles):
    """Files whose addresses change with them, so that a browser asks once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder)
        self._digests: dict[str, str] = {}
        self._folder = folder

    def digest_of(self, name: str) -> str:
        """Return what the address of a file holds: `?v=` and this."""
        if name not in self._digests:
            content = (self._folder / name).read_bytes()
            self._digests[name] = sha256(content).hexdigest()[:10]
        return self._digests[name]

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file, to be kept for ever where the address is its own."""
        response = await super().get_response(path, scope)
        asked = scope["query_string"].decode("latin-1")
        is_own = asked == f"v={self.digest_of(path)}"
        response.headers["Cache-Control"] = FOR_EVER if is_own else "no-cache"
        return response
