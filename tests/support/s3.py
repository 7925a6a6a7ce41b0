"""A throw-away server of the S3 protocol for the tests: one for each run, shared by its workers.

bucket = s3.fresh_bucket()            a bucket of the test's own
s3.variables("cloud", bucket)         what STORAGE_CLOUD_* have to say to use it
s3.keys(bucket)                       what is in it, seen without what is tested
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen
from xml.etree import ElementTree

#: seconds for its start; it takes two, the machine may be busy with other tests
PATIENCE: Final = 60
_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Server:
    """Runs in `directory`."""

    directory: Path

    @property
    def url(self) -> str:
        return (self.directory / "url").read_text()

    def start(self) -> None:
        """Returns when it answers."""
        command = [sys.executable, "-m", "tests.support.s3_process", str(self.directory)]
        log = self.directory / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                command, cwd=_ROOT, stdout=output, stderr=output, start_new_session=True
            )
        deadline = time.monotonic() + PATIENCE
        while not (self.directory / "url").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the S3 server of the tests did not start: {log.read_text()}")
            time.sleep(0.02)
        # it runs on when this worker ends; who ends the run ends it
        process.returncode = 0

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            os.kill(int((self.directory / "pid").read_text()), signal.SIGKILL)

    def fresh_bucket(self) -> str:
        """An empty bucket that nobody else has."""
        name = f"bucket-{secrets.token_hex(6)}"
        self.ask("PUT", name)
        return name

    def variables(self, location: str, bucket: str, **more: str) -> Mapping[str, str]:
        """Settings of a location in `bucket`, as in the environment; `more`: other options of it."""
        options = {
            "DRIVER": "s3",
            "ENDPOINT": self.url,
            "FORCE_PATH_STYLE": "true",
            "REGION": "us-east-1",
            "BUCKET": bucket,
            "KEY": "a-key",
            "SECRET": "a-secret",
            **more,
        }
        return {f"STORAGE_{location.upper()}_{option}": value for option, value in options.items()}

    def keys(self, bucket: str) -> list[str]:
        """All keys of the bucket, seen without what is tested."""
        return self._texts(f"{bucket}?list-type=2")

    def unfinished(self, bucket: str) -> list[str]:
        """The keys of multipart uploads that were begun and neither completed nor given up."""
        return self._texts(f"{bucket}?uploads")

    def ask(self, method: str, target: str, body: bytes = b"") -> bytes:
        """What the server says, asked without what is tested. Raises HTTPError."""
        # the library would call it a form
        kind = {"content-type": "application/octet-stream"}
        request = Request(f"{self.url}/{target}", method=method, data=body or None, headers=kind)
        with urlopen(request) as answer:
            said: bytes = answer.read()
        return said

    def _texts(self, target: str) -> list[str]:
        root = ElementTree.fromstring(self.ask("GET", target))
        return [found.text or "" for found in root.iter() if found.tag.rpartition("}")[2] == "Key"]
