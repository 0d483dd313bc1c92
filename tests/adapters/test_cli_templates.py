"""`claims templates preview`: pages to look at, and what it says of wrong wishes."""

from pathlib import Path

import pytest

from tests.commands import claims_here, one_line
from worker.domain.reply import SUPPORTED_LOCALES
from worker.gallery import PHONES, every_sample


def test_every_email_is_written_in_every_language_with_an_index(tmp_path: Path) -> None:
    done = claims_here(tmp_path, "templates", "preview", "--out", "pages")

    names = every_sample()
    expected = {
        f"{language}/{name}" for language in SUPPORTED_LOCALES for name in names
    }
    found = {
        f"{path.parent.name}/{path.stem}" for path in tmp_path.glob("pages/*/*.txt")
    }
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{len(expected)} e-mails written")
    assert found == expected
    index = (tmp_path / "pages" / "index.html").read_text()
    assert all(f'href="{name}.view.html"' in index for name in expected)


def test_one_kind_in_one_language_is_shown_at_every_width(tmp_path: Path) -> None:
    wish = ("--language", "de", "--kind", "merged")
    claims_here(tmp_path, "templates", "preview", "--out", "pages", *wish)

    view = (tmp_path / "pages" / "de" / "merged.view.html").read_text()
    text = (tmp_path / "pages" / "de" / "merged.txt").read_text()
    assert [path.name for path in tmp_path.glob("pages/*/*.txt")] == ["merged.txt"]
    assert all(f'width="{width}"' in view for width in PHONES)
    assert 'style="color-scheme:dark"' in view
    assert text.startswith("Subject: M104233+ORD-20261104-0183+Claim [#CLM-000012]")


def test_the_signature_that_was_set_stands_under_them(tmp_path: Path) -> None:
    claims_here(
        tmp_path,
        *("templates", "preview", "--out", "pages", "--kind", "merged"),
        CLAIMS_SIGNATURE="The parcel desk",
    )

    for path in tmp_path.glob("pages/*/merged.txt"):
        assert "\nThe parcel desk\n" in path.read_text()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "pages").touch()

    done = claims_here(tmp_path, "templates", "preview", "--out", "pages")

    assert done.returncode == 2
    assert one_line(done).startswith("claims: --out pages cannot be written: ")


@pytest.mark.parametrize("wish", [("--language", "fr"), ("--kind", "hello")])
def test_what_is_not_there_is_refused_with_what_is(
    tmp_path: Path, wish: tuple[str, str]
) -> None:
    done = claims_here(tmp_path, "templates", "preview", *wish)

    assert done.returncode == 2
    assert f"'{wish[1]}'; there are" in one_line(done)
    assert list(tmp_path.iterdir()) == []
