"""HTML of strangers to HTML that can be shown, with nh3; the only file with it.

Nothing that runs, loads, links to a place of ours, is filled in or covers anything is
left. What the page around it forbids on top (sandbox, Content-Security-Policy) is a
second wall, not the first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import nh3

MAX_HTML_CHARS = 1_000_000
"""Source: reliability.md 4.2 (cap HTML at 1 MB)."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PLAIN_TAGS = _words(
    """
    a abbr address article aside b bdi bdo big blockquote br caption center cite
    code col colgroup dd del dfn div dl dt em figcaption figure font footer h1 h2 h3
    h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q s samp section
    small span strike strong sub sup table tbody td tfoot th thead tr tt u ul var
    """
)
_SILENT_TAGS = _words(
    """
    script style title template noscript noembed noframes iframe object applet math
    svg textarea select xmp plaintext
    """
)
"""Left out with what they hold."""
_CELL = frozenset({"colspan", "rowspan", "align", "valign", "width", "background"})
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"dir", "lang", "style"},
    "a": {"href"},
    "img": {"src", "srcset", "alt", "width", "height"},
    "td": set(_CELL),
    "th": set(_CELL),
    "table": {"align", "width", "background", "border", "cellpadding", "cellspacing"},
    "ol": {"start", "type"},
    "p": {"align"},
    "div": {"align"},
}
_STYLES = _words(
    """
    font-weight font-style text-align text-decoration vertical-align white-space
    border border-top border-bottom border-left border-right border-collapse padding
    padding-top padding-bottom padding-left padding-right
    """
)
"""No colours and no sizes, so that nothing can be hidden; no position, so that nothing
can be covered."""
_SCHEMES = frozenset({"http", "https", "mailto", "cid"})
_BEHIND_FIRST = re.compile(r"[,\s].*", re.DOTALL)
_REMOTE = ("http:", "https:", "//")
_WITHOUT_SCHEME = re.compile(
    r"""<img\b[^<>]{0,2000}?\ssrc\s{0,9}=\s{0,9}["']?(//[^"'\s<>]{1,500})""",
    re.IGNORECASE,
)
"""Pictures of another host whose address says no scheme; nh3 takes those out alone."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The body of a page, and how many pictures of other hosts it would have loaded."""

    html: str
    remote_pictures: int


def clean(source: str, pictures: Mapping[str, str] | None = None) -> Cleaned:
    """Return some HTML without anything that could do more than be read.

    Links keep their target, open elsewhere and tell nobody where from. Quoted blocks
    are folded.

    Args:
        source: HTML of any kind, at most a million characters of it are kept.
        pictures: by Content-ID, `data:` addresses of pictures that we made; no other
            picture is shown.
    """
    rules = _Rules({} if pictures is None else pictures)
    html = nh3.clean(
        source[:MAX_HTML_CHARS],
        tags=set(_PLAIN_TAGS),
        clean_content_tags=set(_SILENT_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=rules.attribute,
        url_schemes=set(_SCHEMES),
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        filter_style_properties=set(_STYLES),
        strip_comments=True,
    )
    nameless = set(_WITHOUT_SCHEME.findall(source[:MAX_HTML_CHARS]))
    return Cleaned(_folded(html), len(rules.remote | nameless))


@dataclass(slots=True)
class _Rules:
    """Decides on each attribute, and counts the pictures that stay unloaded."""

    pictures: Mapping[str, str]
    remote: set[str] = field(default_factory=set)

    def attribute(self, tag: str, name: str, value: str) -> str | None:
        """Return the value that an attribute keeps; None takes it away."""
        plain = value.strip()
        if name in {"background", "srcset"} or (tag == "img" and name == "src"):
            return self._picture(plain) if name == "src" else self._remote(plain)
        if name == "href":
            is_web = plain.lower().startswith(("http:", "https:", "mailto:"))
            return plain if is_web else None
        return value

    def _picture(self, address: str) -> str | None:
        if address[:4].lower() == "cid:":
            return self.pictures.get(address[4:].strip("<>"))
        return self._remote(address)

    def _remote(self, address: str) -> str | None:
        """Count an address that would be loaded, and take it away."""
        first = _BEHIND_FIRST.sub("", address)
        if first.lower().startswith(_REMOTE):
            self.remote.add(first)
        return None


def _folded(html: str) -> str:
    """Return the page with its quotes folded; what nh3 wrote is balanced."""
    begin = "<details><summary>Quoted text</summary><blockquote"
    html = html.replace("<blockquote", begin)
    return html.replace("</blockquote>", "</blockquote></details>")
