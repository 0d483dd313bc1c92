"""Mails that a person forwarded or answered inside the text of a mail.

Finds the header blocks that mail programs write above a forwarded or quoted mail, in
the languages of `forward_marks`, and parts a body into the person's own words and the
mails below them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from worker.adapters.reading.forward_marks import (
    BEGIN,
    FIELD,
    SEPARATOR,
    WROTE,
    WROTE_ENDS,
    WROTE_STARTS,
)
from worker.adapters.reading.headers import decode_words
from worker.adapters.reading.texts import one_line
from worker.domain.lexicon.headers import FIELD_BY_LABEL

MAX_FORWARDS = 10
"""Found in one body. Our choice."""
MAX_LINE_CHARS = 600
"""Looked at of one line. Our choice."""
MAX_LINES = 20_000
"""Looked at of one body. Our choice."""
MAX_BLOCK_LINES = 100
"""Of one header block. Our choice: the recipients of a list."""
MAX_FIELD_CHARS = 500
MAX_GAP = 1
"""Empty lines inside a header block: HTML tables leave them. Our choice."""

_DATED = re.compile(r"@|\d{1,2}[:.h]\d{2}|\b\d{4}\b")
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]{1,64}@[A-Za-z0-9.-]{1,253}[A-Za-z0-9]")
_RULE = re.compile(r"^[\s_=*—–-]*$")
_QUOTE = re.compile(r"^\s*>")
_QUOTE_MARKS = re.compile(r"^(?:\s*>)+ ?")


@dataclass(frozen=True, slots=True)
class Forward:
    """One mail inside a text; its fields are as its mail program wrote them."""

    subject: str
    sender: str
    date: str
    text: str


@dataclass(frozen=True, slots=True)
class Split:
    """A body parted: `own_text` is above the first mail inside, without quotes."""

    own_text: str
    forwards: tuple[Forward, ...]


@dataclass(frozen=True, slots=True)
class _Block:
    """A header block: lines `start` up to `end`, which is where the mail's text is."""

    start: int
    end: int
    fields: dict[str, str]


def split(text: str, correspondents: tuple[str, ...] = ()) -> Split:
    """Return the person's own words and the mails forwarded or quoted below them.

    A mail that is quoted below "Shop <orders@shop.example> wrote:" is one too, unless
    its sender is among the correspondents: who is answered here, or who writes.

    `>` lines and the "On ... wrote:" above them are nobody's own words; text between
    and below them is, as in an answer line by line. Where such a line is not followed
    by `>`, all below it is quoted.
    """
    whole = text.split("\n")
    lines = [line[:MAX_LINE_CHARS] for line in whole]
    blocks = list(_blocks(lines[:MAX_LINES]))
    ends = [*(block.start for block in blocks), len(lines)]
    headed = (
        _forward(block, whole[block.end : end])
        for block, end in zip(blocks, ends[1:], strict=True)
    )
    above = lines[: ends[0]]
    own = [whole[position] for position in _own_lines(above)]
    while blocks and own and _RULE.match(own[-1]):
        own.pop()
    inside = chain(
        _passed_on(above, whole, correspondents),
        (forward for forward in headed if forward.text or forward.subject),
    )
    return Split(
        own_text="\n".join(own).strip(),
        forwards=tuple(islice(inside, MAX_FORWARDS)),
    )


def _blocks(lines: list[str]) -> Iterator[_Block]:
    """Yield the header blocks from the top, at most MAX_FORWARDS."""
    position, found, left = 0, 0, MAX_LINES
    while position < len(lines) and found < MAX_FORWARDS and left > 0:
        block, looked_to = _block_at(lines, position)
        left -= looked_to - position
        if block is None:
            position += 1
            continue
        yield block
        found += 1
        position = block.end


def _block_at(lines: list[str], start: int) -> tuple[_Block | None, int]:
    """Return the header block that begins at a line, or None; and the line looked to.

    Below a separator line two labels are enough (sender, and subject or date). A bare
    block needs the sender, the subject and one more, since people write "From:" and
    "To:" about parcels too.
    """
    line = lines[start]
    if not line.strip():
        return None, start
    is_marked = bool(SEPARATOR.match(line) or BEGIN.match(line))
    if not is_marked and not (_has_colon(line) and FIELD.match(line)):
        return None, start
    fields, end = _fields(lines, start + is_marked)
    has_sender = "from" in fields
    if is_marked and (has_sender or not fields):
        return _Block(start, _behind_rule(lines, end), fields), end
    needed = {"from", "subject"}.issubset(fields) and fields.keys() & {"date", "to"}
    return _Block(start, end, fields) if needed else None, end


def _behind_rule(lines: list[str], end: int) -> int:
    """Return the line behind a separator that closes a block instead of opening one."""
    is_closed = end < len(lines) and SEPARATOR.match(lines[end]) is not None
    return end + 1 if is_closed and not _fields(lines, end + 1)[0] else end


