"""Fills a PostgreSQL with a large record: claims, mails, events, e-mails, jobs.

The same number of claims gives the same record. States and dates are those of an
office that is two years old: most claims are closed, the newest are open, some old
ones wait for a person. Nothing of it is anybody's.

Example: `python -m bench big_record --url postgresql://... --claims 100000`
"""

# ruff: noqa: S608 - the statements are made of our own words

import argparse
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bench.big_texts import (
    EMAILS,
    FINDINGS,
    PATHS,
    PEOPLE,
    assessment_body,
    package_facts,
    readings,
)
from bench.rig import show, show_end
from worker.adapters.migrations import upgrade
from worker.adapters.store.engine import make_engine
from worker.adapters.store.schema import Base

NOW = datetime(2026, 11, 18, 19, 12, tzinfo=UTC)
MAILS_OF_CLAIM = 5
MEMBERS_OF_CLAIMS = 3
"""Claims of a member."""
HELPERS = """
create or replace function h(n bigint, salt int, below int) returns int
language sql immutable parallel safe as
$$ select ((hashint8extended(n, salt) & 9223372036854775807) % below)::int $$;
create or replace function pick(n bigint, salt int, shares int[], names text[])
returns text language sql immutable parallel safe as
$$ select names[1 + width_bucket(h(n, salt, 100), shares)] $$;
"""
STATE = """
case
  when age < interval '14 days' then pick(i, 1, '{38,63,71,81,86,89,93,96}',
    '{under_review,awaiting_documents,decision_proposed,ineligible_proposed,
      awaiting_member,awaiting_carrier,identity_hold,approved,payout_pending}')
  when h(i, 2, 100) < 2 then pick(i, 3, '{50,70,85}',
    '{awaiting_documents,under_review,approved,payout_failed}')
  else pick(i, 4, '{60,82,92,96,98}',
    '{completed_paid,completed_rejected,closed_incomplete,withdrawn,merged,
      not_a_claim}')
end
"""
OPEN = """('identity_hold','awaiting_documents','under_review','awaiting_member',
'awaiting_carrier','ineligible_proposed','decision_proposed','approved',
'payout_pending','payout_failed')"""


class Filler:
    """Writes into one database, table after table, and says how long each took."""

    def __init__(self, connection: sa.Connection, claims: int, now: datetime) -> None:
        self._connection = connection
        self._claims = claims
        self._now = f"timestamptz '{now.isoformat()}'"
        self._began = time.monotonic()

    def run(self, statement: str, **values: object) -> None:
        """Run one statement of ours."""
        text = statement.replace("$NOW", self._now).replace("$N", str(self._claims))
        self._connection.execute(sa.text(text), values)

    def insert(self, table: str, values: Mapping[str, str], rows: str) -> None:
        """Insert what a query gives; columns not named get what the models say."""
        columns = dict(values)
        for column in Base.metadata.tables[table].columns:
            is_ours = column.name in columns or column.primary_key
            if not is_ours and not column.nullable and column.server_default is None:
                columns[column.name] = _default(column)
        names = ", ".join(f'"{name}"' for name in columns)
        given = ", ".join(columns.values())
        self.run(f"insert into {table} ({names}) select {given} from {rows}")
        self.tell(table)

    def tell(self, what: str) -> None:
        """Say what is done."""
        show(f"{time.monotonic() - self._began:7.1f} s  {what}")


def fill(url: str, claims: int, *, now: datetime = NOW) -> None:
    """Make the tables of an empty database and fill them."""
    upgrade(url)
    engine = make_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        filler = Filler(connection, claims, now)
        # No triggers: what the rows point to is there by the way they are made.
        filler.run("set session_replication_role = replica")
        filler.run("set maintenance_work_mem = '512MB'")
        filler.run("set synchronous_commit = off")
        for statement in HELPERS.strip().split(";\n"):
            filler.run(statement)
        indexes = drop_indexes(connection)
        _directory(filler)
        _claims(filler)
        _mails(filler)
        _papers(filler)
        _history(filler)
        _jobs(filler)
        for name, definition in indexes.items():
            filler.run(definition)
            filler.tell(name)
        set_sequences(filler)
        filler.run("vacuum analyze")
        filler.tell("vacuum analyze")
    engine.dispose()
    show_end()


