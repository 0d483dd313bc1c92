"""pyotp: six-digit codes that a phone shows (RFC 6238)."""

from datetime import datetime

import pyotp
import segno

STEP_S = 30
_NEIGHBOURS = 1
"""A phone's clock may be one step off. Source: RFC 6238 section 5.2."""


def new_secret() -> str:
    """Return a secret to be shared with a phone (base32)."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, *, name: str) -> str:
    """Return what the picture says that a phone scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Claims desk")


def picture_of(uri: str) -> str:
    """Return a QR code as an SVG element without any style; black on white always."""
    return segno.make_qr(uri, error="m").svg_inline(
        scale=5, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None
    )


def plain_code(code: str) -> str:
    """Return a code as it is compared: without blanks and hyphens, in lower case."""
    return "".join(code.split()).replace("-", "").casefold()


def step_of(secret: str, code: str, *, now: datetime) -> int | None:
    """Return the time step whose code was given, or None for a wrong one."""
    plain = plain_code(code)
    totp = pyotp.TOTP(secret)
    current = int(now.timestamp()) // STEP_S
    for step in range(current - _NEIGHBOURS, current + _NEIGHBOURS + 1):
        if totp.verify(plain, for_time=step * STEP_S):
            return step
    return None
