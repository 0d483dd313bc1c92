"""Rules about docker-compose.yml, the Dockerfile and deploy/: they fit the program."""

import imaplib
import re
import shutil
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.builders_mail import make_mail
from tests.repo.test_docs import ROOT, check_command
from tests.services.ports import LOOPBACK, free_port
from worker.adapters.orders_csv import read_orders
from worker.settings import Settings

COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
TRY = ROOT / "deploy" / "try"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"] == "claims-worker"}
LINES = DOCKERFILE.read_text().replace("\\\n", " ").splitlines()
SECRET = re.compile(r"(?i)password|secret|token|://[^/\s]*:[^/\s]*@")


def stages() -> dict[str, list[str]]:
    """Return the instructions of each stage of the Dockerfile by its name."""
    found: dict[str, list[str]] = {}
    for line in LINES:
        start = re.match(r"FROM (\S+) AS (\S+)", line)
        if start:
            base = found.get(start[1], [])
            found[start[2]] = [*base, line]
        elif found:
            found[list(found)[-1]].append(line)
    return found


def target(service: dict[str, Any]) -> list[str]:
    return stages()[service["build"]["target"]] if "build" in service else []


# -- docker-compose.yml -------------------------------------------------------------


def test_every_part_of_the_program_is_a_service() -> None:
    commands = {name: one["command"] for name, one in OURS.items()}

    assert commands == {
        "migrate": ["migrate"],
        "poller": ["poll"],
        "worker": ["work"],
        "scheduler": ["schedule"],
    }
    for words in commands.values():
        check_command(words)


@pytest.mark.parametrize("name", OURS)
def test_every_variable_of_a_service_is_a_setting(name: str) -> None:
    service = OURS[name]
    (file,) = service["env_file"]
    default = re.sub(r"\$\{CONFIG:-(.+)\}", r"\1", file)
    given = dict(service["environment"])
    for line in (ROOT / default).read_text().splitlines():
        if line and not line.startswith("#"):
            variable, _, value = line.partition("=")
            given[variable] = value

    fields = {name.upper() for name in Settings.model_fields} | {"FROM"}
    assert {variable.removeprefix("CLAIMS_") for variable in given} <= fields
    assert all(variable.startswith("CLAIMS_") for variable in given)
    assert {"CLAIMS_DATABASE_URL", "CLAIMS_REDIS_URL", "CLAIMS_RAW_URL"} <= given.keys()


def test_the_settings_for_trying_out_have_no_fault() -> None:
    settings = Settings(_env_file=TRY / "worker.env")

    settings.need("mailbox_url", "smtp_url", "drafts_url", "database_url")


def test_the_database_s_password_for_trying_out_is_the_worker_s() -> None:
    (password,) = re.findall(
        r"^POSTGRES_PASSWORD=(.+)$", _text("database.env"), re.MULTILINE
    )
    (url,) = re.findall(
        r"^CLAIMS_DATABASE_URL=(.+)$", _text("worker.env"), re.MULTILINE
    )
    database = SERVICES["database"]["environment"]

    assert url == (
        f"postgresql://{database['POSTGRES_USER']}:{password}@database"
        f"/{database['POSTGRES_DB']}"
    )


def test_the_file_holds_no_secret() -> None:
    lines = [line.partition("#")[0] for line in COMPOSE.read_text().splitlines()]

    assert [line for line in lines if SECRET.search(line)] == []


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"migrate"}))
def test_every_lasting_service_is_watched_and_restarted(name: str) -> None:
    service = SERVICES[name]
    in_image = any(line.startswith("HEALTHCHECK") for line in target(service))

    assert "healthcheck" in service or in_image
    assert service["restart"] == "unless-stopped"


def test_the_migration_runs_once_and_the_others_wait_for_it() -> None:
    assert OURS["migrate"]["restart"] == "no"
    for name in OURS.keys() - {"migrate"}:
        waits = OURS[name]["depends_on"]
        assert waits["migrate"] == {"condition": "service_completed_successfully"}
        assert waits["database"] == {"condition": "service_healthy"}


@pytest.mark.parametrize("name", [*OURS, "mail"])
def test_our_services_run_without_rights(name: str) -> None:
    service = SERVICES[name]

    assert service["user"] not in {"0", "root", "0:0"}
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert f"USER {service['user']}" in target(service)


def test_only_the_mail_server_is_reached_from_outside_and_only_from_here() -> None:
    ports = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}

    assert ports.keys() == {"mail"}
    assert SERVICES["mail"]["profiles"] == ["try"]
    assert all(port.startswith("127.0.0.1:") for port in ports["mail"])


def test_every_volume_and_network_is_declared() -> None:
    whole = yaml.safe_load(COMPOSE.read_text())
    volumes = {
        v.partition(":")[0]
        for s in SERVICES.values()
        for v in s.get("volumes", [])
        if isinstance(v, str)
    }
    networks = {n for service in SERVICES.values() for n in service["networks"]}

    assert volumes == whole["volumes"].keys()
    assert networks == whole["networks"].keys()


@pytest.mark.parametrize("name", OURS)
def test_files_that_settings_name_come_from_a_folder_that_is_only_read(
    name: str,
) -> None:
    (mount,) = [v for v in OURS[name]["volumes"] if isinstance(v, dict)]

    assert (mount["type"], mount["read_only"]) == ("bind", True)
    config, _, folder = mount["source"].rpartition("/")
    assert OURS[name]["env_file"] == [f"{config}/worker.env"]
    assert (TRY / folder).is_dir()
    said = (ROOT / "docs" / "running.md").read_text()
    assert f"folder `{folder}` is `{mount['target']}`" in said
    assert f"CLAIMS_POLICY={mount['target']}/policy.toml" in said