def _directory(filler: Filler) -> None:
    numbers = f"generate_series(1, $N / {MEMBERS_OF_CLAIMS} + 1) as i"
    filler.insert(
        "members",
        {
            "id": "i",
            "key": "'m' || (100000 + i)",
            "member_id": "'M' || (100000 + i)",
            "name": "'Member ' || i",
            "locale": "'en'",
        },
        numbers,
    )
    filler.insert(
        "member_addresses",
        {"member_pk": "i", "position": "0", "address": "'m' || i || '@mail.example'"},
        numbers,
    )
    filler.insert(
        "orders",
        {
            "id": "i",
            "key": "'ord-' || (20000000 + i)",
            "order_number": "'ORD-' || (20000000 + i)",
            "member_pk": f"1 + i / {MEMBERS_OF_CLAIMS}",
            "placed_at": "$NOW - interval '740 days' * (1 - i::float / $N)",
            "guarantee_fee_usd": "30 + h(i, 5, 4000) / 100.0",
            "points_applied": "case when h(i, 6, 10) = 0 then 500 else 0 end",
            "points_earned": "h(i, 7, 900)",
        },
        "generate_series(1, $N) as i",
    )
    facts = _quoted(package_facts()).replace("TRK0183", "TRK' || (30000000 + i) || '")
    filler.insert(
        "packages",
        {
            "order_pk": "i",
            "package_id": "'PKG-77'",
            "facts": facts,
            "tracking_key": "'trk' || (30000000 + i)",
        },
        "generate_series(1, $N) as i",
    )


def _claims(filler: Filler) -> None:
    made = (
        "(select i, age, $NOW - age as at from (select i, (1 - i::float / $N)"
        " * interval '730 days' + interval '20 minutes' as age"
        " from generate_series(1, $N) as i) as aged) as dated"
    )
    states = f"(select *, {STATE} as state from {made}) as stated"
    is_open = f"state in {OPEN}"
    has_set = (
        "state not in ('awaiting_documents','identity_hold','closed_incomplete',"
        "'withdrawn','merged','not_a_claim')"
    )
    is_running = (
        "state in ('under_review','awaiting_member','awaiting_carrier',"
        "'ineligible_proposed','decision_proposed')"
    )
    complete = "at + h(i, 8, 70) * interval '1 hour'"
    limit = f"{complete} + interval '7 days'"
    asked = "at + interval '10 minutes'"
    due = f"{asked} + interval '14 days'"
    decided = "state in ('approved','payout_pending','payout_failed','completed_paid')"
    filler.insert(
        "claims",
        {
            "id": "i",
            "member_id": f"'M' || (100001 + i / {MEMBERS_OF_CLAIMS})",
            "member_key": f"'m' || (100001 + i / {MEMBERS_OF_CLAIMS})",
            "order_number": "'ORD-' || (20000000 + i)",
            "order_key": "'ord-' || (20000000 + i)",
            "package_id": "'PKG-77'",
            "package_key": "'PKG-77'",
            "claim_type": "pick(i, 9, '{55,80,97}',"
            " '{damage,partial_loss,total_loss,unknown}')",
            "state": "state",
            "is_open": is_open,
            "version": "3 + h(i, 10, 5)",
            "received_at": "at",
            "docs_complete_at": f"case when {has_set} then {complete} end",
            "respond_by": f"case when {has_set} then {limit} end",
            "responded_at": f"case when {has_set} and not {is_running}"
            f" then {complete} + h(i, 11, 190) * interval '1 hour' end",
            "documents_asked_at": f"case when not {has_set} then {asked} end",
            "documents_due_at": f"case when not {has_set} then {due} end",
            "next_due_at": f"case when {is_open} then {limit} end",
            "member_address": f"'m' || (1 + i / {MEMBERS_OF_CLAIMS})"
            " || '@mail.example'",
            "flags": "case when h(i, 12, 10) = 0 then '[\"weight_differs\"]'"
            " else '[]' end::json",
            "decided_usd": f"case when {decided} then 20 + h(i, 13, 40000) / 100.0 end",
            "paid_at": "case when state = 'completed_paid'"
            " then at + interval '9 days' end",
            "payout_ref": "case when state = 'completed_paid' then 'PAY-' || i end",
            "assigned_to": f"case when {is_open} and h(i, 14, 3) > 0"
            f" then ('{{{','.join(PEOPLE)}}}'::text[])[1 + h(i, 15, {len(PEOPLE)})]"
            " end",
            "deadline_at": f"case when {is_running} then {limit}"
            f" when state = 'awaiting_documents' then {due}"
            " else timestamptz '9999-12-31 00:00:00Z' end",
            "proposed_usd": f"case when {has_set} then 20 + h(i, 16, 50000) / 100.0"
            " end",
            "proposed_points": "case when h(i, 6, 10) = 0 then 500 else 0 end",
            "locale": "pick(i, 17, '{70,85,95}', '{en,zh,es,de}')",
        },
        states,
    )
    for key in ("'trk' || (30000000 + id)", "member_address"):
        filler.insert("claim_keys", {"key": key, "claim_id": "id"}, "claims")


