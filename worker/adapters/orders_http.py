"""httpx: the shop's own order directory, JSON over HTTPS -> ports.Orders.

docs/orders-api.md has what is asked and what is answered; the fields are those of
orders.csv and are read by its rules. Whatever is not a clean answer is RetryLater:
that an order does not exist is believed only where the directory says so in so many
words. Nothing of an answer is logged but the names of its fields.
"""

import random
import re
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn
from urllib.parse import quote

import httpx
import structlog

from worker.adapters.orders_answer import (
    RETRY_AFTER,
    Unclear,
    as_json,
    as_member,
    as_members,
    as_numbers,
    as_order,
    can_be_id,
    says_absent,
)
from worker.domain.errors import RetryLater
from worker.domain.orders import Member, Order, normal_id

log = structlog.get_logger()

LOST, UNCLEAR = "orders_lost", "orders_unclear"
"""Alerts: the directory is down; it cannot be understood about one thing."""
PROBE = "/orders/claims-worker-probe"
"""An order that no directory has; every one says so that is well."""
NO_SUCH_ORDER, NO_SUCH_MEMBER = "no_such_order", "no_such_member"
# Our choice: a page of one order is a few kilobytes, and a lookup is not to hold up a
# mail for longer than a person would wait.
MOST_BYTES = 1024 * 1024
TIMEOUT = httpx.Timeout(5.0, connect=3.0)
WHOLE_ANSWER_S = 10.0
TRIES = 3
FIRST_PAUSE_S = 0.25
DOWN_FOR_S = 5.0
"""After a lookup that failed, others do not even ask for so long."""
LONGEST_RETRY_AFTER = timedelta(hours=1)
KEPT_FOR_S = 30.0
MOST_KEPT = 1000
_AGAIN = frozenset({500, 502, 504})
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)
_ABSENT = object()
"""The directory says that what was asked for does not exist."""
_SURELY_DOWN = frozenset({"orders_unreachable", "orders_tls", "orders_busy"})


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question: the path below the URL, and what is sent with it."""

    method: str
    path: str
    body: dict[str, str] | None = None


class HttpOrders:
    """See ports.Orders. Safe to share between threads.

    What it answers is kept for half a minute. A lookup tries three times where that
    may help, and takes a minute at most.

    Args:
        url: of the directory, without a slash at its end.
        token: sent as bearer token; None sends none.
        default_tz: the zone of times without an offset, as in orders.csv.
        pause: waits so many seconds between two tries; None does so really.
        monotonic: seconds that never go back.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None,
        default_tz: str = "UTC",
        pause: Callable[[float], object] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._url = url
        self._default_tz = default_tz
        self._pause = threading.Event().wait if pause is None else pause
        self._monotonic = monotonic
        # The environment's proxies and .netrc have no say in where the token goes.
        self._client = httpx.Client(
            headers=headers,
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            verify=ssl.create_default_context(),
        )
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[float, Any]] = OrderedDict()
        self._down: tuple[float, Unclear] | None = None

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    # -- the port --

    def order(self, order_number: str) -> Order | None:
        """See ports.Orders."""
        if not can_be_id(order_number):
            return None
        asked = _Asked("GET", f"/orders/{quote(order_number, safe='')}")
        found: Order | None = self._look_up(
            ("order", normal_id(order_number)),
            asked,
            lambda answer: as_order(answer, order_number, default_tz=self._default_tz),
            absent=NO_SUCH_ORDER,
        )
        return found

    def member(self, member_id: str) -> Member | None:
        """See ports.Orders."""
        if not can_be_id(member_id):
            return None
        asked = _Asked("GET", f"/members/{quote(member_id, safe='')}")
        found: Member | None = self._look_up(
            ("member", normal_id(member_id)),
            asked,
            lambda answer: as_member(answer, member_id),
            absent=NO_SUCH_MEMBER,
        )
        return found

    def members_at(self, address: str) -> tuple[Member, ...]:
        """See ports.Orders."""
        address = address.lower()
        if not address.isprintable():
            return ()
        # In the body: addresses do not belong into the logs of servers on the way.
        asked = _Asked("POST", "/members/search", {"member_email": address})
        found: tuple[Member, ...] = self._look_up(
            ("address", address), asked, lambda answer: as_members(answer, address)
        )
        return found

    def orders_of(self, member_id: str) -> tuple[str, ...]:
        """See ports.Orders."""
        if not can_be_id(member_id):
            return ()
        asked = _Asked("GET", f"/members/{quote(member_id, safe='')}/orders")
        found: tuple[str, ...] | None = self._look_up(
            ("orders", normal_id(member_id)),
            asked,
            as_numbers,
            absent=NO_SUCH_MEMBER,
        )
        return () if found is None else found

    # -- asking --

    def probe(self) -> str:
        """Ask for what is not there; return "" when all is well, else a stable code."""
        try:
            answer = self._ask(_Asked("GET", PROBE), absent=NO_SUCH_ORDER)
        except Unclear as broken:
            return broken.code
        return "" if answer is _ABSENT else "orders_has_anything"

    def _look_up(
        self,
        key: tuple[str, str],
        asked: _Asked,
        read: Callable[[Any], Any],
        *,
        absent: str | None = None,
    ) -> Any:  # noqa: ANN401 - each of the port's answers
        """Return what the directory says, None where it says `absent`.

        Raises:
            RetryLater: it is down, refuses us, or answers what cannot be read.
        """
        now = self._monotonic()
        with self._lock:
            kept_until, known = self._kept.get(key, (now, None))
            if kept_until > now:
                return known
            if self._down is not None and self._down[0] > now:
                raise _later(self._down[1], is_own=False)
        try:
            answer = self._ask(asked, absent=absent)
            found = None if answer is _ABSENT else read(answer)
        except Unclear as broken:
            self._refuse(broken)
        with self._lock:
            self._down = None
            self._kept[key] = (self._monotonic() + KEPT_FOR_S, found)
            self._kept.move_to_end(key)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found

    def _refuse(self, broken: Unclear) -> NoReturn:
        """Say whether the directory is down, or only unclear about this one thing.

        One odd order, or an id that some server on the way will not pass on, must not
        hold up every other mail.
        """
        log.warning("orders_unclear", code=broken.code, reasons=list(broken.reasons))
        is_own = broken.code not in _SURELY_DOWN and self.probe() == ""
        if not is_own:
            with self._lock:
                self._down = (self._monotonic() + DOWN_FOR_S, broken)
        raise _later(broken, is_own=is_own) from None

    def _ask(self, asked: _Asked, *, absent: str | None) -> Any:  # noqa: ANN401 - JSON
        """Return the answer's JSON, or _ABSENT where it says so; tries again."""
        for number in range(1, TRIES + 1):
            try:
                return self._ask_once(asked, absent=absent)
            except Unclear as broken:
                if number == TRIES or not broken.is_passing:
                    raise
            # With jitter, so that many workers do not come back at once.
            longest = FIRST_PAUSE_S * 2.0**number
            self._pause(random.uniform(longest / 2, longest))  # noqa: S311 - no secret
        raise AssertionError("the last try returns or raises")

    def _ask_once(self, asked: _Asked, *, absent: str | None) -> Any:  # noqa: ANN401 - JSON
        try:
            with self._client.stream(
                asked.method, self._url + asked.path, json=asked.body
            ) as response:
                _refuse_status(response)
                body = self._body(response)
        except httpx.TimeoutException:
            raise Unclear("orders_timeout", is_passing=True) from None
        except httpx.ConnectError as error:
            is_tls = _is_tls(error)
            code = "orders_tls" if is_tls else "orders_unreachable"
            raise Unclear(code, is_passing=not is_tls) from None
        except httpx.TransportError:
            raise Unclear("orders_protocol", is_passing=True) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError):
            raise Unclear("orders_protocol") from None
        if response.status_code == httpx.codes.OK:
            return as_json(body)
        if absent is None or not says_absent(body, absent):
            raise Unclear("orders_unclear_404")
        return _ABSENT

    def _body(self, response: httpx.Response) -> bytes:
        """Return the body, which is neither huge nor endless."""
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Unclear("orders_compressed")
        until = self._monotonic() + WHOLE_ANSWER_S
        body = bytearray()
        for part in response.iter_raw():
            body += part
            if len(body) > MOST_BYTES:
                raise Unclear("orders_too_big")
            if self._monotonic() > until:
                raise Unclear("orders_timeout", is_passing=True)
        return bytes(body)


def _later(broken: Unclear, *, is_own: bool) -> RetryLater:
    return RetryLater(
        broken.code,
        retry_after=None if is_own else broken.retry_after,
        alert=UNCLEAR if is_own else LOST,
        is_own=is_own,
    )


def _refuse_status(response: httpx.Response) -> None:
    """Let pass what has an answer in it: 200, and 404 for what does not exist.

    Raises:
        Unclear: any other status.
    """
    status = response.status_code
    if status in {httpx.codes.OK, httpx.codes.NOT_FOUND}:
        return
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise Unclear("orders_login_refused")
    if status in {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}:
        said = response.headers.get("Retry-After", "")
        wait = timedelta(seconds=int(said)) if _SECONDS.fullmatch(said) else RETRY_AFTER
        wait = min(max(wait, RETRY_AFTER), LONGEST_RETRY_AFTER)
        raise Unclear("orders_busy", retry_after=wait)
    raise Unclear(f"orders_http_{status}", is_passing=status in _AGAIN)


def _is_tls(error: BaseException) -> bool:
    """Return whether a connection failed for its certificate or its encryption."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
