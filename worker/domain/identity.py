"""Who sent a mail, and how sure we are: tiers A, B and C.

Only a header that our own server wrote proves anything, and our own server is known
by two settings: its authserv-id and the host name of its mail exchanger. Without
either nobody is tier A. Source: DESIGN section 4; reliability.md section 4.1.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from worker.domain.mail import AuthResults, Hop, Mail
from worker.domain.orders import Member


class SenderTier(StrEnum):
    """How sure we are of the sender. Source: DESIGN section 4."""

    A = "A"
    """On file for the member and authenticated by our own server."""
    B = "B"
    """On file, not authenticated."""
    C = "C"
    """Not on file, or our own server says that the sender is forged."""


class Authentication(StrEnum):
    """What our own Authentication-Results header says of the From domain."""

    PASS = "pass"  # noqa: S105 - RFC 8601's word, not a password
    FAIL = "fail"
    NONE = "none"
    """No header of ours, or one that proves nothing either way."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of one mail, judged against one member (or against nobody)."""

    tier: SenderTier
    address: str | None
    """The one From address, lower case; None when there is not exactly one."""
    authentication: Authentication
    is_on_file: bool

    @property
    def may_be_answered(self) -> bool:
        """Return whether an automatic mail may go to the From address at all.

        Neither authenticated nor on file gets nothing (no backscatter), and a forged
        sender gets nothing either. Source: DESIGN section 4.
        """
        return (
            self.address is not None
            and self.authentication is not Authentication.FAIL
            and (self.is_on_file or self.authentication is Authentication.PASS)
        )


def judge_sender(
    mail: Mail,
    member: Member | None,
    trusted_authserv: frozenset[str],
    trusted_mx: frozenset[str],
) -> Sender:
    """Return how sure we are that `member` wrote this mail.

    A forged sender (our header says fail) is tier C even when on file. A mail with no
    or several From addresses, or one that two parsers read differently, has no sender:
    tier C, unproven, not on file, never answered.

    Args:
        mail: what the reader made of the mail.
        member: whom the mail is about; None when nobody could be confirmed.
        trusted_authserv: authserv-ids of our own servers.
        trusted_mx: host names of our own mail exchangers.

    Source: DESIGN section 4 (Sender).
    """
    address = mail.from_address if mail.is_from_clear else None
    if address is None:
        return Sender(SenderTier.C, None, Authentication.NONE, is_on_file=False)
    header = own_results(mail, trusted_authserv, trusted_mx)
    domain = address.rpartition("@")[2]
    authentication = Authentication.NONE
    if header is not None:
        authentication = judge_results(parse_results(header.text), domain)
    is_on_file = member is not None and address.lower() in member.addresses
    tier = _tier(authentication, is_on_file=is_on_file)
    return Sender(tier, address, authentication, is_on_file)


