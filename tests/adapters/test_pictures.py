import io

import pytest
from PIL import Image, ImageDraw

from tests import drawn_papers, drawn_scenes
from tests.builders_mail import logo, photo, screenshot
from worker.adapters import pictures
from worker.domain.mail import Looks, Picture, Trouble


def looked(data: bytes) -> Picture:
    found = pictures.look(data)
    assert isinstance(found, Picture)
    return found


def saved(image: Image.Image, fmt: str = "PNG") -> bytes:
    held = io.BytesIO()
    image.save(held, fmt)
    return held.getvalue()


@pytest.mark.parametrize("fmt", ["JPEG", "HEIF", "PNG", "WEBP"])
def test_a_photograph_is_one_in_every_format(fmt: str) -> None:
    found = looked(photo(fmt=fmt))

    assert (found.width, found.height) == (640, 480)
    assert found.looks_like == "photograph"
    assert found.taken_at == "2026:11:18 16:02:11"
    assert found.phash is not None
    assert len(found.phash) == 32


def test_a_photograph_without_a_date_has_none() -> None:
    found = looked(photo(taken_at=None))

    assert found.taken_at is None
    assert found.looks_like == "photograph"


def test_a_photograph_keeps_its_hash_in_another_size_and_format() -> None:
    hashes = [
        looked(photo(1)).phash,
        looked(photo(1, fmt="WEBP")).phash,
        looked(saved(Image.open(io.BytesIO(photo(1))).resize((320, 240)))).phash,
    ]

    first = int(hashes[0] or "", 16)
    assert all((first ^ int(h or "", 16)).bit_count() <= 8 for h in hashes)


def test_two_photographs_have_hashes_far_apart() -> None:
    one, two = (int(looked(photo(n)).phash or "", 16) for n in (1, 2))

    assert (one ^ two).bit_count() > 30


@pytest.mark.parametrize(
    ("data", "looks_like"),
    [
        pytest.param(logo(), "graphic", id="A6 signature logo"),
        pytest.param(logo(size=(300, 100)), "graphic", id="larger logo"),
        pytest.param(saved(Image.new("RGB", (1, 1))), "graphic", id="tracking pixel"),
        pytest.param(photo(size=(149, 400)), "graphic", id="149 pixels"),
        pytest.param(photo(size=(150, 400)), "photograph", id="150 pixels"),
        pytest.param(
            saved(Image.new("RGBA", (400, 300), (0, 0, 0, 0))),
            "graphic",
            id="transparent",
        ),
        pytest.param(screenshot(), "screenshot", id="screenshot"),
        pytest.param(screenshot(["line " * 20] * 20), "screenshot", id="page of text"),
        pytest.param(
            saved(Image.new("RGB", (800, 600), (230, 228, 225)), "JPEG"),
            "screenshot",
            id="empty page",
        ),
    ],
)
def test_pictures_are_told_apart(data: bytes, looks_like: str) -> None:
    assert looked(data).looks_like == looks_like


def test_a_flat_picture_has_no_hash() -> None:
    assert looked(screenshot()).phash is None


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_of_pixels_can_be_looked_at(mode: str) -> None:
    image = Image.open(io.BytesIO(photo())).convert("L").convert(mode)
    fmt = "TIFF" if mode in {"CMYK", "LA"} else "PNG"

    assert looked(saved(image, fmt)).width == 640


@pytest.mark.parametrize("fmt", ["JPEG", "HEIF", "PNG", "WEBP"])
def test_a_picture_that_is_cut_off_is_unreadable(fmt: str) -> None:
    data = photo(fmt=fmt)

    assert pictures.look(data[: len(data) // 2]) is Trouble.UNREADABLE


def test_a_png_with_damage_inside_is_unreadable() -> None:
    """Asking Pillow for its EXIF first would hide the damage."""
    data = bytearray(photo(fmt="PNG"))
    data[len(data) // 2 : len(data) // 2 + 500] = b"\0" * 500

    assert pictures.look(bytes(data)) is Trouble.UNREADABLE


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"GIF89a", b"words"])
def test_what_is_no_picture_is_unreadable(data: bytes) -> None:
    assert pictures.look(data) is Trouble.UNREADABLE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "is_too_large"),
    [
        pytest.param((25_000, 10_000), False, id="exactly 250 megapixels"),
        pytest.param((25_001, 10_000), True, id="more"),
        pytest.param((40_000, 25_000), True, id="a thousand"),
    ],
)
def test_more_than_250_megapixels_are_too_large(
    size: tuple[int, int], *, is_too_large: bool
) -> None:
    found = pictures.look(saved(Image.new("1", size)))

    assert (found is Trouble.TOO_LARGE) is is_too_large


