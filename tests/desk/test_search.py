"""Search: by every id, by address, and by the words of mails in every script."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from tests.builders import a_mail, an_invoice
from tests.desk.claims_made import LENA, LUCIA, WEI, deliver, directory
from tests.desk.visitors import Visitor, signed_in
from tests.office import OPENING, Office, an_office
from tests.services import Postgres
from worker.adapters.clock import StillClock
from worker.adapters.migrations import downgrade, upgrade
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import Store
from worker.adapters.store.desk import finding
from worker.adapters.store.desk.finding import (
    BY_THE_INDEX,
    MOST_FOUND,
    MOST_MAILS,
    NEWEST,
    Finder,
    Found,
    select_by_id,
    select_by_words,
)
from worker.adapters.store.desk.work import Tab, Wanted, select_page
from worker.adapters.store.engine import make_engine
from worker.adapters.store.schema import ClaimRow, MailboxRow, MailRow
from worker.adapters.store.words import words_of
from worker.domain.mail import Mail


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home = tmp_path_factory.mktemp("search") / "office"
    with an_office(home, *directory()) as office:
        deliver(office)
        yield office


@pytest.fixture
def visitor(office: Office) -> Iterator[Visitor]:
    with signed_in(office) as visitor:
        yield visitor


def found(visitor: Visitor, asked: str) -> list[int]:
    page = visitor.get("/claims", params={"q": asked})
    assert page.status_code == 200
    numbers = re.findall(r'data-open="/claims/(\d+)"', page.text)
    return sorted(int(one) for one in numbers)


@pytest.mark.parametrize("asked", ["CLM-000002", "clm-2", " CLM-0002 ", "2", "000002"])
def test_a_claims_number_leads_straight_to_it(visitor: Visitor, asked: str) -> None:
    answer = visitor.get("/claims", params={"q": asked})

    assert (answer.status_code, answer.headers["location"]) == (303, "/claims/2")


@pytest.mark.parametrize(
    ("asked", "claims"),
    [
        (WEI.member, [2]),
        (WEI.member.lower(), [2]),
        (" ord-20261104-0200", [2]),
        ("ORD–20261104–0200", [2]),
        (LENA.tracking, [1]),
        (LUCIA.address.upper(), [3]),
        ("glass vase", []),
        ("Fernandez lámpara", [3]),
        ("lampara", [3]),
        ("lampar", [3]),
        ("lampar fernand", [3]),
        ("lampar-fernandez", []),  # what an id begins with is whole
        ("SCHUHE", [4]),
        ("beschädig", [4]),
        ("beschadigt", [4]),
        ("花瓶", [2]),
        ("瓶", [2]),
        ("玻璃花瓶破损", [2]),
        ("瓶花", []),
        ("CLM-999999", []),
        ("' \" * ( ) : & | ! \\", []),
        ("'; drop table claims", []),
        ("nothing of the kind", []),
    ],
)
def test_a_claim_is_found_by(visitor: Visitor, asked: str, claims: list[int]) -> None:
    assert found(visitor, asked) == claims


def test_the_words_of_papers_find_their_claim(visitor: Visitor) -> None:
    assert 1 in found(visitor, "ceramic tea")


def test_a_search_looks_at_closed_claims_too_and_a_tab_narrows_it(
    visitor: Visitor,
) -> None:
    every = visitor.get("/claims", params={"q": WEI.member})
    closed = visitor.get("/claims", params={"q": WEI.member, "tab": "closed"})

    assert 'href="/claims?q=M104300"' in every.text
    assert "Nothing was found" in closed.text


def test_what_is_searched_for_is_shown_as_text(visitor: Visitor) -> None:
    page = visitor.get("/claims", params={"q": "<script>alert(1)</script>"})

    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The tea-set: BROKEN, broken!", ["the", "tea", "set", "broken"]),
        ("Crème brûlée, Straße", ["creme", "brulee", "strasse"]),
        ("ＯＲＤ－２０", ["ord", "20"]),
        ("破损", ["破损", "损"]),
        ("ガラス", ["ガラ", "ラス", "ス"]),
        ("한국 abc", ["한국", "국", "abc"]),
        ("टूटा हुआ", ["टूटा", "हुआ"]),
        ("_ ' \" & | ! * : ( )", []),
    ],
)
def test_words_are_cut_alike_in_every_script(text: str, words: list[str]) -> None:
    assert words_of(text) == words


# -- on both databases --


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    upgrade(database_url)
    store = Store(
        database_url, owner="t", clock=StillClock(OPENING), queue=CollectingQueue()
    )
    with store.database.write() as session:
        session.add(MailboxRow(id=1, name="INBOX"))
    yield store
    store.close()


def add(store: Store, number: int, mail: Mail) -> None:
    """Store a claim with one mail that was read and settled."""
    with store.transaction() as work:
        session = work.session
        claim = {
            "member_id": f"M{number}",
            "order_number": f"O{number}",
            "claim_type": "damage",
            "state": "under_review",
        }
        keys = {"member_key": f"m{number}", "order_key": f"o{number}"}
        session.add(ClaimRow(id=number, received_at=OPENING, **claim, **keys))
        session.flush()
        session.add(
            MailRow(
                id=number,
                mailbox_id=1,
                uidvalidity=1,
                uid=number,
                size_bytes=1,
                first_seen_at=OPENING,
                claim_id=number,
            )
        )
        session.flush()
        work.put_readings({number: mail})


def by_words(store: Store, asked: str) -> list[int]:
    return sorted(Finder(store.database).find(asked).claim_ids)


def test_both_databases_find_the_same(store: Store) -> None:
    add(store, 1, a_mail(text="Die Teekanne ist zerbrochen.", subject="Hallo"))
    add(store, 2, a_mail(text="花瓶破损了", subject="你好"))
    add(store, 3, a_mail(text="see file", attachments=(an_invoice(text="Lamp 12"),)))

    assert by_words(store, "teekanne") == [1]
    assert by_words(store, "teek") == [1]
    assert by_words(store, "te") == []
    assert by_words(store, "花瓶") == [2]
    assert by_words(store, "lamp invoice") == [3]
    assert by_words(store, "M2") == [2]


def test_of_too_many_the_last_claims_are_found(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_MAILS", 2)
    for number in range(1, 6):
        add(store, number, a_mail(text="the same word"))

    found = Finder(store.database).find("same")

    assert found == Found((5, 4, 3), is_cut=True)


def test_a_mail_that_is_read_again_has_its_new_words_alone(store: Store) -> None:
    add(store, 1, a_mail(text="first words"))

    with store.transaction() as work:
        work.put_readings({1: a_mail(text="other words")})

    assert by_words(store, "other") == [1]
    assert by_words(store, "first") == []


def test_the_migration_finds_words_for_mails_that_were_there(
    database_url: str, store: Store
) -> None:
    add(store, 1, a_mail(text="Zerbrochene Teekanne 花瓶", attachments=(an_invoice(),)))
    before = words_stored(database_url)
    store.close()

    downgrade(database_url, "0001")
    upgrade(database_url)

    assert words_stored(database_url) == before
    assert by_words(store, "teekanne 花瓶") == [1]


def words_stored(url: str) -> list[Any]:
    engine = make_engine(url)
    number = "rowid" if engine.dialect.name == "sqlite" else "mail_id"
    with engine.connect() as connection:
        query = sa.text(f"select {number}, words from mail_words")  # noqa: S608
        rows = [tuple(row) for row in connection.execute(query)]
    engine.dispose()
    return rows


MANY = """
insert into claims (id, member_id, member_key, order_number, order_key, package_key,
  claim_type, state, is_open, version, received_at, flags, deadline_at, locale)
