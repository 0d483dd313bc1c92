"""Whether a text names a member: by their id, or by an address, and not by a part."""

import re
import unicodedata
from collections.abc import Collection

from worker.domain.orders import normal_id


class Naming:
    """What a member is named by; another's longer id or address is not theirs."""

    def __init__(self, member_key: str, addresses: Collection[str] = ()) -> None:
        self.words = (member_key, *sorted(addresses))
        self._id = re.compile(
            rf"(?<![^\W_])(?<!\d-){re.escape(member_key)}(?![^\W_]|-\d)"
        )
        wanted = "|".join(re.escape(_plain(one)) for one in self.words[1:])
        self._address = re.compile(rf"(?<![\w.%+-])(?:{wanted})(?![\w-]|\.\w)")

    def is_in(self, text: str) -> bool:
        """Return whether a text has the id or an address, written in any way."""
        ids = " ".join(normal_id(word) for word in text.split())
        return self._id.search(ids) is not None or (
            len(self.words) > 1 and self._address.search(_plain(text)) is not None
        )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
