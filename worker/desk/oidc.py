"""OpenID Connect: the authorization code flow with PKCE against one provider.

Sources: OpenID Connect Core 1.0 sections 3.1.2 to 3.1.3.7, Discovery 1.0 section 4.3,
RFC 7636 (PKCE), RFC 9207 (`iss` in the answer), RFC 9700 (best current practice).
"""

import hmac
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from worker.domain.staff import StaffRole
from worker.settings import Settings

ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "EdDSA", "RS512", "ES512"})
"""Signatures by a key that only the provider has; never `none`, never a shared key."""
_TIMEOUT_S = 10.0
_KEPT_FOR = timedelta(hours=1)
_AGAIN_AFTER = timedelta(minutes=1)
"""Unknown keys are looked for no more often: anybody can name one."""
_LEEWAY_S = 60
_LONGEST_SUBJECT = 255
"""Source: OpenID Connect Core 1.0 section 2, `sub`."""
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class SignInFailed(Exception):
    """The sign-in at the provider came to nothing; `why` is a sentence for the page."""

    def __init__(self, why: str, code: str) -> None:
        super().__init__(code)
        self.why = why
        self.code = code


@dataclass(frozen=True, slots=True)
class Begun:
    """What one sign-in keeps in the browser until its answer comes."""

    state: str
    nonce: str
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stranger:
    """Who the provider says it is: the subject, names to choose from, and groups."""

    subject: str
    names: tuple[str, ...]
    full_name: str
    groups: frozenset[str]

    def role(self, roles: tuple[tuple[str, StaffRole], ...]) -> StaffRole | None:
        """Return the role of the first group in the settings that they are in."""
        return next((role for group, role in roles if group in self.groups), None)


