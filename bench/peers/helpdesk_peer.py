"""django-helpdesk on one mailbox, run by its own Python, in the folder PEER_FOLDER.

helpdesk_peer.py prepare PORT USER PASSWORD    make the database and the queue
helpdesk_peer.py run                           print seconds, tickets, files
"""

import os
import sys
import time
from collections.abc import Callable

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk_settings")
django.setup()

from django.core.management import call_command  # noqa: E402 - only after setup
from helpdesk.models import FollowUpAttachment, Queue, Ticket  # noqa: E402 - as above


def prepare(port: str, user: str, password: str) -> None:
    """Make the database, its texts of e-mails, and a queue that reads the mailbox."""
    call_command("migrate", verbosity=0)
    call_command("loaddata", "emailtemplate.json", verbosity=0)
    Queue.objects.create(
        title="Claims",
        slug="claims",
        email_address="claims@claims.example",
        allow_email_submission=True,
        email_box_type="imap",
        email_box_host="127.0.0.1",
        email_box_port=int(port),
        email_box_ssl=False,
        email_box_user=user,
        email_box_pass=password,
        email_box_imap_folder="INBOX",
        email_box_interval=0,
        logging_type="none",
    )


def run() -> None:
    """Make tickets of all mails, and say how long that took without the start."""
    began = time.perf_counter()
    call_command("get_email", "--quiet")
    seconds = time.perf_counter() - began
    print(seconds, Ticket.objects.count(), FollowUpAttachment.objects.count())


if __name__ == "__main__":
    does: dict[str, Callable[..., None]] = {"prepare": prepare, "run": run}
    does[sys.argv[1]](*sys.argv[2:])
