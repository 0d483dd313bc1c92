import base64
import os

import pytest

from tests.builders_mail import File, a_file, an_attached_mail, make_mail
from worker.adapters.reading import parts, slim

NOISE = bytes(range(256)) * 2000


def contents(raw: bytes) -> list[bytes]:
    return [b"".join(leaf.chunks()) for leaf in parts.read(raw).leaves]


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
@pytest.mark.parametrize("encoding", ["base64", "8bit"])
def test_what_was_cut_out_is_read_byte_for_byte(line_end: bytes, encoding: str) -> None:
    data = base64.b64encode(os.urandom(300_000)) if encoding == "8bit" else NOISE
    raw = make_mail(files=[File(data, encoding=encoding), a_file(b"end", "b.txt")])

    slimmed = slim.cut(raw)

    assert len(slimmed.cuts) == 1
    assert len(slimmed.data) < 64_000
    assert contents(raw.replace(b"\r\n", line_end))[1:] == [data, b"end"]


def test_lines_of_dashes_inside_a_file_do_not_part_it() -> None:
    data = (b"x" * 40_000 + b"\n-- \n--not a boundary\n") * 5
    raw = make_mail(files=[File(data, encoding="8bit")])

    assert len(slim.cut(raw).cuts) == 5
    assert contents(raw)[1] == data


def test_a_cut_part_is_a_slice_of_the_mail_and_no_copy() -> None:
    raw = make_mail(files=[File(b"x" * 100_000, encoding="8bit")])

    leaf = parts.read(raw).leaves[1]

    assert isinstance(leaf.encoded, memoryview)
    assert leaf.encoded.obj is raw


def test_a_big_mail_without_parts_is_cut_too() -> None:
    raw = b"Subject: x\r\n\r\n" + b"words \r\n" * 100_000

    assert len(slim.cut(raw).data) < 1000
    assert contents(raw) == [raw[14:]]


def test_attached_mails_are_left_whole() -> None:
    inner = make_mail(files=[a_file(NOISE, "a.bin")])

    assert contents(make_mail(files=[an_attached_mail(inner)]))[1] == inner


def test_a_small_mail_is_not_cut() -> None:
    raw = make_mail()

    assert slim.cut(raw).data == raw


def test_a_marker_that_a_sender_wrote_means_nothing() -> None:
    text = b"claims-cut-" + b"0" * 24 + b"-0-"
    raw = make_mail(files=[File(text, encoding="8bit")])

    assert contents(raw)[1] == text


@pytest.mark.parametrize(
    ("raw", "end"),
    [
        (b"A: b\r\n\r\nbody", 8),
        (b"A: b\n\nbody", 6),
        (b"A: b\r\rbody", 6),
        (b"A: b\n\r\nbody", 7),
        (b"A: b", 4),
        (b"", 0),
    ],
)
def test_the_body_begins_behind_the_first_empty_line(raw: bytes, end: int) -> None:
    assert slim.find_headers_end(memoryview(raw)) == end


def test_headers_are_cut_at_512_kb() -> None:
    raw = b"From: a@b.example\r\n" + b"X: y\r\n" * 200_000 + b"\r\nbody"

    slimmed = slim.cut(raw)

    assert slimmed.defects == ("headers_cut",)
    assert len(slimmed.data) < 513 * 1024
    assert contents(raw) == [b"body"]


def test_one_header_is_cut_at_64_kb() -> None:
    root = parts.read(b"Subject: " + b"x" * 100_000 + b"\r\n\r\nhi").root

    assert len(root["subject"]) == 64 * 1024


@pytest.mark.parametrize(
    ("count", "defects"), [(500, ()), (501, ("parts_cut",))], ids=["exactly", "more"]
)
def test_a_mail_has_500_parts_at_most(count: int, defects: tuple[str, ...]) -> None:
    body = b"--B\r\n\r\nx\r\n" * count + b"--B--"
    tree = parts.read(b'Content-Type: multipart/mixed; boundary="B"\r\n\r\n' + body)

    assert len(tree.leaves) == 500
    assert tree.defects == defects


@pytest.mark.parametrize(
    ("depth", "defects"), [(50, ()), (51, ("depth_cut",))], ids=["exactly", "more"]
)
def test_a_mail_is_50_levels_deep_at_most(depth: int, defects: tuple[str, ...]) -> None:
    levels = (
        f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"
        for n in range(depth)
    )

    tree = parts.read("".join((*levels, "\r\nx")).encode())

    assert tree.defects == defects


@pytest.mark.parametrize(
    ("headers", "is_cut"),
    [
        (b'Content-Type: image/png; name="a.png"', True),
        (b"Content-Type: image/png\r\nContent-Disposition: inline; filename=a", True),
        (b"Content-Type: image/png", False),
        (b"Content-Type: image/png\r\nContent-Description: a name=a", False),
        (b"no header\r\nContent-Type: image/png; name=a", False),
        (b'Content-Type: text/plain; name="a.txt"', False),
    ],
)
def test_of_a_named_file_in_base64_the_parsers_see_the_beginning(
    headers: bytes, *, is_cut: bool
) -> None:
    content = base64.encodebytes(bytes(6_000)).replace(b"\n", b"\r\n")
    raw = (
        b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n" + headers
        + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + content + b"--B--\r\n"
    )  # fmt: skip

    assert (len(slim.cut(raw).data) < 1_000) is is_cut
    (leaf,) = parts.read(raw).leaves
    assert bytes(leaf.encoded).endswith(content.strip())


def test_what_lies_between_two_cuts_is_kept_where_the_parser_changed_the_rest() -> None:
    mark = "claims-cut-" + "0" * 24 + "-{}-"
    found = slim.Slim(
        data=b"",
        raw=memoryview(b"0123456789"),
        token="0" * 24,
        cuts=((2, 4), (6, 8)),
        headers_end=0,
        body_at=0,
    )

    payload = f"x1{mark.format(0)}45{mark.format(1)}89"

    assert bytes(found.encoded(payload)) == b"x123456789"
