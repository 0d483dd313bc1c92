"""Bytes of unknown honesty to clean text: decoding, cleaning, cutting.

Every text that leaves the reader went through `clean` or `one_line`: PostgreSQL
refuses NUL, JSON refuses lone surrogates, and a terminal obeys control characters.
"""

import codecs
import re

ALIASES = {
    "big5": "cp950",
    "cp-850": "cp850",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "ks_c_5601-1987": "cp949",
    "latin1": "cp1252",
    "shift-jis": "cp932",
    "shift_jis": "cp932",
    "sjis": "cp932",
    "tis-620": "cp874",
    "unicode-1-1-utf-7": "utf-7",
    "utf-8mb4": "utf-8",
    "windows-31j": "cp932",
    "x-gbk": "gb18030",
    "x-sjis": "cp932",
}
"""What mailers call a charset, and the wider one that they write.

Source: WHATWG Encoding §4.2.
"""

SAYS_NOTHING = frozenset(
    {"", "ascii", "us-ascii", "ansi_x3.4-1968", "binary", "unknown-8bit", "x-unknown"}
)
NOT_CHARSETS = frozenset(
    # idna and punycode take quadratic time; the others are no charsets of mail.
    {"idna", "mbcs", "oem", "punycode", "raw_unicode_escape", "undefined",
     "unicode_escape"}
)  # fmt: skip

MAX_ENCODED_FACTOR = 6
"""Bytes looked at per character kept: the longest UTF-8 or UTF-7 form, and markup."""
FEW_ERRORS = 50
"""One bad byte in so many characters is damage, more is another charset. Our choice."""

MAX_GUESSED_BYTES = 4_096
_HIGH_RUN = re.compile(rb"(?:[\x80-\xff][\x40-\x7e]?)+")
_COMMON = (
    (
        "cp932",
        re.compile(
            rb"(?:[\x00-\x7f]|\x81[\x40-\xac]|\x82[\x4f-\xf1]|\x83[\x40-\x96]"
            rb"|[\x88-\x9f\xe0-\xea][\x40-\x7e\x80-\xfc])*+[\x81-\x9f\xe0-\xea]?"
        ),
    ),
    (
        "gb18030",
        re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xa3\xb0-\xd7][\xa1-\xfe])*+[\xa1-\xd7]?"),
    ),
    (
        "cp950",
        re.compile(
            rb"(?:[\x00-\x7f]|[\xa1-\xa3\xa4-\xc6][\x40-\x7e\xa1-\xfe])*+[\xa1-\xc6]?"
        ),
    ),
)
"""Charsets by the bytes of their commonest characters: punctuation, kana, and the
Han characters of the first level. Source: JIS X 0208, GB 2312, Big5."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_ENDS = re.compile(r"\r\n?|\x0b|\x0c|\x85|\u2028|\u2029")
# Controls, surrogates, and the invisible: zero width space, word joiner, byte order
# mark, soft hyphen. They hide inside copied order numbers.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\u00ad\u200b\u2060\ufeff\ufffe\uffff]"
)
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"\s+")


def decode(data: bytes, charset: str | None, *, is_cut: bool = False) -> str:
    """Return the text of some bytes: the declared charset, else UTF-8, else Latin-1.

    Never raises. A declared charset that fits all but a few bytes is kept and the
    bytes are replaced; one that fits badly is taken for a lie.

    Args:
        data: the bytes.
        charset: as declared.
        is_cut: half a character at the end is our own doing and is left out.
    """
    for bom, name in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(name, "replace")
    declared = known_charset(charset)
    candidates = ("utf-8",) if declared is None else (declared, "utf-8")
    for candidate in candidates:
        text = _attempt(data, candidate, "strict", is_cut=is_cut)
        if text is not None:
            return text
    for candidate in candidates:
        text = _attempt(data, candidate, "replace", is_cut=is_cut)
        if text is not None and text.count("\ufffd") * FEW_ERRORS <= len(text):
            return text
    guess = guessed(data)
    text = None if guess is None else _attempt(data, guess, "replace", is_cut=True)
    if text is None:
        text = _attempt(data, "cp1252", "strict", is_cut=is_cut)
    return data.decode("latin-1") if text is None else text


def guessed(data: bytes) -> str | None:
    """Return the East Asian charset that undeclared bytes are in, or None.

    Only where all that is not ASCII are pairs of the commonest characters. Chinese
    before Korean, whose pairs are the same: name the charset and there is no doubt.
    """
    sample = data[:MAX_GUESSED_BYTES]
    runs = _HIGH_RUN.findall(sample)
    if not any(len(run) > 2 for run in runs):  # noqa: PLR2004 - a pair may be umlauts
        return None
    return next((name for name, fits in _COMMON if fits.fullmatch(sample)), None)


def known_charset(charset: str | None) -> str | None:
    """Return the codec for a declared charset, or None when it says nothing usable."""
    name = (charset or "").strip().strip("\"'").lower()
    name = ALIASES.get(name.replace(" ", ""), name)
    if name in SAYS_NOTHING:
        return None
    try:
        codec = codecs.lookup(name).name
        b"x".decode(codec, "replace")  # refuses base64, zlib and others without text
    except (LookupError, UnicodeError, ValueError):
        return None
    return None if codec in NOT_CHARSETS else codec


def clean(text: str, limit: int) -> str:
    """Return text with LF line ends and no control characters, `limit` long at most."""
    if text.isascii() and text.isprintable():
        return text[:limit]
    text = _LINE_ENDS.sub("\n", text[: limit * 2])
    return _UNWANTED.sub("", text)[:limit]


def one_line(text: str, limit: int) -> str:
    """Return text on one line, runs of white space made one space, bounded."""
    text = clean(text, limit * 4)
    if not (text.isascii() and text.isprintable()) or "  " in text:
        text = _SPACES.sub(" ", text)
    return text.strip()[:limit].rstrip()


def without_bidi(text: str) -> str:
    """Return text without marks that reorder what is shown: `fdp.exe` as `exe.pdf`."""
    return _BIDI.sub("", text)


def _attempt(data: bytes, codec: str, errors: str, *, is_cut: bool) -> str | None:
    try:
        decoder = codecs.getincrementaldecoder(codec)(errors)
        return decoder.decode(data, final=not is_cut)
    except (LookupError, UnicodeError, ValueError, TypeError):
        return None
