"""The demo from its first line to its last: stage, actors, audience, and the end."""

import contextlib
import os
import smtplib
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

import worker
from worker import log as logs
from worker.adapters import migrations
from worker.adapters.clock import SystemClock
from worker.adapters.embedded_redis import find_redis_server
from worker.adapters.orders_csv import read_orders
from worker.bootstrap import Parts
from worker.demo.accounts import CLAIMS, CLAIMS_ADDRESS, LOOPBACK, Ports, deliver
from worker.demo.cast import orders_csv
from worker.demo.gateway import stamp
from worker.demo.hosting import mail_host
from worker.demo.plain import Ticker
from worker.demo.results import LEGEND, find_faults, results_table
from worker.demo.samples import Play, make_play
from worker.demo.stage import Sample
from worker.demo.view import screen
from worker.demo.visiting import Guide, settings_of, take_over
from worker.demo.watching import Scene, Watch
from worker.domain.errors import SettingsInvalid, UsageError
from worker.serve import Supervisor, stop_on_signals
from worker.settings import Settings

LOOK_EVERY = timedelta(milliseconds=250)
MAIL_EVERY = timedelta(seconds=1.5)
"""How fast sample mails arrive while somebody watches."""
GIVE_UP_AFTER = timedelta(minutes=3)
SETTLED_FOR = timedelta(seconds=15)
"""Nothing moved for so long: then what is not as expected will stay so."""
PIPED_WIDTH = 150
SENT_TIMEOUT_S = 30.0