def test_beyond_the_budget_a_picture_is_only_measured() -> None:
    found, cost = pictures.look_within(photo(fmt="HEIF"), 1000)

    assert found == Picture(640, 480, Looks.PHOTOGRAPH, "2026:11:18 16:02:11")
    assert cost == 0


def test_a_budget_is_spent_by_size_and_format() -> None:
    costs = [
        pictures.look_within(photo(fmt=f), 10**9)[1] for f in ("JPEG", "PNG", "HEIF")
    ]

    assert costs == sorted(costs)
    assert costs[1] == pictures.LOOK_COST + 640 * 480


@pytest.mark.slow
def test_a_photograph_of_108_megapixels_is_looked_at() -> None:
    large = Image.linear_gradient("L").resize((12_000, 9_000))

    found = looked(saved(large, "JPEG"))

    assert (found.width, found.height) == (12_000, 9_000)
    assert found.looks_like is Looks.PHOTOGRAPH


def test_what_would_be_decoded_whole_is_only_measured_above_40_megapixels() -> None:
    large = saved(Image.linear_gradient("L").resize((8_001, 5_000)), "PNG")

    assert looked(large) == Picture(8_001, 5_000, Looks.PHOTOGRAPH)


@pytest.mark.slow
@pytest.mark.parametrize("which", [1, 2])
def test_papers_screens_and_photographs_are_told_apart_in_both_sets(which: int) -> None:
    drawn = {
        Looks.SCREENSHOT: [drawn_papers.screen(seed, which) for seed in (1, 6)],
        Looks.SCAN: [drawn_papers.receipt(seed, which) for seed in (0, 1)],
        Looks.PHOTOGRAPH: [drawn_scenes.box(1, which), drawn_scenes.goods(2, which)],
    }

    for looks, images in drawn.items():
        taken_for = [looked(saved(image, "JPEG")).looks_like for image in images]
        assert taken_for == [looks, looks]


@pytest.mark.parametrize("seed", [1, 4, 6])
def test_a_parcel_in_the_dark_is_no_dark_screen(seed: int) -> None:
    assert looked(saved(drawn_scenes.night(seed, 2))).looks_like is Looks.PHOTOGRAPH


def test_a_dark_screen_with_a_word_on_it_is_a_screen() -> None:
    screen = Image.new("RGB", (720, 1600), (18, 18, 18))
    words = ImageDraw.Draw(screen)
    words.text((300, 800), "12:40", fill=(232, 234, 237))

    assert looked(saved(screen)).looks_like is Looks.SCREENSHOT


def test_what_a_phone_says_of_a_screenshot_is_believed() -> None:
    exif = Image.Exif()
    exif[0x8769] = {0x9286: b"ASCII\0\0\0Screenshot", 0x9003: "2026:11:18 16:02:11"}
    held = io.BytesIO()
    drawn_scenes.goods(1).save(held, "JPEG", exif=exif)

    assert looked(held.getvalue()).looks_like is Looks.SCREENSHOT


def test_a_camera_s_offset_is_kept_with_its_date() -> None:
    exif = Image.Exif()
    exif[0x8769] = {0x9003: "2026:11:18 16:02:11", 0x9011: "+01:00"}
    held = io.BytesIO()
    drawn_scenes.goods(1).save(held, "JPEG", exif=exif)

    assert looked(held.getvalue()).taken_at == "2026:11:18 16:02:11+01:00"
