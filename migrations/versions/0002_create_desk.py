"""Create the desk's tables, and what its lists sort claims by.

Claims that are there get their date from what they wait for, and their language and
keys from the order directory, where that is in this database; a proposed amount comes
with their next assessment. The words of mails that were read are cut as they are now.
"""

import json
import re
import unicodedata

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_tokens",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=100), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("name", name=op.f("uq_api_tokens_name")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_api_tokens_secret_sha256")),
    )
    op.create_table(
        "job_minutes",
        sa.Column("minutes", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("minute_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("put_back", sa.Integer(), nullable=False),
        sa.Column("times", sa.JSON(), nullable=False),
        sa.Column("waits", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint(
            "minutes", "minute_at", "kind", "owner", name=op.f("pk_job_minutes")
        ),
    )
    op.create_table(
        "operator_actions",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_actions")),
    )
    with op.batch_alter_table("operator_actions", schema=None) as batch_op:
        batch_op.create_index("ix_operator_actions_at", ["at"], unique=False)
        batch_op.create_index(
            "ix_operator_actions_target", ["target", "id"], unique=False
        )

    op.create_table(
        "paused_queues",
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("queue", name=op.f("pk_paused_queues")),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_failures")),
    )
    op.create_table(
        "staff",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("full_name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("oidc_subject", sa.String(length=400), nullable=True),
        sa.Column("totp_secret", sa.String(length=64), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("timezone", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role in ('viewer', 'agent', 'lead', 'operator', 'admin')",
            name=op.f("ck_staff_role"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("name", name=op.f("uq_staff_name")),
        sa.UniqueConstraint("oidc_subject", name=op.f("uq_staff_oidc_subject")),
    )
    op.create_table(
        "desk_sessions",
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "staff_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
            name=op.f("fk_desk_sessions_staff_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("secret_sha256", name=op.f("pk_desk_sessions")),
    )
    with op.batch_alter_table("desk_sessions", schema=None) as batch_op:
        batch_op.create_index("ix_desk_sessions_staff", ["staff_id"], unique=False)

    op.create_table(
        "recovery_codes",
        sa.Column("code_sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "staff_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
            name=op.f("fk_recovery_codes_staff_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code_sha256", name=op.f("pk_recovery_codes")),
    )
    with op.batch_alter_table("recovery_codes", schema=None) as batch_op:
        batch_op.create_index("ix_recovery_codes_staff", ["staff_id"], unique=False)

    op.create_table(
        "draft_edits",
        sa.Column(
            "claim_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("claim_version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["claims.id"],
            name=op.f("fk_draft_edits_claim_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("pk_draft_edits")),
    )
    op.create_table(
        "pending_replies",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column(
            "claim_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("claim_version", sa.Integer(), nullable=False),
        sa.Column("events_seen", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why_not", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["claims.id"],
            name=op.f("fk_pending_replies_claim_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_pending_replies")),
        sa.UniqueConstraint("claim_id", name=op.f("uq_pending_replies_claim_id")),
    )
    op.create_table(
        "presences",
        sa.Column(
            "claim_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("seen_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("is_writing", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["claims.id"],
            name=op.f("fk_presences_claim_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("claim_id", "name", name=op.f("pk_presences")),
    )
    op.create_table(
        "remarks",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "claim_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["claims.id"], name=op.f("fk_remarks_claim_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remarks")),
    )
    with op.batch_alter_table("remarks", schema=None) as batch_op:
        batch_op.create_index("ix_remarks_claim", ["claim_id", "id"], unique=False)

    op.create_table(
        "saved_views",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "staff_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
            name=op.f("fk_saved_views_staff_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("staff_id", "name", name="uq_saved_views_name"),
    )
    with op.batch_alter_table("claim_events", schema=None) as batch_op:
        batch_op.create_index("ix_claim_events_event_at", ["event", "at"], unique=False)

    op.add_column(
        "claims", sa.Column("assigned_to", sa.String(length=100), nullable=True)
    )
    op.add_column(
        "claims",
        sa.Column(
            "deadline_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("'9999-12-31 00:00:00.000000'"),
            nullable=False,
        ),
    )
    op.add_column("claims", sa.Column("proposed_usd", sa.Numeric(12, 2)))
    op.add_column(
        "claims",
        sa.Column("proposed_points", sa.Integer(), server_default="0", nullable=False),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for column, path, kind in (
        ("proposed_usd", ("total", "amount"), "numeric(12, 2)"),
        ("proposed_points", ("points_restored",), "integer"),
    ):
        value = (
            f"json_extract(body, '$.proposal.{'.'.join(path)}')"
            if is_sqlite
            else f"body::json #>> '{{proposal,{','.join(path)}}}'"
        )
        op.execute(
            f"update claims set {column} = coalesce((select cast({value} as {kind})"  # noqa: S608 - our own words
            " from assessments where assessments.claim_id = claims.id"
            f" order by assessments.id desc limit 1), {column})"
        )
    op.execute(
        "update claims set deadline_at = respond_by where respond_by is not null"
        " and state in ('under_review', 'awaiting_member', 'awaiting_carrier',"
        " 'ineligible_proposed', 'decision_proposed', 'appealed')"
        " and (responded_at is null or responded_at < docs_complete_at)"
    )
    op.execute(
        "update claims set deadline_at = documents_due_at"
        " where documents_due_at is not null and state = 'awaiting_documents'"
    )
    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.create_index(
            "ix_claims_assigned",
            ["assigned_to", "deadline_at", "id"],
            unique=False,
            sqlite_where=sa.text("is_open"),
            postgresql_where=sa.text("is_open"),
        )
        batch_op.create_index(
            "ix_claims_state_work",
            ["state", "deadline_at", "id"],
            unique=False,
            sqlite_where=sa.text("is_open"),
            postgresql_where=sa.text("is_open"),
        )
        batch_op.create_index("ix_claims_state", ["state", "id"], unique=False)
        batch_op.create_index(
            "ix_claims_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("is_open"),
            postgresql_where=sa.text("is_open"),
        )
        batch_op.create_index(
            "ix_claims_work",
            ["deadline_at", "id"],
            unique=False,
            sqlite_where=sa.text("is_open"),
            postgresql_where=sa.text("is_open"),
        )
        batch_op.create_index(
            "ix_claims_closed",
            ["id"],
            unique=False,
            sqlite_where=sa.text("not is_open"),
            postgresql_where=sa.text("not is_open"),
        )
    with op.batch_alter_table("claim_flags", schema=None) as batch_op:
        batch_op.create_index(
            "ix_claim_flags_open",
            ["code", "claim_id"],
            unique=False,
            sqlite_where=sa.text("cleared_at is null"),
            postgresql_where=sa.text("cleared_at is null"),
        )
    with op.batch_alter_table("mails", schema=None) as batch_op:
        batch_op.create_index(
            "ix_mails_unmatched",
            ["id"],
            unique=False,
            sqlite_where=sa.text("fate = 'cannot_match'"),
            postgresql_where=sa.text("fate = 'cannot_match'"),
        )
    _create_listing()
    _create_words()
    op.drop_index("ix_jobs_due", table_name="jobs")
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["queue", "run_at_ms"],
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "ix_jobs_waiting",
        "jobs",
        ["queue", "id"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_mails_fate",
        "mails",
        ["fate", "settled_at"],
        sqlite_where=sa.text("fate is not null"),
        postgresql_where=sa.text("fate is not null"),
    )


def _create_listing() -> None:
    op.add_column("claims", sa.Column("locale", sa.String(length=20), nullable=True))
    op.create_index("ix_claims_locale", "claims", ["locale"])
    op.create_table(
        "claim_keys",
        sa.Column("key", sa.String(length=320), nullable=False),
        sa.Column(
            "claim_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["claims.id"],
            name=op.f("fk_claim_keys_claim_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", "claim_id", name=op.f("pk_claim_keys")),
    )
    op.create_index("ix_claim_keys_claim", "claim_keys", ["claim_id"])
    op.execute(
        "update claims set locale ="
        " (select locale from members where members.key = claims.member_key)"
    )
    op.execute(
        "insert into claim_keys (key, claim_id)"
        " select member_addresses.address, claims.id from claims"
        " join members on members.key = claims.member_key"
        " join member_addresses on member_addresses.member_pk = members.id"
        " where member_addresses.address != ''"
    )
    statement = (
        "insert into claim_keys (key, claim_id)"
        " select distinct lower(replace(NUMBER, ' ', '')), claims.id from claims"
        " join orders on orders.key = claims.order_key"
        " join packages on packages.order_pk = orders.id"
        " and (claims.package_id is null"
        " or claims.package_id = packages.package_id)"
        " where trim(NUMBER) != '' on conflict do nothing"
    )
    number = "packages.facts::json ->> 'tracking_number'"
    if op.get_bind().dialect.name == "sqlite":
        number = "json_extract(packages.facts, '$.tracking_number')"
    op.execute(statement.replace("NUMBER", number))


NO_SPACES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
MARKS = "\u0591-\u05c7\u0610-\u061a\u064b-\u0670\u0900-\u0963\u0966-\u0dff"
RUNS = re.compile(f"([{NO_SPACES}]+)|((?:[^\\W_{NO_SPACES}]|[{MARKS}])+)")
ACCENTS = re.compile("[\u0300-\u036f]")


def _create_words() -> None:
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        op.execute(
            "create virtual table mail_words using fts5"
            "(words, tokenize='ascii', detail='none', columnsize=0)"
        )
        put = sa.text("insert into mail_words (rowid, words) values (:id, :words)")
    else:
        op.execute(
            "create table mail_words (mail_id bigint not null, words tsvector not null,"
            " constraint pk_mail_words primary key (mail_id),"
            " constraint fk_mail_words_mail_id foreign key (mail_id)"
            " references mails (id) on delete cascade)"
        )
        op.execute("create index ix_mail_words_words on mail_words using gin (words)")
        put = sa.text(
            "insert into mail_words (mail_id, words)"
            " values (:id, array_to_tsvector(:words))"
        ).bindparams(sa.bindparam("words", type_=postgresql.ARRAY(sa.Text)))
    page = sa.text(
        "select id, reading from mails"
        " where id > :last and reading is not null order by id limit 500"
    )
    last = 0
    while rows := bind.execute(page, {"last": last}).all():
        found = [(row.id, _words(json.loads(row.reading))) for row in rows]
        if bind.dialect.name == "sqlite":
            found = [(mail_id, " ".join(words)) for mail_id, words in found]
        bind.execute(put, [{"id": mail_id, "words": words} for mail_id, words in found])
        last = rows[-1].id


def _words(mail: dict) -> list[str]:
    who = " ".join((mail["from_name"], *mail["from_addresses"]))
    files = "\n".join(
        f"{file['filename']}\n{file.get('mail_subject', '')}\n"
        f"{file.get('text', '')[:8000]}"
        for file in mail["attachments"]
    )
    text = f"{mail['subject']}\n{who}\n{mail['text'][:40_000]}\n{files}"[:80_000]
    bare = ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    words = []
    for found in RUNS.finditer(unicodedata.normalize("NFKC", bare)):
        run, word = found.groups()
        pairs = [] if run is None else [run[at : at + 2] for at in range(len(run))]
        words += pairs if word is None else [word[:40]]
    return list(dict.fromkeys(words))[:3000]


def downgrade() -> None:
    op.drop_table("mail_words")
    op.drop_table("claim_keys")
    with op.batch_alter_table("mails", schema=None) as batch_op:
        batch_op.drop_index("ix_mails_unmatched")
    with op.batch_alter_table("claim_flags", schema=None) as batch_op:
        batch_op.drop_index("ix_claim_flags_open")
    op.drop_index("ix_mails_fate", table_name="mails")
    op.drop_index("ix_jobs_waiting", table_name="jobs")
    op.drop_index("ix_jobs_due", table_name="jobs")
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["run_at_ms"],
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.drop_index("ix_claims_locale")
        batch_op.drop_index("ix_claims_closed")
        batch_op.drop_index("ix_claims_state")
        batch_op.drop_index(
            "ix_claims_open",
            sqlite_where=sa.text("is_open"),
            postgresql_where=sa.text("is_open"),
        )
        batch_op.drop_index(
            "ix_claims_work",
            sqlite_where=sa.text("is_open"),
            postgresql_where=sa.text("is_open"),
        )
        batch_op.drop_index(
            "ix_claims_state_work",
            sqlite_where=sa.text("is_open"),
            postgresql_where=sa.text("is_open"),
        )
        batch_op.drop_index(
            "ix_claims_assigned",
            sqlite_where=sa.text("is_open"),
            postgresql_where=sa.text("is_open"),
        )
    # Not in a batch: that would make the table anew, and deleting the old one would
    # delete what hangs on it.
    op.execute("alter table claims drop column proposed_points")
    op.execute("alter table claims drop column proposed_usd")
    op.execute("alter table claims drop column locale")
    op.execute("alter table claims drop column deadline_at")
    op.execute("alter table claims drop column assigned_to")

    with op.batch_alter_table("claim_events", schema=None) as batch_op:
        batch_op.drop_index("ix_claim_events_event_at")

    op.drop_table("saved_views")
    with op.batch_alter_table("remarks", schema=None) as batch_op:
        batch_op.drop_index("ix_remarks_claim")

    op.drop_table("remarks")
    op.drop_table("presences")
    op.drop_table("pending_replies")
    op.drop_table("draft_edits")
    with op.batch_alter_table("recovery_codes", schema=None) as batch_op:
        batch_op.drop_index("ix_recovery_codes_staff")

    op.drop_table("recovery_codes")
    with op.batch_alter_table("desk_sessions", schema=None) as batch_op:
        batch_op.drop_index("ix_desk_sessions_staff")

    op.drop_table("desk_sessions")
    op.drop_table("staff")
    op.drop_table("sign_in_failures")
    op.drop_table("paused_queues")
    with op.batch_alter_table("operator_actions", schema=None) as batch_op:
        batch_op.drop_index("ix_operator_actions_target")
        batch_op.drop_index("ix_operator_actions_at")

    op.drop_table("operator_actions")
    op.drop_table("job_minutes")
    op.drop_table("api_tokens")
