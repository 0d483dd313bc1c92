"""What people do at the desk, and which routes their browsers drive by doing it.

The routes come from the application, the buttons that share one from the templates, so
that a new one is missed until a walk presses it.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from fastapi import FastAPI
from playwright.sync_api import Browser, Page, Request, Response, expect

from tests.desk.browsers import DESKTOP, PHONE, a_served_desk
from tests.desk.routes import ways
from tests.desk.visitors import a_person
from tests.office import Office
from worker import desk
from worker.desk.app import create_app
from worker.desk.deed_table import DEEDS
from worker.domain.staff import StaffRole

DEED = "/claims/{claim_id}/do/{key}"
TEMPLATES = Path(desk.__file__).with_name("templates")
_PARAMETER = re.compile(r"{+[^{}]+}+")
_PRESSED = re.compile(
    r'<form[^>]* action="(?P<action>[^"]*)"|name="do" value="(?P<do>[a-z_]+)'
)


class Actions:
    """All that can be done at the desk.

    Each is a route, or a route and a button where several share a route.
    """

    def __init__(self, app: FastAPI) -> None:
        routes = [one.path for one in ways(app) if one.method == "POST"]
        self._patterns = [
            (re.compile(_PARAMETER.sub("[^/]+", route)), route) for route in routes
        ]
        shared = set(self._buttons())
        deeds = {f"{DEED} {deed.key}" for deed in DEEDS}
        every = deeds | shared | set(routes)
        self.every = every - {one.partition(" ")[0] for one in deeds | shared}

    def of(self, request: Request) -> str:
        """Return what a browser does by a request."""
        path = urlsplit(request.url).path
        route = self._route(path)
        button = parse_qs(request.post_data or "").get("do", [""])[0].partition(":")[0]
        if route == DEED:
            button = path.rpartition("/")[2]
        return f"{route} {button}".strip()

    def _route(self, path: str) -> str:
        return next(route for form, route in self._patterns if form.fullmatch(path))

    def _buttons(self) -> Iterator[str]:
        """Find the buttons that say what to do by their value, with their form."""
        for template in sorted(TEMPLATES.glob("*.html")):
            route = ""
            for found in _PRESSED.finditer(template.read_text("utf-8")):
                if found["action"] is None:
                    yield f"{route} {found['do']}"
                elif self._is_ours(path := _PARAMETER.sub("1", found["action"])):
                    route = self._route(path)

    def _is_ours(self, path: str) -> bool:
        return any(form.fullmatch(path) for form, _ in self._patterns)


class Way(StrEnum):
    """How the desk is looked at."""

    DESKTOP = "on a desktop"
    PHONE = "on a phone"
    NO_SCRIPTS = "without scripts"


@dataclass
class Stage:
    """An office whose desk is open, and what was done there so far."""

    office: Office
    address: str
    browser: Browser
    actions: Actions
    stack: ExitStack
    way: Way = Way.DESKTOP
    done: set[str] = field(default_factory=set)

    def tab(self) -> Page:
        """A browser in which nobody has signed in; it says yes when it is asked."""
        is_phone = self.way is Way.PHONE
        context = self.browser.new_context(
            viewport=PHONE if is_phone else DESKTOP,
            reduced_motion="reduce",
            java_script_enabled=self.way is not Way.NO_SCRIPTS,
        )
        self.stack.callback(context.close)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("dialog", lambda one: one.accept())
        page.on("response", self._note)
        return page

    def enter(self, name: str, role: StaffRole) -> Page:
        """A browser in which a person of that role has signed in."""
        people = self.office.parts.desk.people
        person = people.named(name) or a_person(self.office, name, role)
        secret = self.office.parts.desk.sessions.begin(person.person_id)
        page = self.tab()
        page.context.add_cookies(
            [{"name": "claims", "value": secret, "url": self.address}]
        )
        return page

    def go(self, page: Page, path: str) -> None:
        page.goto(self.address + path)

    def do(self, page: Page, claim_id: int, key: str, **typed: str) -> None:
        """Fill in one form of what may be done to a claim."""
        self.go(page, f"/claims/{claim_id}")
        form = page.locator(f"#do-{key}")
        title = form.locator("summary").inner_text()
        form.locator("summary").click()
        for name, value in typed.items():
            blank = form.locator(f"[name={name}]")
            if blank.evaluate("one => one.tagName") == "SELECT":
                blank.select_option(value)
            else:
                blank.fill(value)
        form.get_by_role("button").click()
        said(page, f"{title}: CLM-")
        self.office.run()

    def _note(self, response: Response) -> None:
        request = response.request
        if request.method == "POST" and response.ok | (response.status == 303):
            self.done.add(self.actions.of(request))


@contextmanager
def a_stage(
    office: Office, browser: Browser, way: Way = Way.DESKTOP
) -> Iterator[Stage]:
    """Open an office's desk for walks."""
    actions = Actions(create_app(office.parts))
    with a_served_desk(office) as address, ExitStack() as stack:
        yield Stage(office, address, browser, actions, stack, way)


# Whether a button sends its form and so leads to another page.
_LEADS_ON = (
    "one => one.type === 'submit' && one.form?.method !== 'dialog' && !!one.form"
)


def press(page: Page, name: str, *, nth: int = 0) -> None:
    """Press a button by its name, and wait for the page that it leads to.

    Without the wait the next step may still find its target on the page that is
    about to go.
    """
    button = page.get_by_role("button", name=name, exact=True).nth(nth)
    if button.evaluate(_LEADS_ON):
        with page.expect_navigation(wait_until="commit"):
            button.click()
    else:
        button.click()


def said(page: Page, words: str) -> None:
    """Wait until the page says something at its top."""
    expect(page.locator(".flash").filter(has_text=words).first).to_be_visible()


def goes_out(stage: Stage, page: Page) -> None:
    """Wait for a reply to be on its way, and let its ten seconds pass."""
    expect(page.locator(".pending")).to_contain_text("Goes out in a moment")
    stage.office.run_again()
    if stage.way is not Way.NO_SCRIPTS:  # the page loads itself anew
        expect(page.locator(".pending")).to_have_count(0)
