"""Jinja2 over `worker/desk/templates`: what every page is made with."""

from collections.abc import Callable
from datetime import datetime
from functools import cache, partial, wraps
from pathlib import Path
from typing import Any

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup, escape

from worker.desk import claim_words, words
from worker.desk.cookies import KEYS, SealedCookie
from worker.desk.guard import Visit
from worker.desk.headers import HashedFiles
from worker.desk.refusals import at_desk
from worker.domain import alert_words
from worker.domain.counting import counted
from worker.domain.explanation import in_zone
from worker.domain.staff import Right

_HERE = Path(__file__).parent
FILES = HashedFiles(_HERE / "static")
_FLASH = SealedCookie("claims_flash", lives_for_s=60)
SEE_OTHER = 303


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["when"] = _when
    made.filters["short_when"] = _short_when
    made.filters["ago"] = _ago
    made.filters["countdown"] = _countdown
    made.filters["urgency"] = _urgency
    made.filters["at_desk"] = at_desk
    made.filters["alert"] = alert_words.says
    made.filters["about"] = alert_words.about
    made.filters["in_zone"] = in_zone
    made.filters["cleaned"] = Markup  # what adapters/clean_html.py has made
    made.filters["span"] = words.span
    made.filters["usd"] = words.money
    made.filters["plain"] = words.plain
    made.filters["size"] = words.bytes_of
    made.filters["ticks"] = _ticks
    made.filters["ref"] = words.claim_ref
    made.filters["ms"] = words.milliseconds
    made.filters["count"] = words.count
    made.filters["counted"] = counted
    made.globals["asset"] = _asset
    made.globals["claim_words"] = claim_words
    made.globals["Right"] = Right
    return made


def of_one_moment(handler: Callable[..., Response]) -> Callable[..., Response]:
    """Let a page show the record as it is at one moment, in one transaction.

    For handlers that write nothing, with `visit` among their arguments.
    """

    @wraps(handler)
    def shown(visit: Visit, **given: object) -> Response:
        with visit.parts.store.reading():
            return handler(visit=visit, **given)

    return shown


def page(
    visit: Visit, template: str, *, status: int = 200, **facts: object
) -> HTMLResponse:
    """Return a page for somebody who is signed in; a flash is shown once.

    The template knows `person`, `may(right)`, `csrf`, `now`, `zone`, `path`, `flash`
    and `is_part` (asked for by htmx, so without the frame).
    """
    flash = _flash_of(visit.request)
    response = HTMLResponse(rendered(visit, template, flash=flash, **facts), status)
    if flash is not None:
        _FLASH.delete(visit.request, response)
    return response


def rendered(
    visit: Visit,
    template: str,
    *,
    flash: dict[str, str] | None = None,
    **facts: object,
) -> str:
    """Return a template as `page` shows it, for what is no answer by itself."""
    operates = visit.person.may(Right.OPERATE)
    return (
        _environment()
        .get_template(template)
        .render(
            person=visit.person,
            may=visit.person.may,
            csrf=visit.csrf,
            now=visit.parts.clock.now(),
            zone=visit.zone,
            path=visit.request.url.path,
            flash=flash,
            is_part="HX-Request" in visit.request.headers,
            has_keys=KEYS not in visit.request.cookies,
            resting=visit.parts.desk.paused.listed() if operates else (),
            **facts,
        )
    )


def open_page(
    request: Request, template: str, *, status: int = 200, **facts: object
) -> HTMLResponse:
    """Return a page for anybody: the sign-in, and what went wrong."""
    made = _environment().get_template(template)
    text = made.render(
        person=None, path=request.url.path, flash=None, resting=(), **facts
    )
    return HTMLResponse(text, status)


def go(
    request: Request, path: str, *, say: str = "", tone: str = "good", undo: str = ""
) -> Response:
    """Send the browser on after something was done, with a word about it.

    Args:
        request: the one that is answered.
        path: where to; within the desk.
        say: one sentence, shown on the next page; "" says nothing.
        tone: good, bad or plain.
        undo: where a button "Undo" posts to; "" has none.
    """
    response: Response
    if "HX-Request" in request.headers:
        response = Response(status_code=204, headers={"HX-Redirect": path})
    else:
        response = RedirectResponse(path, SEE_OTHER)
    if say:
        _FLASH.write(request, response, {"say": say, "tone": tone, "undo": undo})
    return response


def _flash_of(request: Request) -> dict[str, str] | None:
    if "HX-Request" in request.headers:
        return None
    told: dict[str, str] | None = _FLASH.read(request)
    return told


def _asset(name: str) -> str:
    """Return a static file's address, which changes with the file."""
    return f"/static/{name}?v={FILES.digest_of(name)}"


def _ticks(text: str) -> Markup:
    """Return a text whose words between backticks are code."""
    plain, *rest = text.split("`")
    shown = escape(plain)
    for number, part in enumerate(rest):
        shown += Markup("<code>{}</code>").format(part) if number % 2 == 0 else part
    return shown


# -- filters that know who reads -------------------------------------------------


@jinja2.pass_context
def _when(context: jinja2.runtime.Context, at: datetime | None) -> Markup | str:
    return _time(at, partial(words.instant, zone=context["zone"]))


@jinja2.pass_context
def _short_when(context: jinja2.runtime.Context, at: datetime | None) -> Markup | str:
    say = partial(words.short_instant, zone=context["zone"], now=context["now"])
    return _time(at, say)


@jinja2.pass_context
def _ago(context: jinja2.runtime.Context, at: datetime | None) -> Markup | str:
    zone = context["zone"]
    return _time(at, lambda one: words.ago(one, context["now"]), zone)


@jinja2.pass_context
def _countdown(context: jinja2.runtime.Context, at: datetime | None) -> Markup | str:
    zone = context["zone"]
    return _time(at, lambda one: words.countdown(one, context["now"]), zone)


@jinja2.pass_context
def _urgency(context: jinja2.runtime.Context, at: datetime | None) -> str:
    return words.urgency(at, context["now"])


def _time(at: datetime | None, say: Any, zone: Any = None) -> Markup | str:  # noqa: ANN401
    if at is None:
        return "–"
    title = f' title="{escape(words.instant(at, zone))}"' if zone else ""
    return Markup(  # noqa: S704 - every piece is escaped
        f'<time datetime="{escape(words.machine_instant(at))}"{title}>'
        f"{escape(say(at))}</time>"
    )
