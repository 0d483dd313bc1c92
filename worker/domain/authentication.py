"""What is proven about the sender of a mail: our own servers' headers, or DKIM.

Only a header that our own server wrote proves anything, and our own server is known
by two settings: its authserv-id and the host name of its mail exchanger. Microsoft 365
writes no id and is known by its hosts. Without such a header, a DKIM signature that we
verified ourselves may prove the sender. Source: DESIGN section 4; reliability.md 4.1.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from worker.domain.mail import AuthResults, Hop, Mail


class Authentication(StrEnum):
    """What is proven about the From domain."""

    PASS = "pass"  # noqa: S105 - RFC 8601's word, not a password
    FAIL = "fail"
    NONE = "none"
    """No header of ours or one that proves nothing, and no signature that holds."""


class AuthProfile(StrEnum):
    """How our own servers write what they found."""

    RFC8601 = "rfc8601"
    """An Authentication-Results header that begins with an authserv-id of ours."""
    MICROSOFT365 = "microsoft365"
    """One without an id, above the Received of a `protection.outlook.com` host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Which servers are ours; host names and ids in lower case.

    Microsoft's hosts are the same for all tenants and known by their names, so that
    profile needs neither.
    """

    authserv_ids: frozenset[str] = frozenset()
    exchangers: frozenset[str] = frozenset()
    profile: AuthProfile = AuthProfile.RFC8601


def authenticate(mail: Mail, from_domain: str, trust: Trust) -> Authentication:
    """Return what is proven about the From domain of a mail.

    A header of ours decides alone. Only where there is none, an aligned DKIM signature
    that we verified ourselves proves the sender; that one fails proves nothing.

    Source: RFC 8601 §5, RFC 6376 §6.1; reliability.md section 4.1.
    """
    header = own_results(mail, trust)
    if header is None:
        is_signed = any(is_aligned(signer, from_domain) for signer in mail.signed_by)
        return Authentication.PASS if is_signed else Authentication.NONE
    if trust.profile is AuthProfile.MICROSOFT365:
        return judge_microsoft(parse_microsoft(header.text), from_domain)
    return judge_results(parse_results(header.text), from_domain)


def own_results(mail: Mail, trust: Trust) -> AuthResults | None:
    """Return the one Authentication-Results header that counts, or None.

    The topmost of our form decides, if it stands above the first Received that follows
    our exchanger's own: whatever is below came with the mail. Microsoft writes above
    its own Received, so there that is the border. Without a hop of our exchanger
    nothing counts. That exchanger must strip inbound copies, because a mail that
    arrives without any Received has nothing below to tell them by.

    Source: RFC 8601 §5; reliability.md section 4.1, rules 1, 2 and 4.
    """
    if trust.profile is AuthProfile.MICROSOFT365:
        border = _microsoft_border(mail.hops)
        is_ours = _is_microsoft_form
    else:
        border = _border(mail.hops, trust.exchangers)
        ids = {one.lower() for one in trust.authserv_ids}

        def is_ours(text: str) -> bool:
            return _authserv_id(text) in ids

    if border is None:
        return None
    ours = [
        result
        for result in mail.auth_results
        if result.position < border and is_ours(result.text)
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


def parse_microsoft(text: str) -> tuple[MethodResult, ...]:
    """Return the results of a header without an id; empty when it cannot be read.

    Microsoft also writes the recipient's bare domain between two results.
    """
    bare = _without_comments(text)
    parts = [] if bare is None else _split_outside_quotes(bare)
    said = [part for part in parts if part.strip() and not _HOST.fullmatch(part)]
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


def judge_microsoft(
    results: tuple[MethodResult, ...], from_domain: str
) -> Authentication:
    """Return what Microsoft's results prove about the From domain.

    Its composite verdict must pass, and DMARC or an aligned DKIM signature with it:
    alone, it also passes by reputation. A DMARC failure that the domain's policy or the
    tenant lets through (`action=none`) proves nothing either way. Two verdicts of one
    method are not Microsoft's.

    Source: reliability.md section 4.1, rules 3 and 4; learn.microsoft.com, Anti-spam
    message headers (compauth, action).
    """
    by_method = {one.method: one for one in results if one.method in _VERDICTS}
    if sum(one.method in _VERDICTS for one in results) != len(by_method):
        return Authentication.NONE
    said = {(one.method, one.result) for one in by_method.values()}
    action = by_method["dmarc"].properties.get("action") if "dmarc" in by_method else ""
    is_refused = ("dmarc", "fail") in said and action in _REFUSING_ACTIONS
    if is_refused or ("compauth", "fail") in said:
        return Authentication.FAIL
    is_proven = (
        ("compauth", "pass") in said
        and ("dmarc", "fail") not in said
        and any(_proves(one, from_domain) for one in results)
    )
    return Authentication.PASS if is_proven else Authentication.NONE


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
_HOST = re.compile(r"\s*(?:[A-Za-z0-9-]{1,63}\.){1,10}[A-Za-z0-9-]{2,63}\s*")
_VERDICTS = frozenset({"compauth", "dmarc"})
_REFUSING_ACTIONS = frozenset(
    {"quarantine", "reject", "oreject", "o.reject", "pct.quarantine", "pct.reject"}
)
_MICROSOFT_EXCHANGER = ".protection.outlook.com"
_MICROSOFT_HOSTS = (".outlook.com", ".office365.com")
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


def _border(hops: tuple[Hop, ...], trusted_mx: frozenset[str]) -> float | None:
    """Position of the first Received below our exchanger's; infinite without one."""
    hosts = {host.lower() for host in trusted_mx}
    ordered = sorted(hops, key=lambda hop: hop.position)
    own = next((at for at, hop in enumerate(ordered) if hop.by_host in hosts), None)
    if own is None:
        return None
    below = ordered[own + 1 :]
    return below[0].position if below else float("inf")


def _microsoft_border(hops: tuple[Hop, ...]) -> float | None:
    """Position of the topmost Received of an exchanger of Microsoft's.

    Above it only hops inside Microsoft may stand: below another server it is a mail's
    own word.
    """
    for hop in sorted(hops, key=lambda hop: hop.position):
        if hop.by_host.endswith(_MICROSOFT_EXCHANGER):
            return hop.position
        if not hop.by_host.endswith(_MICROSOFT_HOSTS):
            return None
    return None


def _is_microsoft_form(text: str) -> bool:
    """Whether the header begins with a result, where others have an authserv-id."""
    bare = _without_comments(text)
    return (
        bare is not None and _method_result(_split_outside_quotes(bare)[0]) is not None
    )


def _method_result(text: str) -> MethodResult | None:
    """`dkim=pass header.d=x.example`: words of which each holds an equals sign."""
    joined = " ".join(text.split()).replace(" =", "=").replace("= ", "=")
    first, *words = _WORD.findall(joined) or [""]
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
