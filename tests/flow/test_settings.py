"""Settings: all faults together, no value ever shown, from the environment and .env."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from worker.domain.errors import SettingsInvalid
from worker.settings import PREFIX, Settings

WORD = "hunter2-geheim"
MAILBOX = f"imaps://claims:{WORD}@mail.example/INBOX"
SECRETS = {
    "MAILBOX_URL": MAILBOX,
    "SMTP_URL": f"smtp+starttls://claims:{WORD}@mail.example:587",
    "DATABASE_URL": f"postgresql://claims:{WORD}@db.example/claims",
    "REDIS_URL": f"redis://:{WORD}@redis.example/0",
    "DRAFTS_URL": f"imaps://staff:{WORD}@mail.example/Drafts",
    "SECRET_KEY": WORD,
    "ALERT_URL": f"https://hooks.example/{WORD}",
}


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No .env of the checkout is read."""
    monkeypatch.chdir(tmp_path)


def set_all(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name, value)


def faults() -> list[str]:
    with pytest.raises(SettingsInvalid) as caught:
        Settings.from_env()
    return caught.value.faults


# -- where they come from -------------------------------------------------------------


def test_without_any_setting_there_are_the_embedded_defaults() -> None:
    settings = Settings.from_env()

    assert settings.mailbox_url is None
    assert settings.database_url is None
    assert settings.redis_url is None
    assert settings.raw_url is None
    assert settings.data_dir == Path("claims-data")
    assert settings.after == "nothing"
    assert settings.ocr is True
    assert settings.trusted_mx == ()


def test_each_is_read_from_the_environment_with_its_prefix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATA_DIR", "/elsewhere")
    set_all(monkeypatch, DATA_DIR="/var/lib/claims", READERS="4", OCR="no")

    settings = Settings.from_env()

    assert settings.data_dir == Path("/var/lib/claims")
    assert settings.readers == 4
    assert settings.ocr is False


def test_a_file_named_env_is_read_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(
        "CLAIMS_READERS=5\n"
        "CLAIMS_MAX_MAIL_MB=7\n"
        "CLAIMS_FROM=Claims@Logistics.example\n"
        "# a comment\n"
        "SOMETHING_ELSE=x\n",
        encoding="utf-8",
    )
    set_all(monkeypatch, READERS="9")

    settings = Settings.from_env()

    assert settings.readers == 9
    assert settings.max_mail_mb == 7
    assert settings.from_ == "claims@logistics.example"


def test_settings_of_other_programs_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_all(monkeypatch, UNKNOWN_THING="x", DESK_COLOUR="red")

    assert Settings.from_env() == Settings()


def test_what_is_no_setting_is_named_with_the_nearest_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("CLAIMS_TRUST_MX=mx.example\n", encoding="utf-8")
    set_all(monkeypatch, MAILBOX_ULR=MAILBOX, XYZ=WORD, READERS="3", FROM="a@b.example")

    assert Settings.unknown() == [
        "CLAIMS_MAILBOX_ULR is not a setting; did you mean CLAIMS_MAILBOX_URL?",
        "CLAIMS_TRUST_MX is not a setting; did you mean CLAIMS_TRUSTED_MX?",
        "CLAIMS_XYZ is not a setting",
    ]


def test_a_file_named_env_that_is_no_text_is_one_fault(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"CLAIMS_FROM=\xff\xfe")

    assert Settings.unknown() == []
    assert faults() == [".env cannot be read as text in UTF-8"]


def test_they_do_not_change_afterwards() -> None:
    settings = Settings.from_env()

    with pytest.raises(ValidationError, match="frozen"):
        settings.readers = 3  # type: ignore[misc]


# -- what they may be -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "mx1.shop.example, MX2.Shop.example ",
            ("mx1.shop.example", "mx2.shop.example"),
        ),
        ("one", ("one",)),
        (" , one,,two, ", ("one", "two")),
        ("", ()),
    ],
)
@pytest.mark.parametrize("name", ["own_addresses", "trusted_mx", "trusted_authserv"])
def test_a_list_is_written_with_commas(
    monkeypatch: pytest.MonkeyPatch, name: str, written: str, expected: tuple[str, ...]
) -> None:
    set_all(monkeypatch, **{name.upper(): written})

    assert getattr(Settings.from_env(), name) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-18T19:10:00+01:00", datetime(2026, 11, 18, 18, 10, tzinfo=UTC)),
        ("2026-11-18T19:10:00Z", datetime(2026, 11, 18, 19, 10, tzinfo=UTC)),
        ("2026-11-18T19:10:00", datetime(2026, 11, 18, 19, 10, tzinfo=UTC)),
        ("2026-11-18", datetime(2026, 11, 18, tzinfo=UTC)),
    ],
)
def test_an_instant_without_a_zone_is_utc(
    monkeypatch: pytest.MonkeyPatch, written: str, expected: datetime
) -> None:
    set_all(monkeypatch, GO_LIVE=written)

    go_live = Settings.from_env().go_live

    assert go_live == expected
    assert go_live is not None
    assert go_live.utcoffset() is not None
    assert go_live - expected == timedelta(0)


