"""What holds an upload for one writer: renewed while it is held, lost where it cannot be."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import cast

import pytest

from gateway.tus import lease as leases
from gateway.tus.lease import held
from gateway.tus.protocol import Refused
from resolvers.files.partial import PartialFiles
from tests.support.logs import logged


class Rows:
    """Rows of uploads whose lease is given, and cannot be renewed for a reason nobody thought of."""

    async def hold(self, upload: str, holder: str, now: datetime, until: datetime) -> bool:
        return True

    async def renew(self, upload: str, holder: str, now: datetime, until: datetime) -> bool:
        raise RuntimeError("nobody thought of this")

    async def release(self, upload: str, holder: str, offset: int, now: datetime) -> None:
        return


async def test_a_lease_that_cannot_be_renewed_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "_PAUSE", 0.0)
    with logged() as log:
        async with held(cast(PartialFiles, Rows()), "an upload") as lease:
            while not lease.lost:
                await asyncio.sleep(0)
            with pytest.raises(Refused):
                lease.check()
    assert "cannot be renewed" in log.getvalue()