def _has_colon(line: str) -> bool:
    """Return whether a line can be a labelled one at all, which FIELD finds slowly."""
    return ":" in line or "：" in line


def _fields(lines: list[str], start: int) -> tuple[dict[str, str], int]:
    """Return the labelled lines from here, and the first line behind them."""
    fields: dict[str, str] = {}
    position, end, gap, last = start, start, 0, ""
    while position < min(len(lines), start + MAX_BLOCK_LINES):
        line = lines[position]
        match = FIELD.match(line) if _has_colon(line) else None
        if match:
            last = FIELD_BY_LABEL.get(match.group(1).lower(), "cc")
            if last in fields and last != "cc":
                break
            fields[last] = match.group(2).strip(" \t*_")
            gap, end = 0, position + 1
        elif not line.strip(" \t>|"):
            gap += 1
            if gap > MAX_GAP:
                break
        elif gap or not _continues(line, fields, last):
            break
        else:
            fields[last] = f"{fields[last]} {_QUOTE_MARKS.sub('', line).strip()}"
            end = position + 1
        position += 1
    return fields, end


def _continues(line: str, fields: dict[str, str], last: str) -> bool:
    """Return whether a line goes on with the field above.

    It is indented, or goes on with a list of addresses, or is the value below its
    label, as HTML tables give it.
    """
    if not last:
        return False
    value, line = fields[last], line.lstrip(">|")
    is_listed = last in {"from", "to", "cc"} and (
        value.endswith((",", ";")) or line.lstrip().startswith("<")
    )
    return not value or is_listed or line[:2] in {"  ", " \t", "\t "}


def _forward(block: _Block, lines: list[str]) -> Forward:
    if any(_QUOTE.match(line) for line in lines[:3]):
        lines = [_QUOTE_MARKS.sub("", line) for line in lines]
    field = block.fields.get
    return Forward(
        subject=one_line(decode_words(field("subject", "")), MAX_FIELD_CHARS),
        sender=one_line(decode_words(field("from", "")), MAX_FIELD_CHARS),
        date=one_line(field("date", ""), MAX_FIELD_CHARS),
        text="\n".join(lines).strip(),
    )


def _own_lines(lines: list[str]) -> Iterator[int]:
    """Yield where the lines are that are neither quoted nor the line above a quote."""
    position = 0
    while position < len(lines):
        height = _attribution_height(lines, position)
        if height:
            position += height
            if not _is_quoted_next(lines, position):
                return
            continue
        if not _QUOTE.match(lines[position]):
            yield position
        position += 1


def _passed_on(
    lines: list[str], whole: list[str], correspondents: tuple[str, ...]
) -> Iterator[Forward]:
    """Yield the mails quoted below an "On ... wrote:" of no correspondent."""
    known = {_untagged(address) for address in correspondents}
    position = 0
    while position < len(lines):
        height = _attribution_height(lines, position)
        if not height:
            position += 1
            continue
        start = position + height
        sender = _ADDRESS.search(" ".join(lines[position:start]))
        is_quoted = _is_quoted_next(lines, start)
        position = _end_of_quote(lines, start) if is_quoted else len(lines)
        if sender is not None and _untagged(sender[0]) not in known:
            block = _Block(start, position, {"from": sender[0]})
            yield _forward(block, whole[start:position])


def _end_of_quote(lines: list[str], start: int) -> int:
    """Return the first line behind a quote, empty lines within it passed over."""
    rest = range(start, len(lines))
    return next((at for at in rest if _is_own(lines[at])), len(lines))


def _untagged(address: str) -> str:
    """`claims+token@x` is `claims@x`: we ask to be answered under a token."""
    local, at, domain = address.lower().rpartition("@")
    return local.partition("+")[0] + at + domain


def _is_own(line: str) -> bool:
    return bool(line.strip()) and not _QUOTE.match(line)


def _attribution_height(lines: list[str], start: int) -> int:
    """Return how many lines an "On ... wrote:" takes here: 0 (none) to 3.

    It names an address, a time or a year; "on Monday I wrote:" is a person's sentence.
    """
    if not WROTE_STARTS.match(lines[start]):
        return 0
    for height in (1, 2, 3):
        joined = " ".join(lines[start : start + height])[:MAX_LINE_CHARS].rstrip()
        is_end = joined.endswith(WROTE_ENDS)
        if is_end and WROTE.search(joined) and _DATED.search(joined):
            return height
        if not "".join(lines[start + height - 1 : start + height]).strip():
            return 0
    return 0


def _is_quoted_next(lines: list[str], start: int) -> bool:
    rest = (lines[position] for position in range(start, len(lines)))
    following = next((line for line in rest if line.strip()), "")
    return bool(_QUOTE.match(following))
