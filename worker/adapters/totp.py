"""pyotp: six-digit codes that a phone shows (RFC 6238)."""

from datetime import datetime

import pyotp

STEP_S = 30
_NEIGHBOURS = 1
"""A phone's clock may be one step off. Source: RFC 6238 section 5.2."""


def new_secret() -> str:
    """Return a secret to be shared with a phone (base32)."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, *, name: str) -> str:
    """Return what the picture says that a phone scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Claims desk")


def step_of(secret: str, code: str, *, now: datetime) -> int | None:
    """Return the time step whose code was given, or None for a wrong one."""
    plain = code.replace(" ", "").replace("-", "")
    totp = pyotp.TOTP(secret)
    current = int(now.timestamp()) // STEP_S
    for step in range(current - _NEIGHBOURS, current + _NEIGHBOURS + 1):
        if totp.verify(plain, for_time=step * STEP_S):
            return step
    return None
