"""Visitors of the desk, without a browser: forms are found in the pages and sent."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from html import unescape

from fastapi.testclient import TestClient
from httpx2 import Response

from tests.office import Office
from worker.adapters.passwords import hash_password
from worker.desk.app import create_app
from worker.domain.staff import Person, StaffRole

PASSWORD = "a sentence that nobody guesses"
_TOKEN = re.compile(r'name="(?:csrf|token)" value="([^"]*)"')


@cache
def password_hash() -> str:
    """The hash of PASSWORD, which takes a while to make."""
    return hash_password(PASSWORD)


def a_person(
    office: Office, name: str = "mei", role: StaffRole = StaffRole.LEAD
) -> Person:
    """Add an account that signs in with PASSWORD."""
    return office.parts.desk.people.add(name, role, password_hash=password_hash())


@dataclass
class Visitor:
    """Somebody at the desk; `get` and `post` follow no redirect."""

    client: TestClient
    name: str = ""
    csrf: str = field(default="", repr=False)

    def get(self, path: str, **more: object) -> Response:
        """Ask for a page, and remember its token for the next form."""
        response: Response = self.client.get(path, **more)  # type: ignore[arg-type]
        found = _TOKEN.search(response.text)
        if found is not None:
            self.csrf = unescape(found[1])
        return response

    def post(self, path: str, **fields: object) -> Response:
        """Send a form as the pages do, with the token of the page seen last."""
        sent: Response = self.client.post(path, data={"csrf": self.csrf, **fields})
        return sent

    def sign_in(self, name: str, password: str = PASSWORD, **fields: str) -> Response:
        """Fill in the sign-in form."""
        self.name = name
        self.get("/sign-in")
        form = {"name": name, "password": password, "token": self.csrf, **fields}
        answer: Response = self.client.post("/sign-in", data=form)
        return answer


@contextmanager
def a_visitor(office: Office) -> Iterator[Visitor]:
    """Give somebody who is not signed in."""
    app = create_app(office.parts)
    with TestClient(app, follow_redirects=False) as client:
        yield Visitor(client)


@contextmanager
def signed_in(
    office: Office, role: StaffRole = StaffRole.LEAD, *, name: str = "mei"
) -> Iterator[Visitor]:
    """Give somebody who is signed in with a role."""
    if office.parts.desk.people.named(name) is None:
        a_person(office, name, role)
    with a_visitor(office) as visitor:
        assert visitor.sign_in(name).status_code == 303
        visitor.get("/account/password")
        yield visitor


def flash(visitor: Visitor) -> str:
    """What the next page says at its top."""
    found = re.search(r'role="status">\s*<p>(.*?)</p>', visitor.get("/claims").text)
    assert found is not None
    return unescape(found[1])
