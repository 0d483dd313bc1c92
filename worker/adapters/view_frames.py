"""What the desk asks the reader's child to show, and what comes back."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import Base64Bytes, TypeAdapter

from worker.adapters.reading.marks import Wanted


class What(StrEnum):
    """What of a mail is to be seen."""

    FILE = "file"
    """The bytes of one file, to be saved."""
    PICTURE = "picture"
    """A JPEG of our own making: a picture made smaller, or a page drawn."""
    PAGES = "pages"
    """How many pages a PDF has, and where they name what is wanted."""
    LETTER = "letter"
    """The HTML of the mail, cleaned."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: a mail by its SHA-256 in the raw store, and a file in it by path.

    `page` counts from 0. Without a SHA-256 the mail's bytes follow the request.
    """

    what: What
    sha256: str = ""
    path: str = ""
    page: int = 0
    side: int = 0
    """Longer side of the picture in pixels, at most."""
    wanted: tuple[Wanted, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A place on a page, in parts of its width and height from the top left."""

    label: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PageSeen:
    """One page of a PDF: its size in points, and where it names what is wanted."""

    width: float
    height: float
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to see; all empty where there is nothing.

    `page_count` counts all pages of a PDF, `pages` holds the first of them.
    """

    data: Base64Bytes | None = None
    page_count: int = 0
    pages: tuple[PageSeen, ...] = ()
    html: str = ""
    remote_pictures: int = 0


ASKED = TypeAdapter(Asked)
PAGES = TypeAdapter(tuple[int, tuple[PageSeen, ...]])