# Debian's package docker-compose; where it is missing the rules above have to do.
if docker_compose := shutil.which("docker-compose"):

    @pytest.mark.parametrize("profile", [[], ["--profile", "try"]], ids=["", "try"])
    @pytest.mark.slow
    def test_docker_compose_accepts_the_file(profile: list[str]) -> None:
        done = subprocess.run(  # noqa: S603 - our own command
            [str(docker_compose), *profile, "config", "--quiet"],
            capture_output=True,
            check=False,
            cwd=ROOT,
            text=True,
        )

        assert (done.returncode, done.stderr) == (0, "")


# -- Dockerfile ---------------------------------------------------------------------


def copied() -> Iterator[str]:
    for line in LINES:
        words = line.split()
        if words[:1] == ["COPY"] and not words[1].startswith("--from"):
            yield from words[1:-1]


def test_every_file_that_is_copied_exists_and_is_let_in() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in ignore if line.startswith("!")}

    assert "*" in ignore
    assert set(copied()) == let_in
    for path in let_in:
        assert (ROOT / path).exists(), path


def test_the_wheel_finds_what_it_is_made_of() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text()
    named = set(re.findall(r"^\"(\w+)\" = \"worker/_data/", pyproject, re.MULTILINE))

    assert {*named, "worker", "README.md", "LICENSE"} <= set(copied())
    assert re.search(
        r"^hatchling==", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    )


def test_everything_is_installed_by_its_hash() -> None:
    installs = [
        part for line in LINES for part in line.split("&&") if "install" in part
    ]
    pips = [part for part in installs if "/pip install" in part]

    assert len(pips) == 2
    assert all("--require-hashes" in pip or "--no-index" in pip for pip in pips)


def test_the_default_image_serves_as_nobody_in_particular() -> None:
    name, lines = list(stages().items())[-1]
    users = [line.split()[1] for line in lines if line.startswith("USER ")]

    assert name == "worker"
    assert users == ["10001:10001"]
    assert 'ENTRYPOINT ["claims"]' in lines
    assert 'CMD ["serve"]' in lines
    (health,) = re.findall(r"HEALTHCHECK .*CMD (\[.+\])", "\n".join(lines))
    program, *words = yaml.safe_load(health)
    assert program == "claims"
    check_command(words)


# -- deploy -------------------------------------------------------------------------


def test_the_sample_mails_belong_to_the_sample_orders() -> None:
    orders = read_orders(TRY / "orders.csv").rows
    known = {(order.member.member_id, order.order_number) for order in orders}

    for mail in TRY.glob("*.eml"):
        (subject,) = re.findall(r"^Subject: (.+)$", mail.read_text(), re.MULTILINE)[:1]
        ids = re.findall(r"[A-Z]+-?\d+", subject)
        assert tuple(ids) in known


def test_the_unit_starts_a_command_and_gives_up_on_wrong_settings() -> None:
    unit = (ROOT / "deploy" / "systemd" / "claims@.service").read_text()

    assert "\nExecStart=/opt/claims/bin/claims %i\n" in unit
    assert "\nRestartPreventExitStatus=2\n" in unit
    assert "\nUser=claims\n" in unit


@pytest.fixture
def mail_server() -> Iterator[tuple[int, int]]:
    """The mail server for trying out; its IMAP and its SMTP port."""
    ports = free_port(), free_port()
    process = subprocess.Popen(  # noqa: S603 - our own script
        [
            *(sys.executable, str(TRY / "mail_server.py")),
            *("--imap-port", str(ports[0]), "--smtp-port", str(ports[1])),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        assert process.stdout.readline().startswith("IMAP on 127.0.0.1")
        yield ports
        process.terminate()
        assert process.wait(10) == 0


@pytest.mark.services
def test_the_mail_server_sorts_claims_from_answers(
    mail_server: tuple[int, int],
) -> None:
    imap_port, smtp_port = mail_server
    forged = ("Authentication-Results", "mx.try.example; dmarc=pass header.from=x.y")
    claim = make_mail(to="claims@try.example", headers=[forged])
    answer = make_mail(sender="claims@try.example", to="lena.hoffmann@mail.example")

    with smtplib.SMTP(LOOPBACK, smtp_port) as connection:
        connection.sendmail("lena@mail.example", ["claims@try.example"], claim)
        connection.sendmail("claims@try.example", ["lena@mail.example"], answer)

    with imaplib.IMAP4(LOOPBACK, imap_port) as connection:
        connection.login("claims", "claims")
        (inbox,) = _mails(connection, "INBOX")
        (answers,) = _mails(connection, "Answers")
    assert answers == answer
    assert inbox.count(b"Authentication-Results: ") == 1
    assert b"by mx.try.example with" in inbox
    assert b"dmarc=pass header.from=mail.example" in inbox
    assert inbox.partition(b"\r\n\r\n")[2] == claim.partition(b"\r\n\r\n")[2]


def _mails(connection: imaplib.IMAP4, folder: str) -> list[bytes]:
    connection.select(folder, readonly=True)
    _, answer = connection.uid("FETCH", "1:*", "(BODY.PEEK[])")
    return [part[1] for part in answer if isinstance(part, tuple)]


def _text(name: str) -> str:
    return (TRY / name).read_text()
