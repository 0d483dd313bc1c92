"""The words of mails, by which people find them.

Both databases are given the same words, cut here: one index of PostgreSQL (GIN over
tsvector) and one of SQLite (FTS5), neither of which would find its way in Chinese.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from worker.adapters.store.schema import Base
from worker.domain.mail import Mail

TABLE = "mail_words"
MOST_TEXT = 40_000
"""Characters of a mail that are looked at; its head says what it is about."""
MOST_WORDS = 3_000
LONGEST = 40
"""Characters of a word; what is longer is cut, in mails and in questions alike."""
MOST_ASKED = 12
_OF_FILE = 8_000
_BEGINNING = 3
"""So many letters and more find every word that begins with them."""
_NO_SPACES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese; and Korean, whose endings vary."""
_MARKS = "\u0591-\u05c7\u0610-\u061a\u064b-\u0670\u0900-\u0963\u0966-\u0dff"
"""Letters and vowel signs of Hebrew, Arabic and the scripts of India."""
_RUNS = re.compile(f"([{_NO_SPACES}]+)|((?:[^\\W_{_NO_SPACES}]|[{_MARKS}])+)")
_ASCII = re.compile("[a-z0-9]+")
_ACCENTS = re.compile("[\u0300-\u036f]")

CREATE = {
    "postgresql": (
        (
            "create table mail_words (mail_id bigint not null, words tsvector not null,"
            " constraint pk_mail_words primary key (mail_id),"
            " constraint fk_mail_words_mail_id foreign key (mail_id)"
            " references mails (id) on delete cascade)"
        ),
        "create index ix_mail_words_words on mail_words using gin (words)",
    ),
    "sqlite": (
        (
            "create virtual table mail_words using fts5"
            "(words, tokenize='ascii', detail='none', columnsize=0)"
        ),
    ),
}
"""In SQLite the number of a mail is the `rowid`."""


@sa.event.listens_for(Base.metadata, "after_create")
def _create(_metadata: sa.MetaData, connection: sa.Connection, **_more: object) -> None:
    """Create the table beside those that models can describe."""
    if not sa.inspect(connection).has_table(TABLE):
        for statement in CREATE[connection.dialect.name]:
            connection.exec_driver_sql(statement)


def words_of(text: str) -> list[str]:
    """Return the words of a text, each once: lower case, without accents.

    Where a script has no spaces, every two letters that stand together are a word, and
    so is the last one alone.
    """
    return list(dict.fromkeys(_words(text)))


def _words(text: str) -> Iterable[str]:
    if text.isascii():  # then nothing has accents, and all words are runs of letters
        return (word[:LONGEST] for word in _ASCII.findall(text.lower()))
    return _words_of_any_script(text)


def _words_of_any_script(text: str) -> Iterator[str]:
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    for run, word in _RUNS.findall(unicodedata.normalize("NFKC", bare)):
        if word:
            yield word[:LONGEST]
        else:
            yield from (run[at : at + 2] for at in range(len(run)))


def put_words(session: Session, mails: Mapping[int, Mail]) -> None:
    """Store the words of mails in place of those that they had."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    words = {
        mail_id: words_of(text_of(mail))[:MOST_WORDS] for mail_id, mail in mails.items()
    }
    session.connection().execute(
        _PUT_IN_SQLITE if is_sqlite else _PUT,
        [
            {"id": mail_id, "w": " ".join(found) if is_sqlite else found}
            for mail_id, found in words.items()
        ],
    )


_PUT_IN_SQLITE = sa.text(
    "insert or replace into mail_words (rowid, words) values (:id, :w)"
)
_PUT = sa.text(
    "insert into mail_words (mail_id, words) values (:id, array_to_tsvector(:w))"
    " on conflict (mail_id) do update set words = excluded.words"
).bindparams(sa.bindparam("w", type_=postgresql.ARRAY(sa.Text)))


def text_of(mail: Mail) -> str:
    """Return what of a mail is looked at, its files among it."""
    files = "\n".join(
        f"{file.filename}\n{file.mail_subject}\n{file.text[:_OF_FILE]}"
        for file in mail.attachments
    )
    who = " ".join((mail.from_name, *mail.from_addresses))
    return f"{mail.subject}\n{who}\n{mail.text[:MOST_TEXT]}\n{files}"[: 2 * MOST_TEXT]


def mails_with(
    dialect: str, asked: str, *, limit: int, newest: int | None = None
) -> sa.Select[int] | None:
    """Return the query for the numbers of mails that have every word asked for.

    A word of three letters and more stands for all that begin with it, but not what
    an id begins with: every mail that names an order has the `ORD` of `ORD-20075955`.
    None where nothing is asked. SQLite gives the last mails. PostgreSQL does so only
    with `newest`: it looks through so many of the last, and not into its index.
    """
    words = _asked(asked)
    if not words:
        return None
    if dialect == "sqlite":
        match = " AND ".join(
            f'"{word}"{_end(word, "*") if may_go_on else ""}'
            for word, may_go_on in words.items()
        )
        number = sa.column("rowid", sa.BigInteger)
        has_words = sa.column(TABLE).op("match")(match)
    else:
        match = " & ".join(
            f"'{word}'{_end(word, ':*') if may_go_on else ''}"
            for word, may_go_on in words.items()
        )
        number = sa.column("mail_id", sa.BigInteger)
        query = sa.cast(sa.literal(match, sa.Text), postgresql.TSQUERY)
        has_words = sa.column("words").op("@@")(query)
    source: sa.FromClause = sa.table(TABLE)
    if newest is not None:
        stored: sa.ColumnClause[Any] = sa.column("words")
        last = sa.select(number, stored).select_from(source)
        source = last.order_by(number.desc()).limit(newest).subquery()
    found = sa.select(number.label("mail_id")).select_from(source).where(has_words)
    if dialect == "sqlite":  # FTS5 goes through its places from either end
        found = found.order_by(number.desc())
    return found.limit(limit)


def _asked(asked: str) -> dict[str, bool]:
    """Return the words that are looked for, and whether each may go on."""
    found: dict[str, bool] = {}
    for run in asked.split():
        words = words_of(run)
        for word in words:
            begins_id = word != words[-1] and not re.match(f"[{_NO_SPACES}]", word)
            found[word] = found.get(word, True) and not begins_id
    return dict(itertools.islice(found.items(), MOST_ASKED))


def _end(word: str, mark: str) -> str:
    """Return the mark for all words with this beginning, where it is long enough."""
    is_lone = len(word) == 1 and re.match(f"[{_NO_SPACES}]", word)
    return mark if len(word) >= _BEGINNING or is_lone else ""
