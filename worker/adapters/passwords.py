"""Argon2id: passwords as hashes that cost a guesser time and memory."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

SHORTEST = 15
"""Source: NIST SP 800-63B-4 section 3.1.1.2, for a password without a second factor."""
LONGEST = 200
_FEWEST_LETTERS = 6
"""Different ones, in a password that is no name. Our choice."""
_HASHER = PasswordHasher()
"""The library's defaults: RFC 9106, low-memory profile."""
_NOBODYS = _HASHER.hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """Return the hash to keep."""
    return _HASHER.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Return whether the password is that of the hash.

    Takes as long where there is no hash, so that nobody learns which names exist.
    """
    try:
        _HASHER.verify(_NOBODYS if password_hash is None else password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return password_hash is not None


def new_password() -> str:
    """Return a password for a first sign-in, easy to copy: 20 letters and digits."""
    return _groups(number=4, length=5)


def new_recovery_codes() -> list[str]:
    """Return eight codes that stand in for a lost phone.

    Each holds 118 bits, so that its sha256 may be kept. Source: OWASP ASVS 5, 6.5.2.
    """
    return [_groups(number=6, length=4) for _ in range(8)]


def is_simple(password: str, *names: str) -> bool:
    """Return whether a long password is easy to guess: few letters, or a name again.

    Source: NIST SP 800-63B-4 section 3.1.1.2, words of the context.
    """
    plain = password.casefold()
    for name in names:
        plain = plain.replace(name.casefold(), "") if name else plain
    return len(set(plain)) < _FEWEST_LETTERS


def _groups(*, number: int, length: int) -> str:
    """Return groups of letters and digits that no eye confuses (4.95 bits each)."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join(
        "".join(secrets.choice(letters) for _ in range(length)) for _ in range(number)
    )
