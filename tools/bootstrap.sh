#!/bin/sh
# What a fresh machine lacks, for the Makefile:
#
#   tools/bootstrap.sh runtime   .venv with what `claims` runs on
#   tools/bootstrap.sh dev       .venv with that and what tests and checks need
#   tools/bootstrap.sh servers   the servers that the tests start, by apt-get (run `dev` first)
#   tools/bootstrap.sh peers     the same, and what `make bench` compares with
#
# Running a step again is harmless and quick. PYTHON names the Python to start from.
set -eu

cd "$(dirname "$0")/.."
step=${1:-}
venv=.venv
python=${PYTHON:-python3}
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "$*"
    exit 1
}

check_python() {
    command -v "$python" >/dev/null ||
        die "No $python here: install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=/path/to/python3.12"
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' ||
        die "$python is $("$python" -V 2>&1), but claims-worker needs 3.11 to 3.13: name another, as in make PYTHON=python3.12"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        die "$python cannot make virtual environments: apt-get install python3-venv"
}

# An interrupted run leaves a .venv without pip, and so does uv.
make_venv() {
    if [ ! -x $venv/bin/python ]; then
        check_python
        "$python" -m venv $venv
    elif ! $venv/bin/python -m pip --version >/dev/null 2>&1; then
        $venv/bin/python -m ensurepip >/dev/null ||
            die "$venv is broken: remove it and try again"
    fi
}

# The lock lists everything with its hashes, so pip resolves nothing, and builds nothing
# but dkimpy, which comes as source only.
install_lock() {
    lock=$1
    say "Installing $(grep -c '^[a-z0-9].*==' "$lock") packages from $lock (a minute on the first run) ..."
    $venv/bin/python -m pip install --quiet --quiet --no-deps --require-hashes \
        --only-binary :all: --no-binary dkimpy -r "$lock" ||
        die "pip could not install $lock: see above"
    $venv/bin/python -m pip install --quiet --quiet --no-deps --no-index --no-build-isolation \
        --editable . ||
        die "pip could not install claims-worker itself: see above"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

may_be_root() {
    [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

missing_packages() {
    PATH=$PATH:/usr/sbin command -v dovecot >/dev/null || echo dovecot-imapd dovecot-lmtpd
    $venv/bin/python -c 'from tests.services.redis import find_redis_server as f; f()' \
        2>/dev/null || echo redis-server
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || echo chromium
    [ "$step" != peers ] || command -v mbsync >/dev/null || echo isync
}

# The tests start servers of their own; the system services that Debian's packages
# bring are not wanted and are switched off again.
install_servers() {
    packages=$(missing_packages | xargs)
    [ -n "$packages" ] || return 0
    if ! command -v apt-get >/dev/null || ! may_be_root; then
        say "Some tests will be skipped for want of: apt-get install $packages"
        return
    fi
    say "Installing $packages for the tests ..."
    log=$(mktemp)
    # shellcheck disable=SC2086 # each package is a word
    if as_root apt-get update >"$log" 2>&1 &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install --yes --no-install-recommends $packages >>"$log" 2>&1; then
        switch_off_services
    else
        tail -n 20 "$log" >&2
        say "apt-get failed, so some tests will be skipped."
    fi
    rm -f "$log"
}

switch_off_services() {
    [ -d /run/systemd/system ] || return 0
    case $packages in *dovecot*)
        as_root systemctl disable --quiet --now dovecot.service dovecot.socket || true ;;
    esac
    case $packages in *redis*)
        as_root systemctl disable --quiet --now redis-server.service || true ;;
    esac
}

case $step in
runtime)
    make_venv
    install_lock requirements.lock
    ;;
dev)
    make_venv
    install_lock requirements-dev.lock
    ;;
servers | peers) install_servers ;;
*) die "usage: tools/bootstrap.sh runtime|dev|servers|peers" ;;
esac