def _mails(filler: Filler) -> None:
    filler.run(
        "create temporary table texts (n int primary key, reading text, words text[])"
    )
    texts = readings()
    for number, (reading, words) in enumerate(texts):
        filler.run(
            "insert into texts values (:n, :reading, :words)",
            n=number,
            reading=reading,
            words=words,
        )
    filler.insert(
        "mailboxes",
        {
            "name": "'INBOX'",
            "uidvalidity": "7",
            "last_uid": f"$N * {MAILS_OF_CLAIM}",
            "go_live_at": "$NOW - interval '800 days'",
            "lease_until_ms": "0",
            "passed_at": "$NOW - interval '1 minute'",
        },
        "(select 1) as one",
    )
    numbered = (
        f"(select m, (m - 1) / {MAILS_OF_CLAIM} + 1 as c, (m - 1) % {MAILS_OF_CLAIM}"
        f" as k from generate_series(1::bigint, $N::bigint * {MAILS_OF_CLAIM}) as m)"
        " as numbered"
    )
    seen = "received_at + k * interval '2 days' * h(m, 20, 100) / 100"
    fate = """case
      when m > $N::bigint * 5 - 200 then null
      when k = 0 then 'claim'
      when k < 3 then 'follow_up'
      when k = 3 then pick(m, 21, '{60,90,97}',
        '{not_a_claim,auto_reply,bounce,duplicate}')
      when h(m, 22, 1000) < 4 then 'cannot_match'
      when h(m, 22, 1000) < 5 then 'parked'
      else 'not_a_claim' end"""
    rows = (
        f"(select m, c, k, {fate} as fate, least({seen}, $NOW) as at, member_address,"
        f" order_number, member_id from {numbered} join claims on claims.id = c)"
        f" as told join texts on n = h(m, 23, {len(texts)})"
    )
    filler.insert(
        "mails",
        {
            "id": "m",
            "mailbox_id": "1",
            "uidvalidity": "7",
            "uid": "m",
            "sha256": "md5(m::text) || md5((-m)::text)",
            "size_bytes": "20000 + h(m, 24, 3000000)",
            "internaldate_at": "at",
            "first_seen_at": "at + interval '40 seconds'",
            "reading": "replace(replace(replace(reading, 'M_FROM', member_address),"
            " 'M_ORDER', order_number), 'M_MEMBER', member_id)",
            "content_sha256": "md5((m * 3)::text) || md5((m * 5)::text)",
            "message_id": "'<' || m || '@mail.example>'",
            "received_at": "at",
            "received_from": "'internaldate'",
            "header_date_at": "at",
            "fate": "fate",
            "settled_at": "case when fate is not null"
            " then at + interval '1 minute' end",
            "claim_id": "case when fate in ('claim', 'follow_up', 'duplicate')"
            " then c end",
            "sender_tier": "case when fate is not null then 'A' end",
            "sender_address": "member_address",
            "counts_from": "at",
        },
        rows,
    )
    filler.run(
        "insert into mail_words (mail_id, words) select mails.id, array_to_tsvector("
        "texts.words || array[split_part(member_address, '@', 1), lower(member_id),"
        " split_part(order_number, '-', 2)])"
        f" from mails join claims on claims.id = (mails.id - 1) / {MAILS_OF_CLAIM} + 1"
        f" join texts on n = h(mails.id, 23, {len(texts)})"
    )
    filler.tell("mail_words")


