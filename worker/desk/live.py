"""Server-sent events: a page's parts anew every few seconds, while they are watched.

Source: WHATWG HTML, section 9.2. The browser's end is `live` in `desk.js`.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from worker.desk.guard import visit_of
from worker.domain.errors import RetryLater

MOST_WATCHERS = 20
"""Live pages of one desk process; others are still and can be loaded again."""
SEND_EVERY = timedelta(seconds=4)
LOOK_EVERY = timedelta(seconds=0.5)
"""How soon a stream sees that the desk stops or that its page has gone."""
LASTS = timedelta(minutes=30)
"""Then the browser connects anew, which ends what a broken network left behind."""


class Watchers:
    """Counts live pages; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self.stopping = threading.Event()
        """Set when the desk ends, so that no stream keeps it."""

    @property
    def is_full(self) -> bool:
        """Return whether there is no place left."""
        with self._lock:
            return self._number >= MOST_WATCHERS

    def enter(self) -> None:
        """Take a place."""
        with self._lock:
            self._number += 1

    def leave(self) -> None:
        """Give the place back."""
        with self._lock:
            self._number -= 1


def watchers_of(request: Request) -> Watchers:
    """Return the application's count of live pages."""
    watchers = request.app.state.watchers
    assert isinstance(watchers, Watchers)  # noqa: S101 - set in app.py
    return watchers


def stream(request: Request, render: Callable[[], str]) -> Response:
    """Send what `render` returns now and whenever it changed, as HTML.

    It is called in a thread. The stream ends with the session, with the page, with
    the desk, and after half an hour.
    """
    watchers = watchers_of(request)
    if watchers.is_full:
        return PlainTextResponse("Too many live pages; load this one again.", 503)
    return StreamingResponse(
        _events(request, watchers, render),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _events(
    request: Request, watchers: Watchers, render: Callable[[], str]
) -> AsyncIterator[str]:
    last = ""
    looks_between = round(SEND_EVERY / LOOK_EVERY)
    watchers.enter()
    try:
        for look in range(round(LASTS / LOOK_EVERY)):
            if watchers.stopping.is_set() or await request.is_disconnected():
                return
            if look % looks_between == 0:
                try:
                    if await visit_of(request, is_used=False) is None:
                        return
                    text = await run_in_threadpool(render)
                except RetryLater:
                    text = last
                yield ": still here\n\n" if text == last else _event(text)
                last = text
            await asyncio.sleep(LOOK_EVERY.total_seconds())
    finally:
        watchers.leave()


def _event(text: str) -> str:
    return "".join(f"data: {line}\n" for line in text.splitlines()) + "\n"