def own_results(
    mail: Mail, trusted_authserv: frozenset[str], trusted_mx: frozenset[str]
) -> AuthResults | None:
    """Return the one Authentication-Results header that counts, or None.

    The topmost with an id of ours decides, if it stands above the first Received that
    follows our exchanger's own: whatever is below came with the mail. Without a hop of
    our exchanger nothing counts. That exchanger must strip inbound copies, because a
    mail that arrives without any Received has nothing below to tell them by.

    Source: RFC 8601 §5; reliability.md section 4.1, rules 1 and 2.
    """
    border = _border(mail.hops, trusted_mx)
    if border is None:
        return None
    ids = {one.lower() for one in trusted_authserv}
    ours = [
        result
        for result in mail.auth_results
        if result.position < border and _authserv_id(result.text) in ids
    ]
    return min(ours, key=lambda result: result.position, default=None)


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One `method=result` with its properties, all lower case: `header.from` ..."""

    method: str
    result: str
    properties: dict[str, str]


def parse_results(text: str) -> tuple[MethodResult, ...]:
    """Return the results of one header; empty when any of it cannot be read.

    Comments, quotes, versions and several results of a method are understood.

    Source: RFC 8601 §2.2.
    """
    bare = _without_comments(text)
    if bare is None:
        return ()
    first, *parts = _split_outside_quotes(bare)
    if not _AUTHSERV.fullmatch(first):
        return ()
    said = [part for part in parts if part.strip().lower() not in {"", "none"}]
    results = [_method_result(part) for part in said]
    return tuple(one for one in results if one is not None) if all(results) else ()


def judge_results(
    results: tuple[MethodResult, ...], from_domain: str
) -> Authentication:
    """Return what the results prove about the From domain.

    DMARC speaks of the From domain itself; a failure of it outweighs all else. A DKIM
    signature counts when its domain is aligned. SPF alone proves nothing: it is about
    the envelope, which anyone may own.

    Source: reliability.md section 4.1, rule 3.
    """
    said = {(one.method, one.result) for one in results}
    if ("dmarc", "fail") in said:
        return Authentication.FAIL
    if any(_proves(one, from_domain) for one in results):
        return Authentication.PASS
    has_pass = bool(said & {("dmarc", "pass"), ("dkim", "pass")})
    both_failed = {("dkim", "fail"), ("spf", "fail")} <= said
    return Authentication.FAIL if both_failed and not has_pass else Authentication.NONE


def is_aligned(signer: str, from_domain: str) -> bool:
    """Return whether one domain is the other or lies under it (relaxed alignment).

    The shorter one needs two labels, so that nobody signs for a whole top-level
    domain; we carry no public-suffix list. Source: RFC 7489 §3.1.1.
    """
    one, other = sorted(map(_domain, (signer, from_domain)), key=len)
    return "." in one and (one == other or other.endswith("." + one))


# -- private ----------------------------------------------------------------------

_AUTHSERV = re.compile(r'\s*"?[^\s";=]{1,255}"?(?:\s+\d{1,3})?\s*')
_METHOD = re.compile(
    r"(?P<method>[A-Za-z0-9_-]{1,40})(?:/\d{1,3})?=(?P<result>[A-Za-z0-9_-]{1,40})"
)
_WORD = re.compile(r'(?:"[^"]*"|[^\s"]+)+')
_LONGEST_HEADER = 10_000
_LONGEST_DOMAIN = 253
"""Source: RFC 1035 §3.1, 255 octets on the wire."""


def _proves(one: MethodResult, from_domain: str) -> bool:
    match one.method, one.result:
        case "dmarc", "pass":
            named = one.properties.get("header.from", "")
            return _domain(named) == _domain(from_domain)
        case "dkim", "pass":
            return is_aligned(_signer(one), from_domain)
        case _:
            return False


def _tier(authentication: Authentication, *, is_on_file: bool) -> SenderTier:
    if not is_on_file:
        return SenderTier.C
    match authentication:
        case Authentication.PASS:
            return SenderTier.A
        case Authentication.NONE:
            return SenderTier.B
        case Authentication.FAIL:
            return SenderTier.C


def _border(hops: tuple[Hop, ...], trusted_mx: frozenset[str]) -> float | None:
    """Position of the first Received below our exchanger's; infinite without one."""
    hosts = {host.lower() for host in trusted_mx}
    ordered = sorted(hops, key=lambda hop: hop.position)
    own = next((at for at, hop in enumerate(ordered) if hop.by_host in hosts), None)
    if own is None:
        return None
    below = ordered[own + 1 :]
    return below[0].position if below else float("inf")


def _method_result(text: str) -> MethodResult | None:
    """`dkim=pass header.d=x.example`: words of which each holds an equals sign."""
    joined = " ".join(text.split()).replace(" =", "=").replace("= ", "=")
    first, *words = _WORD.findall(joined)
    found = _METHOD.fullmatch(first)
    pairs = [word.partition("=") for word in words]
    if found is None or not all(equals for _, equals, _ in pairs):
        return None
    properties = {name.lower(): value.strip('"').lower() for name, _, value in pairs}
    return MethodResult(found["method"].lower(), found["result"].lower(), properties)


def _authserv_id(text: str) -> str | None:
    """The exact first token, lower case, without an optional version."""
    bare = _without_comments(text)
    first = None if bare is None else _split_outside_quotes(bare)[0]
    if first is None or not _AUTHSERV.fullmatch(first):
        return None
    return first.split()[0].strip('"').lower()


def _without_comments(text: str) -> str | None:
    """The text with (nested) comments as spaces; None when something stays open."""
    if len(text) > _LONGEST_HEADER:
        return None
    kept: list[str] = []
    depth, is_quoted, is_escaped = 0, False, False
    for character in text:
        if is_escaped:
            is_escaped = False
        elif character == "\\":
            is_escaped = True
        elif character == '"' and not depth:
            is_quoted = not is_quoted
        elif character == "(" and not is_quoted:
            depth += 1
        elif character == ")" and not is_quoted:
            depth -= 1
            character = " "  # noqa: PLW2901 - a comment is white space
        if depth < 0:
            return None
        if not depth:
            kept.append(character)
    return None if depth or is_quoted else "".join(kept)


def _split_outside_quotes(text: str) -> list[str]:
    """Split at semicolons; quotes are balanced, so every other piece is quoted."""
    parts = [""]
    for at, piece in enumerate(text.split('"')):
        if at % 2:
            parts[-1] += f'"{piece}"'
            continue
        first, *others = piece.split(";")
        parts[-1] += first
        parts += others
    return parts


def _signer(result: MethodResult) -> str:
    """The signing domain of a DKIM result: header.d, else the domain of header.i."""
    identity = result.properties.get("header.i", "").rpartition("@")[2]
    return result.properties.get("header.d") or identity


def _domain(text: str) -> str:
    """A domain as it is compared: no case, no final dot, no part before an @."""
    bare = text.rpartition("@")[2].strip().rstrip(".").casefold()
    if len(bare) > _LONGEST_DOMAIN:
        return bare
    try:
        return bare.encode("idna").decode()
    except UnicodeError:
        return bare
