"""Which DKIM signatures of a mail hold, for servers that stamp no result of their own.

The extra `dkim`: dkimpy checks, dnspython asks for the public keys. What cannot be
checked, for whatever reason, is simply not signed: nothing here is ever a failure.

A signature counts when it covers the whole body, From and Subject, and there is one of
each. It proves nothing about headers that it leaves out, so who has a signed mail of a
member can send it again; it then still says what the member wrote.

Source: RFC 6376; reliability.md section 4.1 (own DKIM check).
"""

import importlib
import importlib.util
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

from worker.adapters.reading import parts
from worker.adapters.reading.headers import HEADER_ERRORS, all_headers, values_of
from worker.domain.authentication import is_aligned
from worker.domain.mail import Mail

KeyOf = Callable[[str, float], bytes | None]
"""The key record under a DNS name, or None; asked with the seconds that are left.

It raises OSError where nobody answers, which `key_source` turns into None."""
KEYS = "worker.adapters.dkim_check:dns_key"
MAX_SIGNATURES = 5
DNS_SECONDS = 5.0
"""In all, of one mail. Source: reliability.md 4.1, as are the signatures."""
LOOKUP_SECONDS = 2.0
MIN_KEY_BITS = 1024
"""Source: reliability.md 4.1; RFC 8301 §3.2."""
MAX_RECORD_BYTES = 2_000
"""A key of 8,192 bits has 1,400; one of a megabit would keep us busy for hours."""
MAX_SIGNATURE_BYTES = 4_000
MAX_MAIL_BYTES = 40 * 1024 * 1024
MAX_LINES = 700_000
"""dkimpy holds a mail about five times, and a list of its lines. Our choice."""
KEPT_FOR = 3600.0
MISSING_KEPT_FOR = 60.0
MOST_KEPT = 500
"""Answers of the DNS, in seconds and in number. Our choice."""

# It logs the names of domains, and those are personal data.
_SILENT = logging.getLogger("dkimpy")
_SILENT.setLevel(logging.CRITICAL + 1)
_BROKEN = (*HEADER_ERRORS, ArithmeticError, MemoryError)
_NAME = re.compile(rb"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?")
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_MUST_BE_SIGNED = frozenset({b"from", b"subject"})


def is_installed() -> bool:
    """Return whether the extra `dkim` is there."""
    found = map(importlib.util.find_spec, ("dkim", "dns"))
    return all(spec is not None for spec in found)


def key_source(name: str) -> KeyOf:
    """Return the function `module:function` that looks up keys, with a memory."""
    module, _, function = name.partition(":")
    return Remembered(getattr(importlib.import_module(module), function))


def with_signers(mail: Mail, raw: bytes | bytearray, key_of: KeyOf) -> Mail:
    """Return the mail with the domains whose signatures hold, aligned ones only."""
    domain = (mail.from_address or "").rpartition("@")[2]
    if not (domain and mail.is_from_clear) or len(raw) > MAX_MAIL_BYTES:
        return mail
    try:
        return replace(mail, signed_by=_signers(bytes(raw), domain, key_of))
    except _BROKEN:
        return mail


def dns_key(name: str, timeout: float) -> bytes | None:
    """Return the TXT record of a name; None without one or without an answer.

    Raises:
        OSError: nobody answered in time.
    """
    import dns.exception  # noqa: PLC0415 - of the extra
    import dns.resolver  # noqa: PLC0415

    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=timeout)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return None
    except dns.exception.DNSException as error:
        reason = "dns"
        raise OSError(reason) from error
    return next((b"".join(record.strings) for record in answer), None)


@dataclass(slots=True)
class Remembered:
    """Keys that were asked for lately; that there was no answer is soon forgotten."""

    key_of: KeyOf
    clock: Callable[[], float] = monotonic
    _kept: dict[str, tuple[bytes | None, float]] = field(default_factory=dict)

    def __call__(self, name: str, timeout: float) -> bytes | None:
        """Return the record under the name; None where nobody answers."""
        record, until = self._kept.get(name, (None, 0.0))
        if until > self.clock():
            return record
        try:
            record = self.key_of(name, timeout)
        except OSError:
            record = None
        while len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        kept_for = MISSING_KEPT_FOR if record is None else KEPT_FOR
        self._kept[name] = record, self.clock() + kept_for
        return record


