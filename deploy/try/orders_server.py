# ruff: noqa: INP001 - a script, no package
"""An order directory for trying out: serves an orders.csv as docs/orders-api.md says.

It is a reference for writing a real one, and needs nothing but Python. In production
it would speak HTTPS; the worker takes plain HTTP from this machine only.
"""

import argparse
import csv
import json
import re
import unicodedata
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ORDER_FIELDS = (
    "order_number",
    "member_id",
    "member_name",
    "member_email",
    "locale",
    "placed_at",
    "guarantee_fee_usd",
    "points_applied",
    "points_earned",
)
MEMBER_FIELDS = ("member_id", "member_name", "member_email", "locale")
MOST_BYTES = 10_000
Answer = tuple[int, dict[str, Any]]


def key_of(text: str) -> str:
    """Return an id as it is compared: no case, no blanks, one kind of dash."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"\s", "", re.sub("[\u2010-\u2015\u2212]", "-", plain))


class Directory:
    """The orders of a file, and the answers to each question."""

    def __init__(self, path: Path) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.members: dict[str, dict[str, str]] = {}
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines):
                self._add({name: cell.strip() for name, cell in row.items()})

    def _add(self, row: dict[str, str]) -> None:
        order = {name: row.pop(name) for name in ORDER_FIELDS}
        member = {name: order[name] for name in MEMBER_FIELDS}
        self.members.setdefault(key_of(order["member_id"]), member)
        known = self.orders.setdefault(
            key_of(order["order_number"]), order | {"packages": []}
        )
        known["packages"].append(row)

    def get(self, path: str) -> Answer:
        """Answer GET /orders/N, /members/M and /members/M/orders."""
        match [unquote(part) for part in path.strip("/").split("/")]:
            case ["orders", number]:
                return _found(self.orders.get(key_of(number)), "no_such_order")
            case ["members", member_id]:
                return _found(self.members.get(key_of(member_id)), "no_such_member")
            case ["members", member_id, "orders"]:
                return self._orders_of(key_of(member_id))
        return 404, {"error": "no_such_path"}

    def search(self, question: Any) -> Answer:  # noqa: ANN401 - JSON
        """Answer POST /members/search."""
        wanted = str(question["member_email"]).lower()
        found = [
            member
            for member in self.members.values()
            if wanted in re.split(r"\s*;\s*", member["member_email"].lower())
        ]
        return 200, {"members": found}

    def _orders_of(self, member: str) -> Answer:
        if member not in self.members:
            return 404, {"error": "no_such_member"}
        own = [
            one for one in self.orders.values() if key_of(one["member_id"]) == member
        ]
        own.sort(key=lambda one: one["placed_at"], reverse=True)
        return 200, {"order_numbers": [one["order_number"] for one in own]}


def _found(what: dict[str, Any] | None, absent: str) -> Answer:
    return (404, {"error": absent}) if what is None else (200, what)


class Handler(BaseHTTPRequestHandler):
    """Asks for the token, then the directory."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    directory: Directory
    token: str

    def do_GET(self) -> None:
        """Answer a question by path."""
        if self.is_allowed():
            self.answer(*self.directory.get(urlsplit(self.path).path))

    def do_POST(self) -> None:
        """Answer a search."""
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(min(length, MOST_BYTES))
        if not self.is_allowed():
            return
        try:
            found = self.directory.search(json.loads(raw))
        except (ValueError, KeyError, TypeError):
            found = 400, {"error": "expected a JSON object with member_email"}
        self.answer(*found)

    def is_allowed(self) -> bool:
        """Return whether the token is right; answer 401 where it is not."""
        if self.headers.get("Authorization") == f"Bearer {self.token}":
            return True
        self.answer(401, {"error": "wrong token"})
        return False

    def answer(self, status: int, content: dict[str, Any]) -> None:
        """Send one answer."""
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: the paths hold ids."""


def make_server(path: Path, *, port: int, token: str) -> ThreadingHTTPServer:
    """Return a server on loopback that is not running yet; port 0 takes a free one."""
    known = {"directory": Directory(path), "token": token}
    handler = type("OfThisDirectory", (Handler,), known)
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("orders", type=Path, help="orders.csv")
    parser.add_argument("--port", type=int, default=8085)
    parser.add_argument("--token", default="try")
    words = parser.parse_args()
    server = make_server(words.orders, port=words.port, token=words.token)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201 - a script
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