def _papers(filler: Filler) -> None:
    kinds = "unnest('{D1,D2,D3,D4}'::text[]) as kind"
    is_there = "(docs_complete_at is not null or h(claims.id, 30, 3) > 0)"
    filler.insert(
        "documents",
        {
            "claim_id": "claims.id",
            "kind": "kind",
            "verdict": f"case when {is_there} then 'satisfied' else 'missing' end",
            "files": f"case when {is_there} then '[\"photo.jpg\"]' else '[]' end::json",
        },
        f"claims cross join {kinds}",
    )
    filler.insert(
        "pieces",
        {
            "claim_id": "claims.id",
            "mail_id": f"(claims.id - 1) * {MAILS_OF_CLAIM} + 1",
            "path": "right(kind, 1)",
            "filename": "lower(kind) || '.jpg'",
            "sha256": "md5(claims.id || kind) || md5(kind || claims.id)",
            "kind": "kind",
        },
        f"claims cross join {kinds} where {is_there}",
    )
    filler.insert(
        "assessments",
        {
            "id": "id",
            "claim_id": "id",
            "job_id": "id",
            "at": "coalesce(docs_complete_at, received_at)",
            "state": "state",
            "policy_version": "'2026-11'",
            "body": _quoted(assessment_body()),
        },
        "claims",
    )
    found = ", ".join(f"({n}, '{clause}')" for n, clause in enumerate(FINDINGS))
    filler.insert(
        "findings",
        {
            "assessment_id": "claims.id",
            "position": "place",
            "clause": "clause",
            "verdict": "case when clause = 'C11' and h(claims.id, 31, 12) = 0"
            " then 'fail' else 'pass' end",
            "text": "'The facts of the order say so.'",
        },
        f"claims cross join (values {found}) as found (place, clause)",
    )


def _history(filler: Filler) -> None:
    steps = ", ".join(
        f"('{state}', {seq}, '{event}', '{actor}', {hours}, '{json.dumps(clauses)}')"
        for state, path in PATHS.items()
        for seq, (event, actor, hours, clauses) in enumerate(path, 1)
    )
    people = f"('{{{','.join(PEOPLE)}}}'::text[])[1 + h(claims.id, 40, {len(PEOPLE)})]"
    filler.insert(
        "claim_events",
        {
            "claim_id": "claims.id",
            "seq": "step.seq",
            "event": "step.event",
            "actor": f"case when step.actor = 'person' then {people}"
            " else step.actor end",
            "at": "least(coalesce(docs_complete_at, received_at) + (step.hours"
            " + step.hours * h(claims.id, 41, 100) / 60.0) * interval '1 hour', $NOW)",
            "state_before": "case when step.seq > 1 then claims.state end",
            "state_after": "claims.state",
            "clauses": "step.clauses::json",
            "data": "case when step.event like 'decision.appr%' then"
            " json_build_object('ruling', 'approved',"
            " 'amount_usd', decided_usd::text) else '{}'::json end",
        },
        "claims join (values "
        + steps
        + ") as step (state, seq, event, actor, hours, clauses)"
        " on step.state = claims.state order by claims.id, step.seq",
    )
    letters = ", ".join(
        f"('{state}', '{kind}', '{status}', {hours})"
        for state, kinds in EMAILS.items()
        for kind, status, hours in kinds
    )
    filler.insert(
        "emails",
        {
            "dedup_key": "claims.id || ':' || letter.kind",
            "claim_id": "claims.id",
            "mail_id": f"(claims.id - 1) * {MAILS_OF_CLAIM} + 1",
            "kind": "letter.kind",
            "recipient": "member_address",
            "subject": "member_id || '+' || order_number || '+Claim'",
            "message_id": "'<' || claims.id || '.' || letter.kind"
            " || '@logistics.example>'",
            "raw": "convert_to(repeat('A line of an answer. ', 30), 'UTF8')",
            "status": "letter.status",
            "policy_version": "'2026-11'",
            "created_at": "received_at + letter.hours * interval '1 hour'",
            "sent_at": "case when letter.status = 'sent'"
            " then received_at + letter.hours * interval '1 hour' end",
        },
        f"claims join (values {letters}) as letter (state, kind, status, hours)"
        " on letter.state = claims.state",
    )