@pytest.mark.parametrize(
    "url",
    [
        "imap://user:password@localhost:14143/INBOX",
        "imaps://user:p%40ss@mail.example/F%C3%A4lle",
        "imap+starttls://user:password@[::1]:143/INBOX",
    ],
)
def test_a_mailbox_is_an_imap_url(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    set_all(monkeypatch, MAILBOX_URL=url, DRAFTS_URL=url)

    settings = Settings.from_env()

    assert settings.mailbox_url is not None
    assert settings.mailbox_url.get_secret_value() == url


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("MAILBOX_URL", "http://mail.example", "imap://, imap+starttls://, imaps://"),
        ("MAILBOX_URL", "mail.example", "must begin with one of"),
        ("MAILBOX_URL", "imap:///INBOX", "names no host"),
        ("MAILBOX_URL", "imap://h:nine/INBOX", "port that is not a number"),
        ("DRAFTS_URL", "smtp://mail.example", "must begin with one of"),
        ("SMTP_URL", "imap://mail.example", "smtp://, smtp+starttls://, smtps://"),
        ("SMTP_URL", "smtp://h:99999", "port that is not a number"),
        ("REDIS_URL", "localhost:6379", "redis://, rediss://, unix://"),
        ("MAILBOX_URL", "imap://u:a[b]c@h/INBOX", "cannot be read as a URL"),
        ("SMTP_URL", "smtp://u:a[b@h", "cannot be read as a URL"),
        ("FROM", "nobody", "is not an e-mail address"),
        ("FROM", "a b@x", "is not an e-mail address"),
        ("AFTER", "delete", ": give nothing, flag, label or move"),
        ("GO_LIVE", "soon", ": give a date such as 2026-11-01T00:00Z"),
        ("READERS", "0", ": give a whole number from 1 to 64"),
        ("READERS", "many", ": give a whole number from 1 to 64"),
        ("MEMBER_ID_PATTERN", "M(", "is not a regular expression"),
        ("ANSWERS_PER_ADDRESS", "-1", ": give a whole number from 0"),
        ("OCR", "maybe", ": give true or false"),
    ],
)
def test_a_wrong_one_is_named_with_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fault: str
) -> None:
    set_all(monkeypatch, **{name: value})

    (found,) = faults()

    assert found.startswith((f"CLAIMS_{name} ", f"CLAIMS_{name}: "))
    assert fault in found


def test_all_faults_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(
        monkeypatch,
        MAILBOX_URL="ftp://mail.example",
        SMTP_URL="smtp://",
        FROM="nobody",
        AFTER="delete",
        READERS="0",
    )

    named = [re.split("[ :]", fault)[0] for fault in faults()]

    assert named == [
        "CLAIMS_MAILBOX_URL",
        "CLAIMS_SMTP_URL",
        "CLAIMS_FROM",
        "CLAIMS_AFTER",
        "CLAIMS_READERS",
    ]


def test_all_that_a_command_needs_and_has_not_are_named_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_all(monkeypatch, DATABASE_URL="sqlite:///x")
    settings = Settings.from_env()

    with pytest.raises(SettingsInvalid) as caught:
        settings.need("mailbox_url", "database_url", "smtp_url")

    assert caught.value.faults == [
        "CLAIMS_MAILBOX_URL is not set: imaps://user:password@host/INBOX",
        "CLAIMS_SMTP_URL is not set: smtp+starttls://user:password@host",
    ]


def test_a_command_that_has_what_it_needs_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_all(monkeypatch, MAILBOX_URL=MAILBOX)

    Settings.from_env().need("mailbox_url")


# -- secrets --------------------------------------------------------------------------


def test_no_secret_is_in_what_settings_print_as(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_all(monkeypatch, **SECRETS)

    settings = Settings.from_env()

    assert WORD not in repr(settings)
    assert WORD not in str(settings)
    assert WORD not in settings.model_dump_json()
    assert WORD not in f"{settings.mailbox_url}"


@pytest.mark.parametrize(
    "name",
    [
        *SECRETS,
        "RAW_URL",
        "FROM",
        "AFTER",
        "READERS",
        "GO_LIVE",
        "OCR",
        "MEMBER_ID_PATTERN",
    ],
)
@pytest.mark.parametrize(
    "value",
    [
        f"{WORD}://[{WORD}:{WORD}@(",
        f"imap://claims:a[{WORD}]b@mail.example/INBOX",
        f"imap://claims@mail.example:{WORD}/INBOX",
    ],
)
def test_no_fault_repeats_the_value_that_was_given(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Somebody may have put the password into the wrong one."""
    set_all(monkeypatch, **{name: value, "CLOCK": WORD})

    text = " ".join(faults())

    assert WORD not in text
    assert "CLAIMS_CLOCK" in text
