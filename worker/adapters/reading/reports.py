"""Delivery reports: what a bounce says about which of our mails."""

import re
from collections.abc import Iterable, Iterator

from worker.adapters.reading.parts import Part
from worker.adapters.reading.texts import one_line
from worker.domain.mail import COMPLAINED, DELAYED, FAILED, DeliveryReport

REPORT_TYPES = frozenset(
    {
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
        "text/rfc822-headers",
        "message/rfc822-headers",
    }
)
"""Leaves that are the report itself, not files of the sender. Source: RFC 6522."""

_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_FEEDBACK_TYPE = "message/feedback-report"
_RETURNED_TYPES = frozenset(
    {
        "message/rfc822",
        "message/global",
        "text/rfc822-headers",
        "message/rfc822-headers",
    }
)
MAX_REPORTS = 50
READ_BYTES = 64 * 1024
MAX_ADDRESS_CHARS = 254
"""Source: RFC 5321 §4.5.3.1.3."""

_BLANK_LINE = re.compile(r"\r?\n[ \t]*\r?\n")
_ACTION = re.compile(
    r"^action[ \t]*:[ \t]*([a-z-]{1,20})", re.IGNORECASE | re.MULTILINE
)
_STATUS = re.compile(
    r"^status[ \t]*:[ \t]*([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE
)
_RECIPIENT = re.compile(
    r"^(?:original|final)-recipient[ \t]*:[ \t]*(?:[a-z0-9-]{1,20}[ \t]*;)?[ \t]*"
    r"<?([^\s<>;]{1,250}@[^\s<>;]{1,250})",
    re.IGNORECASE | re.MULTILINE,
)
_CODE = re.compile(r"\b[45]\.\d{1,3}\.\d{1,3}\b")
_ADDRESS = re.compile(r"[^\s<>\"'();:,]{1,64}@[a-z0-9.-]{1,190}[a-z0-9]", re.IGNORECASE)
_ORIGINAL_ID = re.compile(
    r"^(?:x-)?(?:original-)?(?:message|envelope)-id[ \t]*:\s*<?([!-;=?-~]{1,250}@"
    r"[!-;=?-~]{1,250})",
    re.IGNORECASE | re.MULTILINE,
)
_WILL_BE_TRIED_AGAIN = re.compile(
    r"warning (?:message )?only|(?:will|still) (?:be(?:ing)? )?(?:re)?tr(?:y|ied) "
    r"(?:to |until|again)|still being retried|not need to re-?send"
    r"|not yet been delivered"
    r"|temporary failure report|has been (?:delayed|postponed)"
    r"|wird (?:weiter|erneut) versucht|brauchen .{0,40} nicht erneut"
    r"|vous n'avez pas besoin de (?:le )?renvoyer|再送の必要はありません",
    re.IGNORECASE,
)
_COMPLAINT_MARK = re.compile(
    r"^x-hmxmroriginalrecipient[ \t]*:", re.IGNORECASE | re.MULTILINE
)
"""Microsoft's junk mail reporting, which is older than RFC 5965."""


def read(
    leaves: Iterable[Part], *, text: str, is_from_system: bool, failed: str = ""
) -> tuple[DeliveryReport, ...]:
    """Return one report per recipient, at most 50.

    A mail of a mail system that has no RFC 3464 part but names a failure code or gives
    a mail back counts as one failure, or as a delay where it says that it goes on.

    Args:
        leaves: the parts of the mail itself, attached mails unopened.
        text: what it says.
        is_from_system: whether a daemon or nobody at all sent it.
        failed: Exim's X-Failed-Recipients, or nothing.

    Source: RFC 3464 §2.3, RFC 5965 §3, reliability.md 3.5.
    """
    leaves = tuple(leaves)
    original_id = _original_id(leaves, text if is_from_system else "")
    reports = [
        DeliveryReport(action, status, original_id, recipient, is_formal=True)
        for leaf in leaves
        if leaf.declared_type in _STATUS_TYPES
        for action, status, recipient in _recipients(_text(leaf))
    ]
    if any(map(_is_complaint, leaves)):
        reports.append(DeliveryReport(COMPLAINED, "", original_id, is_formal=True))
    if not reports and is_from_system:
        reports += _in_words(text, original_id, failed)
    return tuple(reports[:MAX_REPORTS])


def _in_words(
    text: str, original_id: str | None, failed: str
) -> Iterator[DeliveryReport]:
    code = _CODE.search(text)
    if code is None and original_id is None and not failed:
        return
    named = _ADDRESS.search(failed) or _ADDRESS.search(text)
    yield DeliveryReport(
        action=DELAYED if _WILL_BE_TRIED_AGAIN.search(text) else FAILED,
        status=code.group() if code else "",
        original_message_id=original_id,
        recipient=_address(named.group()) if named else "",
    )


def _recipients(text: str) -> Iterator[tuple[str, str, str]]:
    for block in _BLANK_LINE.split(text):
        action, status = _ACTION.search(block), _STATUS.search(block)
        if action or status:
            recipients = _RECIPIENT.findall(block)
            yield (
                action.group(1).lower() if action else "",
                status.group(1) if status else "",
                _address(recipients[0]) if recipients else "",
            )


def _original_id(leaves: Iterable[Part], text: str) -> str | None:
    known = _RETURNED_TYPES | _STATUS_TYPES
    sources = [_text(leaf) for leaf in leaves if leaf.declared_type in known]
    for source in (*sources, text):
        found = _ORIGINAL_ID.search(source)
        if found:
            return f"<{one_line(found.group(1), 250)}>"
    return None


def _is_complaint(leaf: Part) -> bool:
    if leaf.declared_type == _FEEDBACK_TYPE:
        return True
    is_returned = leaf.declared_type in _RETURNED_TYPES
    return is_returned and _COMPLAINT_MARK.search(_text(leaf)) is not None


def _address(text: str) -> str:
    return one_line(text, MAX_ADDRESS_CHARS).lower()


def _text(leaf: Part) -> str:
    return leaf.head(READ_BYTES).decode("utf-8", "replace").replace("\r\n", "\n")
