"""A worker from its start to its end, in this process."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from gateway.app import create_app
from gateway.server import AnnouncingServer, ServerConfig
from tests.support.project import seed_system, settings_for


async def test_what_was_there_at_the_start_is_not_looked_through_for_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schema is among it; it says that it listens afterwards."""
    url = f"sqlite:///{tmp_path / 'data.sqlite'}"
    await seed_system(url)
    settings = settings_for(url)
    application = create_app(settings)
    happened: list[str] = []
    monkeypatch.setattr(
        gc, "freeze", lambda: happened.append("open" if application._project is not None else "closed")
    )
    config = ServerConfig(settings, app=lambda: application, host="127.0.0.1", port=0)
    config.load()
    server = AnnouncingServer(config, lambda: happened.append("listens"))
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    await server.shutdown()
    assert happened == ["open", "listens"]


async def test_a_connection_waits_longer_than_proxies_let_it() -> None:
    """One that the server closed first could be closed on a request that is on its way."""
    application = create_app(settings_for("sqlite://"))
    kept = ServerConfig(settings_for("sqlite://"), app=lambda: application).timeout_keep_alive
    assert kept > 60
    told = settings_for("sqlite://", CAUSEWAY_KEEP_ALIVE="5s")
    assert ServerConfig(told, app=lambda: application).timeout_keep_alive == 5