class Provider:
    """The provider of the settings; what it publishes is kept for an hour."""

    def __init__(self, settings: Settings) -> None:
        assert settings.oidc_issuer is not None  # noqa: S101 - the caller's to know
        assert settings.oidc_client_id is not None  # noqa: S101 - as settings.py checks
        self._settings = settings
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._keys = KeySet([])
        self._metadata_at: datetime | None = None
        self._keys_at: datetime | None = None

    @property
    def name(self) -> str:
        """Return how staff call it."""
        return self._settings.oidc_name

    @property
    def back_to(self) -> str:
        """Return where the provider sends browsers back to."""
        return f"{self._settings.desk_url}/sign-in/oidc/back"

    def begin(self, now: datetime) -> tuple[str, Begun]:
        """Return where to send the browser, and what it has to keep.

        Raises:
            SignInFailed: the provider does not answer, or not as one.
        """
        begun = Begun(*(secrets.token_urlsafe(32) for _ in range(3)))
        address = prepare_grant_uri(
            self._published("authorization_endpoint", now),
            client_id=self._client_id,
            response_type="code",
            redirect_uri=self.back_to,
            scope=self._settings.oidc_scopes,
            state=begun.state,
            nonce=begun.nonce,
            code_challenge=create_s256_code_challenge(begun.verifier),
            code_challenge_method="S256",
        )
        return address, begun

    def finish(
        self, answer: Mapping[str, str], begun: Begun | None, now: datetime
    ) -> Stranger:
        """Return who signed in there.

        Args:
            answer: the query with which the browser came back.
            begun: what it kept, if anything.
            now: for the token's lifetime.

        Raises:
            SignInFailed: says why not.
        """
        state = answer.get("state", "").encode()
        if begun is None or not hmac.compare_digest(state, begun.state.encode()):
            raise SignInFailed(
                "That sign-in was begun elsewhere or too long ago. Please try again.",
                "state",
            )
        if answer.get("iss", self._issuer) != self._issuer:
            raise self._refused("iss_of_answer")
        if "error" in answer or not answer.get("code"):
            raise SignInFailed(
                f"The sign-in at {self.name} was not completed.", "no_code"
            )
        tokens = self._tokens(answer["code"], begun.verifier, now)
        return self._stranger(self._verified(tokens, begun.nonce, now))

    def _tokens(self, code: str, verifier: str, now: datetime) -> dict[str, Any]:
        """Exchange the code, which the provider takes once."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.back_to,
            "code_verifier": verifier,
        }
        auth = None
        secret = self._settings.oidc_client_secret
        endpoint = self._published("token_endpoint", now)
        methods = self._metadata.get("token_endpoint_auth_methods_supported")
        if secret is None:
            form["client_id"] = self._client_id
        elif methods and "client_secret_basic" not in methods:
            form["client_id"] = self._client_id
            form["client_secret"] = secret.get_secret_value()
        else:  # RFC 6749 section 2.3.1: encoded before they are put together
            parts = (self._client_id, secret.get_secret_value())
            auth = httpx.BasicAuth(*map(quote_plus, parts))
        return self._ask("POST", endpoint, data=form, auth=auth)

    def _verified(
        self, tokens: Mapping[str, Any], nonce: str, now: datetime
    ) -> CodeIDToken:
        """Return the id token's claims: signature, issuer, audience, time, nonce."""
        raw = tokens.get("id_token")
        if not isinstance(raw, str):
            raise self._refused("no_id_token")
        try:
            token = self._decoded(raw, now)
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": self._issuer},
                    "aud": {"essential": True, "value": self._client_id},
                },
                params={
                    "nonce": nonce,
                    "client_id": self._client_id,
                    "access_token": tokens.get("access_token"),
                },
            )
            claims.validate(now=int(now.timestamp()), leeway=_LEEWAY_S)
        except (JoseError, ValueError, TypeError) as error:
            raise self._refused(type(error).__name__) from None
        return claims

    def _decoded(self, raw: str, now: datetime) -> jwt.Token:
        registry = JWSRegistry(algorithms=list(ALGORITHMS))
        try:
            return jwt.decode(raw, self._key_set(now), registry=registry)
        except (JoseError, ValueError):
            if not self._may_look_again(now):
                raise
            return jwt.decode(raw, self._key_set(now, anew=True), registry=registry)

    def _stranger(self, claims: Mapping[str, Any]) -> Stranger:
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
            raise self._refused("sub")
        names = [claims.get("preferred_username")]
        if claims.get("email_verified") is True:
            names.append(claims.get("email"))
        full_name = claims.get("name")
        return Stranger(
            subject=f"{self._issuer} {subject}",
            names=tuple(name for name in names if isinstance(name, str)),
            full_name=full_name[:200] if isinstance(full_name, str) else "",
            groups=_groups(claims, self._settings.oidc_role_claim),
        )

    def _published(self, endpoint: str, now: datetime) -> str:
        """Return an address that the provider publishes, over TLS as its issuer."""
        with self._lock:
            if self._metadata_at is None or now - self._metadata_at > _KEPT_FOR:
                where = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
                found = self._ask("GET", where)
                if found.get("issuer") != self._issuer:
                    raise self._refused("issuer")
                self._metadata, self._metadata_at = found, now
            address = self._metadata.get(endpoint)
        if not isinstance(address, str) or not _is_safe(address):
            raise self._refused(endpoint)
        return address

    def _key_set(self, now: datetime, *, anew: bool = False) -> KeySet:
        address = self._published("jwks_uri", now)
        with self._lock:
            if anew or self._keys_at is None or now - self._keys_at > _KEPT_FOR:
                keys = self._ask("GET", address).get("keys")
                if not isinstance(keys, list):
                    raise self._refused("jwks")
                self._keys = KeySet.import_key_set({"keys": _for_signatures(keys)})
                self._keys_at = now
            return self._keys

    def _may_look_again(self, now: datetime) -> bool:
        """Return whether other keys may have been published since we looked."""
        return self._keys_at is not None and now - self._keys_at > _AGAIN_AFTER

    def _ask(self, method: str, address: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's
        """Return what the provider answers, an object of JSON."""
        headers = {"Accept": "application/json"}
        try:
            answer = httpx.request(
                method, address, timeout=_TIMEOUT_S, headers=headers, **more
            )
        except httpx.HTTPError:
            raise self._silent("unreachable") from None
        if answer.is_server_error:
            raise self._silent("server_error")
        try:
            found = answer.json()
        except ValueError:
            raise self._refused("no_json") from None
        if not answer.is_success or not isinstance(found, dict):
            raise self._refused("refused")
        return found

    def _silent(self, code: str) -> SignInFailed:
        say = f"{self.name} does not answer just now. Try again in a moment."
        return SignInFailed(say, code)

    def _refused(self, code: str) -> SignInFailed:
        return SignInFailed(
            f"The answer of {self.name} could not be trusted. Please try again;"
            " if it stays so, tell an admin.",
            code,
        )


def _groups(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """Return the groups of a claim: one of that name, or inside others by dots."""
    found: Any = claims.get(claim)
    if found is None:
        found = claims
        for part in claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return frozenset({found})
    if not isinstance(found, list):
        return frozenset()
    return frozenset(one for one in found if isinstance(one, str))


def _for_signatures(keys: list[Any]) -> list[dict[str, Any]]:
    """Return the public keys that may have signed; a shared key (oct) never has."""
    return [
        key
        for key in keys
        if isinstance(key, dict)
        and key.get("kty") in {"RSA", "EC", "OKP"}
        and key.get("use", "sig") == "sig"
    ]


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in _LOOPBACK
    )