def _jobs(filler: Filler) -> None:
    begun = "$NOW - interval '730 days' * (1 - number::float / ($N * 5.0))"
    many = f"generate_series(1::bigint, $N::bigint * {MAILS_OF_CLAIM}) as number"
    for kind, numbers in (("read", many), ("understand", many), ("validate", many)):
        is_validation = kind == "validate"
        filler.insert(
            "jobs",
            {
                "kind": f"'{kind}'",
                "ref": "number || ':mail:1'" if is_validation else "number::text",
                "queue": f"'{kind}'",
                "lane": "null" if kind == "read" else "'mailbox:1'",
                "state": "'done'",
                "created_at": begun,
                "finished_at": f"{begun} + interval '2 seconds'",
            },
            f"{numbers} where number <= $N" if is_validation else numbers,
        )
    for state, count, more in (
        ("ready", 400, {}),
        ("waiting", 400, {}),
        ("running", 4, {"token": "'t'", "owner": "'serve:1'"}),
        ("quarantined", 2000, {"finished_at": "$NOW", "reason": "'reader_crashed'"}),
    ):
        values = {
            "kind": "'read'",
            "ref": f"'{state}:' || number",
            "queue": "pick(number, 50, '{40,70,90}',"
            " '{read,understand,validate,send}')",
            "state": f"'{state}'",
            "created_at": "$NOW - number * interval '1 second'",
        }
        filler.insert("jobs", values | more, f"generate_series(1, {count}) as number")


def _default(column: sa.Column[Any]) -> str:
    """Return the model's default of a column as SQL."""
    default = column.default
    if default is not None and default.is_scalar:
        value = default.arg  # type: ignore[attr-defined]
        return _quoted(value) if isinstance(value, str) else str(value).lower()
    if isinstance(column.type, sa.JSON):
        return "'[]'" if column.name in {"flags", "files", "clauses"} else "'{}'"
    raise LookupError(f"{column.table.name}.{column.name} needs a value")


def _quoted(text: str) -> str:
    """Return a literal; colons are no parameters of ours."""
    return "'" + text.replace("'", "''").replace(":", r"\:") + "'"


def drop_indexes(connection: sa.Connection) -> dict[str, str]:
    """Drop what is made faster afterwards: indexes that hold no rule of a key."""
    query = """
    select indexname, indexdef from pg_indexes where schemaname = 'public'
    and not exists (select from pg_constraint
                    where conindid = (quote_ident(indexname))::regclass)
    """
    rows = connection.execute(sa.text(query))
    found = {row.indexname: row.indexdef for row in rows}
    for name in found:
        connection.execute(sa.text(f'drop index "{name}"'))
    return {name: definition.replace(":", r"\:") for name, definition in found.items()}


def set_sequences(filler: Filler) -> None:
    """Let numbers go on after those that were given."""
    for table in Base.metadata.tables.values():
        key = table.primary_key.columns
        if len(key) == 1 and isinstance(key[0].type, sa.BigInteger):
            column = key[0].name
            filler.run(
                f"select setval(pg_get_serial_sequence('{table.name}', '{column}'),"
                f" coalesce(max({column}), 1)) from {table.name}"
            )


def main(arguments: list[str]) -> int:
    """Fill the database of a URL."""
    parser = argparse.ArgumentParser(prog="bench big_record", description=__doc__)
    parser.add_argument("--url", required=True, help="an empty PostgreSQL database")
    parser.add_argument("--claims", type=int, default=1_000_000)
    given = parser.parse_args(arguments)
    fill(given.url, given.claims)
    return 0
