"""All routes of the desk, as the security tests go through them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import anyio
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.datastructures import Headers

from worker.domain.staff import Right

UNGUARDED = "unguarded"
_THREAD = ThreadPoolExecutor(max_workers=1)


@dataclass(frozen=True)
class Way:
    """One method of one route; `right` is None for anybody who is signed in."""

    method: str
    path: str
    right: Right | str | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def with_sample(self, sample: str = "1") -> str:
        """The address, with a sample in place of each parameter."""
        parts = self.path.split("/")
        return "/".join(_filled(part, sample) for part in parts)


def _filled(part: str, sample: str) -> str:
    begin, brace, _ = part.partition("{")
    if not brace:
        return part
    return f"{begin}csv" if part.endswith("{kind}") else sample


def ways(app: FastAPI) -> Iterator[Way]:
    """Every method of every route, files apart."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            for method in sorted(context.methods or ()):
                yield Way(method, context.path or "", _right(route.dependant))


def _right(dependant: Dependant) -> Right | str | None:
    for one in dependant.dependencies:
        marks = getattr(one.call, "__dict__", {})
        if "right" in marks:
            right: Right | None = marks["right"]
            return right
        below = _right(one)
        if below != UNGUARDED:
            return below
    return UNGUARDED


@dataclass(frozen=True)
class Answer:
    """How an answer begins; streams are not waited for."""

    status: int
    headers: Headers


def ask(
    app: FastAPI,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """Send one request and return how its answer begins."""
    where, _, query = path.partition("?")
    sent = {"host": "desk.example", **(headers or {})}
    if body:
        sent.setdefault("content-type", "application/x-www-form-urlencoded")
        sent.setdefault("content-length", str(len(body)))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": where,
        "raw_path": where.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [
            (name.lower().encode(), value.encode()) for name, value in sent.items()
        ],
        "client": ("192.0.2.7", 50_000),
        "server": ("desk.example", 80),
        "state": {},
    }
    # In a thread of its own: a browser of other tests has a loop in this one.
    return _THREAD.submit(anyio.run, _begin, app, scope, body).result()


async def _begin(app: FastAPI, scope: dict[str, Any], body: bytes) -> Answer:
    begun: list[Answer] = []
    is_sent = False

    async def receive() -> dict[str, Any]:
        nonlocal is_sent
        if not is_sent:
            is_sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        await anyio.sleep_forever()
        return {"type": "http.disconnect"}

    with anyio.CancelScope() as running:

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = Headers(raw=list(message["headers"]))
                begun.append(Answer(message["status"], headers))
                running.cancel()

        await app(scope, receive, send)  # type: ignore[arg-type]
    return begun[0]
