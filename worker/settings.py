"""Settings: frozen, from the environment and `.env`, all faults named at once."""

import os
import re
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, Self, get_args, get_origin
from urllib.parse import urlsplit

from annotated_types import Ge, Le
from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    SettingsConfigDict,
)

from worker.domain.errors import SettingsInvalid
from worker.domain.staff import StaffRole

PREFIX = "CLAIMS_"
_MAILBOX_SCHEMES = {"imap", "imaps", "imap+starttls"}
_SMTP_SCHEMES = {"smtp", "smtps", "smtp+starttls"}
_REDIS_SCHEMES = {"redis", "rediss", "unix"}
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_TOKEN = re.compile(r"[!-~]{1,4096}", re.ASCII)
OFF = "off"
"""For CLAIMS_DESK_BIND: no desk in this process group."""
HIGHEST_PORT = 65_535
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_FORMS = {
    "mailbox_url": "imaps://user:password@host/INBOX",
    "smtp_url": "smtp+starttls://user:password@host",
}
"""What a setting looks like that is needed and has no default."""


class Settings(BaseSettings):
    """Everything that can be set. A secret is never printed.

    Source: DESIGN section 5.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", frozen=True, extra="ignore"
    )

    mailbox_url: SecretStr | None = Field(
        None, description="The claims mailbox: imap://user:password@host:port/INBOX"
    )
    smtp_url: SecretStr | None = Field(
        None, description="The relay: smtp://, smtps:// or smtp+starttls://"
    )
    database_url: SecretStr | None = Field(
        None, description="sqlite:///path or postgresql://; unset: in the data folder"
    )
    redis_url: SecretStr | None = Field(
        None, description="redis:// or unix://; unset: a private redis-server"
    )
    raw_url: str | None = Field(
        None, description="Raw store: file:///path; unset: in the data folder"
    )
    orders_url: str | None = Field(
        None, description="Order directory over HTTPS; unset: the imported orders"
    )
    orders_token: SecretStr | None = Field(
        None, description="Bearer token for the order directory"
    )
    from_: str = Field(
        "claims@localhost",
        alias="CLAIMS_FROM",
        description="The mailbox's own address; answers come from it",
    )
    from_name: str = Field("Claims", description="The name beside that address")
    signature: str | None = Field(
        None,
        description="How e-mails are signed; unset: the claims team, in the member's"
        " language",
    )
    own_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Other addresses of ours (comma list); never answered"
    )
    trusted_mx: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Host names of our own mail exchangers (comma list)"
    )
    trusted_authserv: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="authserv-ids of our own servers (comma list)"
    )
    auth_profile: Literal["rfc8601", "microsoft365"] = Field(
        "rfc8601", description="How our server writes Authentication-Results"
    )
    dkim: bool = Field(
        default=False, description="Check DKIM signatures where our server stamps none"
    )
    policy: Path | None = Field(None, description="TOML file with policy switches")
    retention: Path | None = Field(
        None, description="TOML file: how long each class of data is kept"
    )
    data_dir: Path = Field(
        Path("claims-data"), description="Folder of the embedded defaults"
    )
    after: Literal["nothing", "flag", "label", "move"] = Field(
        "nothing", description="What happens to a stored mail in the mailbox"
    )
    after_target: str = Field(
        "ClaimStored", description="The keyword, label or folder for CLAIMS_AFTER"
    )
    go_live: datetime | None = Field(
        None, description="Mail received earlier is stored and its answers are held"
    )
    drafts_url: SecretStr | None = Field(
        None, description="Staff mailbox folder for drafts: imap://.../Drafts"
    )
    sent_folder: str | None = Field(
        None, description="Sent folder of the staff mailbox; unset: not looked at"
    )
    site: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")] = Field(
        "main",
        description="The site of orders that the points ledger does not know",
    )
    secret_key: SecretStr | None = Field(
        None, description="Key of our Message-ID tokens; unset: made once, kept in data"
    )
    desk_bind: str = Field(
        "127.0.0.1:8080", description="Where the desk listens: host:port, or off"
    )
    desk_url: str | None = Field(
        None, description="The desk's public address: https://desk.example"
    )
    desk_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses of proxies in front of the desk (comma list)"
    )
    oidc_client_id: str | None = Field(
        None, description="The desk's client id at the OpenID provider"
    )
    oidc_client_secret: SecretStr | None = Field(
        None, description="Its secret there; unset: a public client"
    )
    oidc_name: str = Field(
        "OpenID", description="How staff call that provider: Sign in with ..."
    )
    oidc_scopes: str = Field(
        "openid profile email", description="What the provider is asked for"
    )
    oidc_role_claim: str = Field(
        "groups", description="The claim with a person's groups, dots lead inside"
    )
    oidc_roles: Annotated[tuple[tuple[str, StaffRole], ...], NoDecode] = Field(
        (), description="Which group has which role: claims-leads=lead,claims=agent"
    )
    oidc_issuer: str | None = Field(
        None, description="OpenID provider for staff: https://id.example/realm"
    )
    metrics_token: SecretStr | None = Field(
        None, description="Bearer token for /metrics; unset: this machine alone"
    )
    alert_url: SecretStr | None = Field(
        None, description="Where alerts go: https:// webhook or mailto:"
    )
    member_id_pattern: str | None = Field(
        None, description="Regular expression of member ids"
    )
    order_number_pattern: str | None = Field(
        None, description="Regular expression of order numbers"
    )
    clock: datetime | None = Field(
        None, description="Business time starts here (replays and tests)"
    )
    clock_anchor: datetime | None = Field(
        None, description="The real instant at which CLAIMS_CLOCK began"
    )
    fault: str | None = Field(
        None, description="Breaks a process at a fault point (tests only)"
    )
    readers: int = Field(2, ge=1, le=64, description="Reader children of a worker")
    smtp_connections: int = Field(
        2, ge=1, le=64, description="Connections of a worker to the relay"
    )
    smtp_rate: float | None = Field(
        None, gt=0, description="E-mails a second that a worker sends at most"
    )
    ocr: bool = Field(
        default=True, description="Read pictures of text, where the extra is installed"
    )
    max_mail_mb: int = Field(60, ge=1, description="Larger mails are kept in part")
    answers_per_address: int = Field(
        3, ge=0, description="Automatic mails to one address in 24 h; then held"
    )
    answers_per_hour: int = Field(
        2000, ge=0, description="Automatic mails in an hour; then held; 0: no limit"
    )

    @property
    def alert_address(self) -> str | None:
        """Return where staff get e-mails; None: they hear otherwise, or not at all."""
        target = "" if self.alert_url is None else self.alert_url.get_secret_value()
        scheme, _, address = target.partition(":")
        return address if scheme == "mailto" else None

    @field_validator(
        "own_addresses", "trusted_mx", "trusted_authserv", "desk_proxies", mode="before"
    )
    @classmethod
    def _comma_list(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(
                part.strip().lower() for part in value.split(",") if part.strip()
            )
        return value

    @field_validator("mailbox_url", "drafts_url")
    @classmethod
    def _imap_url(cls, value: SecretStr | None) -> SecretStr | None:
        return _checked_url(value, _MAILBOX_SCHEMES)

    @field_validator("smtp_url")
    @classmethod
    def _smtp_url(cls, value: SecretStr | None) -> SecretStr | None:
        return _checked_url(value, _SMTP_SCHEMES)

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: SecretStr | None) -> SecretStr | None:
        return _checked_url(value, _REDIS_SCHEMES, needs_host=False)

    @field_validator("orders_url")
    @classmethod
    def _https_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        _checked_url(SecretStr(value), {"https", "http"})
        parts = urlsplit(value)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            message = "must begin with https://; http:// is for this machine only"
            raise ValueError(message)
        if parts.query or parts.fragment or "@" in parts.netloc:
            message = "has more than host and path; the token is CLAIMS_ORDERS_TOKEN"
            raise ValueError(message)
        return value.rstrip("/")

    @field_validator("alert_url")
    @classmethod
    def _alert_target(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        scheme, _, address = value.get_secret_value().partition(":")
        if scheme == "mailto":
            if not _ADDRESS.fullmatch(address):
                message = "names no address: mailto:ops@example.org"
                raise ValueError(message)
            return value
        _checked_url(value, {"https", "http"})
        parts = urlsplit(value.get_secret_value())
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            message = "must begin with https:// or mailto:"
            raise ValueError(message)
        return value

    @field_validator("orders_token", "metrics_token")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _TOKEN.fullmatch(value.get_secret_value()):
            message = "is no bearer token: printable ASCII without blanks"
            raise ValueError(message)
        return value

    @field_validator("desk_bind")
    @classmethod
    def _bind(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        is_port = port.isdecimal() and int(port) <= HIGHEST_PORT
        if value != OFF and not (host and is_port):
            message = "must be host:port, as 127.0.0.1:8080, or off"
            raise ValueError(message)
        return value

    @field_validator("desk_url")
    @classmethod
    def _desk_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        _checked_url(SecretStr(value), {"https", "http"})
        parts = urlsplit(value)
        if parts.query or parts.fragment or parts.path.strip("/") or "@" in value:
            message = "must be scheme and host alone: https://desk.example"
            raise ValueError(message)
        return value.rstrip("/")

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _group_roles(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = []
        for part in value.split(","):
            group, _, role = part.rpartition("=")
            if not group.strip() or role.strip() not in set(StaffRole):
                message = f"must be group=role, ...; roles are {', '.join(StaffRole)}"
                raise ValueError(message)
            pairs.append((group.strip(), role.strip()))
        return tuple(pairs)

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        _checked_url(SecretStr(value), {"https", "http"})
        parts = urlsplit(value)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            message = "must begin with https://; http:// is for this machine only"
            raise ValueError(message)
        needed = ("oidc_client_id", "oidc_roles", "desk_url")
        missing = [name for name in needed if not info.data.get(name)]
        if missing:
            names = " and ".join(PREFIX + name.upper() for name in missing)
            message = f"needs {names}"
            raise ValueError(message)
        return value

    @field_validator("from_")
    @classmethod
    def _address(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value):
            message = "is not an e-mail address"
            raise ValueError(message)
        return value.lower()

    @field_validator("go_live", "clock", "clock_anchor")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value

    @field_validator("member_id_pattern", "order_number_pattern")
    @classmethod
    def _pattern(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                message = f"is not a regular expression ({error.msg})"
                raise ValueError(message) from None
        return value

    @classmethod
    def from_env(cls) -> Self:
        """Return the settings of this process.

        Raises:
            SettingsInvalid: names every fault at once, and no value.
        """
        try:
            return cls()
        except ValidationError as error:
            raise SettingsInvalid([_fault(one) for one in error.errors()]) from None
        except (OSError, UnicodeDecodeError):
            raise SettingsInvalid([".env cannot be read as text in UTF-8"]) from None

    @classmethod
    def unknown(cls) -> list[str]:
        """Return a line for each variable that looks like a setting and is none."""
        known = {
            _variable(name, field).removeprefix(PREFIX)
            for name, field in cls.model_fields.items()
        }
        try:
            file = DotEnvSettingsSource(cls, env_file=".env").env_vars
        except (OSError, UnicodeDecodeError):
            file = {}  # `from_env` says so
        given = {name.upper() for name in (*os.environ, *file)}
        lines = []
        for name in sorted(name for name in given if name.startswith(PREFIX)):
            end = name.removeprefix(PREFIX)
            if end not in known:
                near = get_close_matches(end, known, n=1)
                hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
                lines.append(f"{name} is not a setting{hint}")
        return lines

    def need(self, *names: str) -> None:
        """Make sure that settings without a default are set.

        Raises:
            SettingsInvalid: names all that are missing.
        """
        missing = [
            f"{PREFIX}{name.upper()} is not set: {_FORMS[name]}"
            for name in names
            if getattr(self, name) is None
        ]
        if missing:
            raise SettingsInvalid(missing)


def _checked_url(
    value: SecretStr | None, schemes: set[str], *, needs_host: bool = True
) -> SecretStr | None:
    if value is None:
        return None
    try:
        parts = urlsplit(value.get_secret_value())
    except ValueError:  # its text may hold a piece of the password
        message = "cannot be read as a URL: write [ and ] in it as %5B and %5D"
        raise ValueError(message) from None
    if parts.scheme not in schemes:
        known = ", ".join(f"{scheme}://" for scheme in sorted(schemes))
        message = f"must begin with one of {known}"
        raise ValueError(message)
    if needs_host and not parts.hostname:
        message = "names no host"
        raise ValueError(message)
    try:
        _ = parts.port
    except ValueError:
        message = "has a port that is not a number"
        raise ValueError(message) from None
    return value


def _fault(error: object) -> str:
    """Return one fault without the value that was given, which may be a secret."""
    location = str(error["loc"][0])  # type: ignore[index]
    for name, field in Settings.model_fields.items():
        if location in (name, field.alias):
            variable = _variable(name, field)
            if error["type"] == "value_error":  # type: ignore[index]
                message = str(error["msg"])  # type: ignore[index]
                return f"{variable} {message.removeprefix('Value error, ')}"
            return f"{variable}: give {_wanted(field)}"
    return f"{location} cannot be read"


def _variable(name: str, field: FieldInfo) -> str:
    return field.alias or PREFIX + name.upper()


def _wanted(field: FieldInfo) -> str:
    """Return what a setting takes whose text is read as something else."""
    if field.annotation is bool:
        return "true or false"
    if get_origin(field.annotation) is Literal:
        *others, last = get_args(field.annotation)
        return f"{', '.join(others)} or {last}"
    if field.annotation is not int:
        return "a date such as 2026-11-01T00:00Z"
    words = "a whole number"
    for bound in field.metadata:
        words += f" from {bound.ge}" if isinstance(bound, Ge) else ""
        words += f" to {bound.le}" if isinstance(bound, Le) else ""
    return words
