"""`claims templates preview`: every e-mail with sample facts, to look at."""

# ruff: noqa: PLC0415 - a page of help needs nothing of this

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.console import err, out
from worker.cli.starting import help_alone, read_settings
from worker.domain.counting import counted
from worker.domain.errors import UsageError, WrongUse

if TYPE_CHECKING:
    from worker.gallery import Page

app = typer.Typer()
templates_app = typer.Typer(
    help="The e-mails that we send.", invoke_without_command=True, callback=help_alone
)
app.add_typer(templates_app, name="templates")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S = 60
PROVISIONAL_HEIGHT = 1000
"""Of the window in which a page is measured, in pixels."""
_HEIGHT = re.compile(r'<html[^>]* data-height="(\d+)"')


@templates_app.command(epilog="Example: `claims templates preview --language de`")
def preview(
    *,
    to: Annotated[
        Path, typer.Option("--out", help="Folder for the pages; made if need be.")
    ] = Path("email-preview"),
    language: Annotated[
        str | None, typer.Option(help="Only one of: de, en, es, zh.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only one kind, such as received.")
    ] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Also a PNG of each, by Chromium.")
    ] = False,
) -> None:
    """Write every e-mail with sample facts as HTML and text, and an index of them."""
    from worker.adapters.render import JinjaRenderer
    from worker.adapters.resources import folder
    from worker.domain.reply import SUPPORTED_LOCALES, ReplyKind
    from worker.gallery import write_gallery

    languages = _choose("language", language, SUPPORTED_LOCALES)
    kinds = {ReplyKind(k) for k in _choose("kind", kind, frozenset(ReplyKind))}
    renderer = JinjaRenderer(
        folder("templates") / "emails", signature=read_settings().signature
    )
    try:
        pages = write_gallery(to, renderer, languages, kinds)
    except OSError as error:
        raise WrongUse(f"--out {to} cannot be written: {error.strerror}") from None
    out.print(
        f"{counted(len(pages), 'e-mail')} written; open {to / 'index.html'}",
        soft_wrap=True,
    )
    if pictures:
        out.print(f"{counted(_take_pictures(pages), 'picture')} taken")


def _choose(what: str, wish: str | None, all_there_are: frozenset[str]) -> list[str]:
    if wish is None:
        return sorted(all_there_are)
    if wish not in all_there_are:
        known = ", ".join(sorted(all_there_are))
        raise WrongUse(f"there is no {what} {wish!r}; there are {known}")
    return [wish]


def _take_pictures(pages: "list[Page]") -> int:
    """Return how many pictures were taken, beside the pages."""
    from rich.progress import track

    from worker.gallery import VIEW_WIDTH

    browser = find_browser()
    for page in track(pages, console=err, transient=True):
        picture = page.view.with_suffix("").with_suffix(".png")
        take_picture(browser, page.view, picture, width=VIEW_WIDTH)
    return len(pages)


def find_browser() -> str:
    """Return the path of Chromium.

    Raises:
        UsageError: there is none.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise UsageError("no pictures: install chromium, or leave out --pictures")
    return browser


def take_picture(browser: str, page: Path, picture: Path, *, width: int) -> None:
    """Write a PNG of a whole page of the gallery, which says its own height.

    Args:
        browser: the path of Chromium.
        page: made by `worker.gallery.page`.
        picture: the file to write.
        width: of the window, in pixels.

    Raises:
        UsageError: the browser fails.
    """
    address = page.resolve().as_uri()
    size = f"--window-size={width}"
    dom = _browse(browser, page, f"{size},{PROVISIONAL_HEIGHT}", "--dump-dom", address)
    told = _HEIGHT.search(dom)
    height = PROVISIONAL_HEIGHT if told is None else int(told[1])
    shot = f"--screenshot={picture.resolve()}"
    _browse(browser, page, f"{size},{height}", shot, address)


def _browse(browser: str, page: Path, *wishes: str) -> str:
    quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
    try:
        done = subprocess.run(  # noqa: S603 - the browser by its path, on our own page
            [browser, *quiet, *wishes],
            check=True,
            capture_output=True,
            timeout=PATIENCE_S,
        )
    except (subprocess.SubprocessError, OSError):
        raise UsageError(f"no picture of {page.name}: {browser} fails") from None
    return done.stdout.decode(errors="replace")
