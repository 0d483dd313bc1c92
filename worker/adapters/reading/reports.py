"""Delivery reports: what a bounce says about which of our mails."""

import re
from collections.abc import Iterable, Iterator

from worker.adapters.reading.parts import Part
from worker.adapters.reading.texts import one_line
from worker.domain.mail import DeliveryReport

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

_BLANK_LINE = re.compile(r"\r?\n[ \t]*\r?\n")
_ACTION = re.compile(
    r"^action[ \t]*:[ \t]*([a-z-]{1,20})", re.IGNORECASE | re.MULTILINE
)
_STATUS = re.compile(
    r"^status[ \t]*:[ \t]*([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE
)
_CODE = re.compile(r"\b[45]\.\d{1,3}\.\d{1,3}\b")
_ORIGINAL_ID = re.compile(
    r"^(?:original-)?message-id[ \t]*:\s*(<[!-;=?-~]{1,250}>)",
    re.IGNORECASE | re.MULTILINE,
)


def read(
    leaves: Iterable[Part], *, text: str, is_from_daemon: bool
) -> tuple[DeliveryReport, ...]:
    """Return one report per recipient, at most 50.

    A mail of a mail system that has no RFC 3464 part but names a failure code or gives
    a mail back counts as one failure. Source: RFC 3464 §2.3, reliability.md 3.5.
    """
    leaves = tuple(leaves)
    original_id = _original_id(leaves, text if is_from_daemon else "")
    reports = [
        DeliveryReport(action, status, original_id)
        for leaf in leaves
        if leaf.declared_type in _STATUS_TYPES
        for action, status in _recipients(_text(leaf))
    ]
    code = _CODE.search(text)
    if not reports and is_from_daemon and (code or original_id):
        reports.append(
            DeliveryReport("failed", code.group() if code else "", original_id)
        )
    return tuple(reports[:MAX_REPORTS])


def _recipients(text: str) -> Iterator[tuple[str, str]]:
    for block in _BLANK_LINE.split(text):
        action, status = _ACTION.search(block), _STATUS.search(block)
        if action or status:
            yield (
                action.group(1).lower() if action else "",
                status.group(1) if status else "",
            )


def _original_id(leaves: Iterable[Part], text: str) -> str | None:
    sources = [_text(leaf) for leaf in leaves if leaf.declared_type in _RETURNED_TYPES]
    for source in (*sources, text):
        found = _ORIGINAL_ID.search(source)
        if found:
            return one_line(found.group(1), 252)
    return None


def _text(leaf: Part) -> str:
    return leaf.head(READ_BYTES).decode("utf-8", "replace").replace("\r\n", "\n")
