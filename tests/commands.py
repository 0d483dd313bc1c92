"""Runs the `claims` command: in a process of its own, or here, which is quicker."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from worker.cli import main
from worker.cli.console import out as printer

Done = subprocess.CompletedProcess[str]
HEADER = (
    "order_number,member_id,member_name,member_email,locale,placed_at,package_id,"
    "package_value_usd,sales_price_usd,shipping_fee_usd,guarantee_fee_usd,arrived_at,"
    "delivered_at,collected_at,tracking_number,points_applied,points_earned"
)
ROW = (
    "ORD-20261104-0183,M104233,Lena Hoffmann,lena.hoffmann@mail.example,en,"
    "2026-11-04T10:20:00+00:00,1,480.00,450.00,62.50,45.00,2026-11-17T09:00:00+00:00,"
    "2026-11-18T14:30:00+00:00,2026-11-18T14:30:00+00:00,TRK0183,0,0"
)


def settings_in(folder: Path, **more: str) -> dict[str, str]:
    """The settings of a command whose data lie in a folder."""
    return {
        "CLAIMS_DATA_DIR": str(folder / "data"),
        "CLAIMS_FROM": "claims@logistics.example",
        "CLAIMS_TRUSTED_MX": "mx.logistics.example",
        "CLAIMS_TRUSTED_AUTHSERV": "mx.logistics.example",
        "COLUMNS": "100",
        **more,
    }


def claims(folder: Path, *words: str | Path, **settings: str) -> Done:
    """Run a command as a process of its own."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "worker", *map(str, words)],
        capture_output=True,
        check=False,
        cwd=folder,
        env={**os.environ, **settings_in(folder, **settings)},
        text=True,
        timeout=120,
    )


def claims_here(folder: Path, *words: str | Path, **settings: str) -> Done:
    """Run a command in this process, with its settings for as long as it runs."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings_in(folder, **settings).items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(printer, "width", int(os.environ["COLUMNS"]))
        patch.setattr(sys, "argv", ["claims", *map(str, words)])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as end:
                code = int(end.code or 0)
    return Done(words, code, out.getvalue(), err.getvalue())


def one_line(done: Done) -> str:
    """Return what a command said on stderr, which must be one line."""
    (line,) = done.stderr.strip().splitlines()
    return line


def write_orders(folder: Path) -> Path:
    """Write an order directory of one order; return the file."""
    path = folder / "orders.csv"
    path.write_text(f"{HEADER}\n{ROW}\n", encoding="utf-8")
    return path