@dataclass(frozen=True, slots=True)
class _Signature:
    """One DKIM-Signature header: its number from the top, and its tags."""

    number: int
    tags: dict[bytes, bytes]

    @property
    def domain(self) -> str:
        return self.tags[b"d"].decode("ascii").lower()

    @property
    def identity_domain(self) -> bytes:
        return self.tags.get(b"i", self.tags[b"d"]).rpartition(b"@")[2].lower()


def _signers(raw: bytes, from_domain: str, key_of: KeyOf) -> tuple[str, ...]:
    head = raw[: found.start()] if (found := _END_OF_HEADERS.search(raw)) else raw
    if b"dkim-signature" not in head.lower():
        return ()
    # A lone return ends a line for us and not for dkimpy, so it would hide a header.
    if _LONE_RETURN.search(head) or raw.count(b"\n") > MAX_LINES:
        return ()
    import dkim  # noqa: PLC0415 - of the extra

    try:
        verifier = dkim.DKIM(raw, logger=_SILENT, minkey=MIN_KEY_BITS)
    except dkim.DKIMException:
        return ()
    if not _reads_like_us(verifier.headers, raw):
        return ()
    ask = _Budget(key_of, monotonic() + DNS_SECONDS)
    signed = []
    for signature in _worth_checking(verifier.headers, from_domain):
        try:
            holds = verifier.verify(signature.number, dnsfunc=ask.of(signature))
        except (dkim.DKIMException, *_BROKEN):
            continue
        if holds:
            signed.append(signature.domain)
    return tuple(dict.fromkeys(signed))


def _reads_like_us(headers: Sequence[Sequence[bytes]], raw: bytes) -> bool:
    """Return whether dkimpy and we see the same one From and one Subject."""
    ours = all_headers(parts.read(raw).root)
    for name in ("from", "subject"):
        theirs = [
            value.decode("utf-8", "surrogateescape")
            for key, value in headers
            if key.lower() == name.encode()
        ]
        if len(theirs) != 1 or _words(theirs) != _words(values_of(ours, name)):
            return False
    return True


def _words(values: Sequence[str]) -> list[list[str]]:
    return [value.encode("ascii", "replace").decode().split() for value in values]


def _worth_checking(
    headers: Sequence[Sequence[bytes]], from_domain: str
) -> Iterator[_Signature]:
    """Yield the first five aligned signatures of the form that proves something."""
    from dkim.util import InvalidTagValueList, parse_tag_value  # noqa: PLC0415

    values = [value for name, value in headers if name.lower() == b"dkim-signature"]
    found = 0
    for number, value in enumerate(values):
        if len(value) > MAX_SIGNATURE_BYTES or found == MAX_SIGNATURES:
            continue
        try:
            signature = _Signature(number, parse_tag_value(value))
        except InvalidTagValueList:
            continue
        if _is_proof(signature.tags) and is_aligned(signature.domain, from_domain):
            found += 1
            yield signature


def _is_proof(tags: dict[bytes, bytes]) -> bool:
    """Return whether a signature could prove the sender, whatever its key says."""
    signed = {name.strip().lower() for name in tags.get(b"h", b"").split(b":")}
    return (
        tags.get(b"a") == b"rsa-sha256"
        and b"l" not in tags
        and signed >= _MUST_BE_SIGNED
        and all(_NAME.fullmatch(tags.get(tag, b"")) for tag in (b"d", b"s"))
    )


@dataclass(frozen=True, slots=True)
class _Budget:
    """Looks up keys for one mail until its time is over."""

    key_of: KeyOf
    until: float

    def of(self, signature: _Signature) -> Callable[..., bytes | None]:
        """Return dkimpy's lookup for one signature: None is no key."""

        def lookup(name: bytes, timeout: float = LOOKUP_SECONDS) -> bytes | None:
            left = min(LOOKUP_SECONDS, timeout, self.until - monotonic())
            record = self.key_of(name.decode("ascii"), left) if left > 0 else None
            return record if _is_usable(record, signature) else None

        return lookup


def _is_usable(record: bytes | None, signature: _Signature) -> bool:
    """Return whether a key may be used: not in test mode, and for this identity.

    Source: RFC 6376 §3.6.1, flags `y` and `s`.
    """
    if record is None or len(record) > MAX_RECORD_BYTES:
        return False
    flags: set[bytes] = set()
    for tag in record.split(b";"):
        name, _, value = tag.partition(b"=")
        if name.strip() == b"t":
            flags |= {flag.strip().lower() for flag in value.split(b":")}
    is_exact = signature.identity_domain == signature.tags[b"d"].lower()
    return b"y" not in flags and (b"s" not in flags or is_exact)