select n, 'M' || n, 'm' || n, 'O' || n, 'o' || n, '', 'damage', 'under_review',
  n % 10 = 0, 1, now(), '[]', timestamptz '2026-11-18' + n * interval '1 minute', 'en'
from generate_series(1, 20000) n;
insert into mails (id, mailbox_id, uidvalidity, uid, size_bytes, first_seen_at,
  claim_id, signal, flags, notes)
select n, 1, 1, n, 1, now(), n, '', '[]', '{}' from generate_series(1, 20000) n;
insert into mail_words (mail_id, words)
select n, array_to_tsvector(array['common', 'w' || n, 'x' || n % 200] || array(
  select 'word' || (n + m) from generate_series(1, 60) m))
from generate_series(1, 20000) n;
analyze;
"""


@pytest.fixture(scope="module")
def filled(postgres: Postgres) -> Iterator[str]:
    """A PostgreSQL with enough rows for its planner to care; nobody uses it."""
    url = postgres.database()
    upgrade(url)
    store = Store(url, owner="t", clock=StillClock(OPENING), queue=CollectingQueue())
    with store.database.write() as session:
        session.add(MailboxRow(id=1, name="INBOX"))
        session.flush()
        for statement in MANY.split(";"):
            if statement.strip():
                session.execute(sa.text(statement))
    store.close()
    yield url
    postgres.drop(url)


@pytest.fixture
def full(postgres: Postgres, filled: str) -> Iterator[Store]:
    """A copy of it."""
    url = postgres.database(like=filled)
    store = Store(url, owner="t", clock=StillClock(OPENING), queue=CollectingQueue())
    yield store
    store.close()
    postgres.drop(url)


RENDERED = {"render_postcompile": True}


def plan(store: Store, query: sa.Executable, *settings: str) -> str:
    engine = store.database.engine
    with engine.connect() as connection:
        for setting in settings:
            connection.exec_driver_sql(setting)
        compiled = query.compile(engine, compile_kwargs=RENDERED)  # type: ignore[attr-defined]
        text = f"explain {compiled}"
        rows = connection.exec_driver_sql(text, compiled.params)
        return "\n".join(row[0] for row in rows)


def test_search_reads_no_table_from_end_to_end(full: Store) -> None:
    plans = [plan(full, select_by_id("M777"))]
    for asked in ("w777", "w77 x77"):
        by_words = select_by_words("postgresql", asked)
        assert by_words is not None
        plans.append(plan(full, by_words, BY_THE_INDEX))

    newest = select_by_words("postgresql", "w777", newest=NEWEST)
    assert newest is not None
    plans.append(plan(full, newest, BY_THE_INDEX))

    big = re.compile("Seq Scan on (claims|mails|mail_words)")
    assert [one for one in plans if big.search(one)] == []
    assert "Index Scan Backward using pk_mail_words" in plans[-1]
    assert "ix_mail_words_words" in plans[1]
    assert "ix_claims_member_key" in plans[0]


def test_no_tab_reads_the_claims_from_end_to_end(full: Store) -> None:
    wanted = [Wanted(now=OPENING, me="mei", tab=tab) for tab in Tab]
    ids = tuple(range(1, MOST_FOUND, 7))
    wanted[-1] = Wanted(now=OPENING, tab=Tab.FOUND, claim_ids=ids)
    plans = [plan(full, select_page(one).limit(51)) for one in wanted]

    assert [one for one in plans if "Seq Scan on claims" in one] == []


def test_a_word_of_every_mail_is_cut_and_said_so(full: Store) -> None:
    result = Finder(full.database).find("common")

    newest = set(range(20_000, 20_000 - MOST_MAILS - 1, -1))
    assert set(result.claim_ids) == newest, "a claim has one mail here"
    assert result.is_cut
    rare = Finder(full.database).find("x77")
    assert (len(rare.claim_ids), rare.is_cut) == (100, False)


def test_mails_of_no_claim_do_not_hide_the_claims_before_them(full: Store) -> None:
    with full.database.write() as session:
        session.execute(sa.text("update mails set claim_id = null where id > 19500"))

    result = Finder(full.database).find("common")

    assert set(result.claim_ids) == set(range(19_500, 19_500 - MOST_MAILS - 1, -1))
    assert result.is_cut


def test_what_a_search_sets_is_as_before_for_the_rest_of_its_page(full: Store) -> None:
    settings = sa.text(
        "select current_setting('enable_seqscan'),"
        " current_setting('gin_fuzzy_search_limit')"
    )

    with full.reading(), full.database.read() as session:
        before = tuple(session.execute(settings).one())
        Finder(full.database).find("common")
        after = tuple(session.execute(settings).one())

    assert before == after == ("on", "0")
