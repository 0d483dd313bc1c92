import pytest

from worker.adapters.reading import html_text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("hi", "hi"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two<br>three</div>", "one\ntwo\nthree"),
        ("a <b>b</b>\n\n   c", "a b c"),
        ("caf&eacute;&nbsp;&amp; &#x1F600;", "café & 😀"),
        ("<tr><td>Order</td><td>183</td></tr><tr><td>x</td></tr>", "Order\t183\nx"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<style>p{}</style><script>x()</script>seen", "seen"),
        ("<head><title>no</title></head><body>yes</body>", "yes"),
        ("<!-- no --><!DOCTYPE html><![if mso]>yes<![endif]>", "yes"),
        ("<blockquote>quoted<br>twice</blockquote>own", "> quoted\n> twice\nown"),
        ("<p title='a > b'>c</p>", "c"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<p", "<p"),
        ("<!-- open", "open"),
        ("<style>open", "open"),
        ("<script >x</script >seen", "seen"),
        ("</p></blockquote></td>x", "x"),
        ("&#99999999999;", "\ufffd"),
        ("", ""),
    ],
)
def test_html_is_read_as_it_is_seen(source: str, text: str) -> None:
    assert html_text.to_text(source, 1000).strip() == text


def test_a_character_number_of_any_length_is_survived() -> None:
    assert html_text.to_text(f"a&#{'9' * 5000};b", 100).startswith("a")


def test_text_is_bounded() -> None:
    assert len(html_text.to_text("<p>words</p>" * 1000, 100)) <= 100


def test_content_ids_are_those_that_pictures_show() -> None:
    source = "<img src=\"cid:a@b\"><img src='CID:c'><div background=cid:d>cid:"

    assert html_text.content_ids(source) == {"a@b", "c", "d"}
