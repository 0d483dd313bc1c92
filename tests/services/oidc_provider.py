"""A small OpenID provider on a free loopback port, which lies on demand.

It signs whoever `person` is in without asking. Sources: OpenID Connect Core 1.0,
Discovery 1.0, RFC 7636.
"""

import base64
import json
import secrets
import threading
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "claims desk", "s3cret:with/odd characters"
TOKEN_LIVES_FOR_S = 300


@dataclass
class Grant:
    """One sign-in that waits for its code to be exchanged."""

    nonce: str
    challenge: str


@dataclass
class OidcProvider:
    """Serves discovery, keys, authorize and token.

    `now` is the provider's clock. The rest says how it answers: `claims` overrides
    claims of the id token (None leaves one out), `metadata` the discovery document;
    `signs_with` signs in place of the published key.
    """

    now: int
    person: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    refuses: str = ""
    breaks: bool = False
    algorithm: str = "RS256"
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
        self.signs_with: Any = self.key
        self._grants: dict[tuple[str, str], Grant] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._answer_get(self)

            def do_POST(self) -> None:
                provider._answer_post(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/realm"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def use_another_key(self) -> None:
        """Publish and use a new key, as providers do now and then."""
        self.key = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})
        self.signs_with = self.key

    def _answer_get(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        self.asked.append(parts.path)
        if self.breaks:
            _send(handler, 503, {})
        elif parts.path.endswith("/.well-known/openid-configuration"):
            _send(handler, 200, self._discovery())
        elif parts.path.endswith("/keys"):
            public = self.key.as_dict(private=False)
            _send(handler, 200, {"keys": [public, {"kty": "oct", "k": "c2hhcmVk"}]})
        elif parts.path.endswith("/authorize"):
            self._authorize(handler, parse_qs(parts.query))
        else:
            _send(handler, 404, {})

    def _answer_post(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers["Content-Length"])
        form = parse_qs(handler.rfile.read(length).decode())
        self.asked.append(urlsplit(handler.path).path)
        code, back_to = form["code"][0], form["redirect_uri"][0]
        grant = self._grants.pop((code, back_to), None)
        digest = sha256(form["code_verifier"][0].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if _client(handler) != (CLIENT, SECRET):
            _send(handler, 401, {"error": "invalid_client"})
        elif grant is None or grant.challenge != challenge:
            _send(handler, 400, {"error": "invalid_grant"})
        else:
            token = {"access_token": "at", "token_type": "Bearer"}
            _send(handler, 200, {**token, "id_token": self._id_token(grant)})

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            **self.metadata,
        }

    def _authorize(
        self, handler: BaseHTTPRequestHandler, query: dict[str, list[str]]
    ) -> None:
        asked = {name: values[0] for name, values in query.items()}
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        answer = {"state": asked["state"], "iss": self.issuer}
        if self.refuses:
            answer["error"] = self.refuses
        else:
            answer["code"] = secrets.token_urlsafe(16)
            self._grants[answer["code"], asked["redirect_uri"]] = Grant(
                asked["nonce"], asked["code_challenge"]
            )
        handler.send_response(303)
        handler.send_header("Location", f"{asked['redirect_uri']}?{urlencode(answer)}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def _id_token(self, grant: Grant) -> str:
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": self.now,
            "exp": self.now + TOKEN_LIVES_FOR_S,
            "nonce": grant.nonce,
            **self.person,
            **self.claims,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm}
        if self.algorithm == "none":
            return f"{_base64(header)}.{_base64(kept)}."
        if isinstance(self.signs_with, RSAKey):
            header["kid"] = self.signs_with.kid or ""
        return jwt.encode(header, kept, self.signs_with, [self.algorithm])


def _base64(content: dict[str, Any]) -> str:
    encoded = base64.urlsafe_b64encode(json.dumps(content).encode())
    return encoded.decode().rstrip("=")


def _client(handler: BaseHTTPRequestHandler) -> tuple[str, str]:
    """The client's id and secret (RFC 6749 section 2.3.1)."""
    _, _, encoded = handler.headers.get("Authorization", "").partition(" ")
    name, _, secret = base64.b64decode(encoded).decode().partition(":")
    return unquote_plus(name), unquote_plus(secret)


def _send(handler: BaseHTTPRequestHandler, status: int, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
