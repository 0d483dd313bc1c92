"""RSA keys made on the spot, for signing mails in tests; never for anything else."""

import base64
import random
from dataclasses import dataclass
from functools import cache

EXPONENT = 65537


@dataclass(frozen=True)
class Key:
    """A private key as PEM, and what its owner publishes in the DNS."""

    pem: bytes
    record: bytes


@cache
def rsa_key(bits: int = 1024, seed: int = 1) -> Key:
    """A key of so many bits; the same seed gives the same key."""
    chance = random.Random(seed)  # noqa: S311 - the same keys in every run
    p, q = _prime(bits // 2, chance), _prime(bits // 2, chance)
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    numbers = [0, p * q, EXPONENT, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p)]
    private = base64.encodebytes(_sequence(numbers)).decode()
    public = base64.b64encode(_sequence([p * q, EXPONENT])).decode()
    return Key(
        f"-----BEGIN RSA PRIVATE KEY-----\n{private}-----END RSA PRIVATE KEY-----"
        "\n".encode(),
        f"v=DKIM1; k=rsa; p={public}".encode(),
    )


def _prime(bits: int, chance: random.Random) -> int:
    top = 3 << (bits - 2)
    while True:
        number = chance.getrandbits(bits) | top | 1
        has_factor = any(number % small == 0 for small in range(3, 2000, 2))
        if has_factor or number % EXPONENT == 1:
            continue
        if all(_passes(number, chance) for _ in range(8)):
            return number


def _passes(number: int, chance: random.Random) -> bool:
    """One round of Miller and Rabin."""
    odd = number - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    power = pow(chance.randrange(2, number - 1), odd, number)
    if power in {1, number - 1}:
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False


def _sequence(numbers: list[int]) -> bytes:
    """ASN.1 DER. Source: RFC 8017, appendix A.1."""
    inner = b"".join(
        _tagged(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))
        for number in numbers
    )
    return _tagged(0x30, inner)


def _tagged(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
