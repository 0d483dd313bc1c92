"""The settings file of a private Dovecot, in the syntax of 2.3 and of 2.4."""

from dataclasses import dataclass
from pathlib import Path

from tests.services.ports import LOOPBACK
from tests.services.server import Account

# One word before the first @ is the user, so that LMTP's addresses and IMAP's logins
# mean the same mailbox. Many connections, since tests open one a call.
COMMON = """
base_dir = {directory}/run
state_dir = {directory}/state
log_path = /dev/stderr
instance_name = claims-{imap_port}
protocols = imap lmtp
listen = {loopback}
ssl = no
auth_mechanisms = plain login
default_internal_user = {internal.name}
default_internal_group = {internal.group}
default_login_user = {login.name}
first_valid_uid = 1
first_valid_gid = 1
mail_fsync = optimized
mail_max_userip_connections = 500
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    auto = create
    special_use = \\Drafts
  }}
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service imap {{
  process_min_avail = 1
  process_limit = 500
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp_port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""

# Source: Dovecot 2.3.19 of Debian 12, tried.
FOR_2_3 = """
disable_plaintext_auth = no
auth_username_format = %n
mail_location = maildir:~/Maildir
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={mail.uid} gid={mail.gid} home={directory}/mail/%n allow_all_users=yes
}}
"""

# Source: Dovecot 2.4.1 of Debian 13, tried.
VERSION_LINES = """\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
"""
FOR_2_4 = """
auth_allow_cleartext = yes
auth_username_format = %{{user | username}}
mail_driver = maildir
mail_path = ~/Maildir
passdb static {{
  password = {password}
}}
userdb static {{
  allow_all_users = yes
  fields {{
    uid = {mail.uid}
    gid = {mail.gid}
    home = {directory}/mail/%{{user | username}}
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Whom the parts of Dovecot run as: the mail, the inner services, the login."""

    mail: Account
    internal: Account
    login: Account


def settings(
    version: str,
    *,
    directory: Path,
    imap_port: int,
    lmtp_port: int,
    password: str,
    accounts: Accounts,
) -> str:
    """Return the text of dovecot.conf.

    Args:
        version: what `dovecot --version` prints; 2.4 changed the syntax.
        directory: absolute; sockets, state and mail live below it.
        imap_port: on loopback.
        lmtp_port: on loopback.
        password: of every user.
        accounts: whom its processes run as.
    """
    is_old = version.startswith("2.3.")
    template = COMMON + FOR_2_3 if is_old else VERSION_LINES + COMMON + FOR_2_4
    return template.format(
        loopback=LOOPBACK,
        directory=directory,
        imap_port=imap_port,
        lmtp_port=lmtp_port,
        password=password,
        mail=accounts.mail,
        internal=accounts.internal,
        login=accounts.login,
    )
