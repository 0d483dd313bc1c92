"""Real servers for the tests: plain processes on free loopback ports.

Each is a context manager with a directory of its own under the temporary directory,
which goes away with it. No system service is touched; root and an ordinary user can
both run them; every server dies when the process that started it dies.
"""

from tests.services.dovecot import Dovecot
from tests.services.ports import free_port, wait_port
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.server import Server, ServiceMissing
from tests.services.smtp_sink import Script, SmtpSink, SunkMail
from tests.services.tcp_proxy import TcpProxy

__all__ = [
    "Dovecot",
    "Postgres",
    "Redis",
    "Script",
    "Server",
    "ServiceMissing",
    "SmtpSink",
    "SunkMail",
    "TcpProxy",
    "free_port",
    "wait_port",
]
