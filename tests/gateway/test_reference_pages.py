"""The reference pages say what the code says."""

from __future__ import annotations

import pytest

from docs.generate import PAGES, command_line, configuration, outdated
from docs.tables import missing_words
from gateway.config import rows


def test_the_pages_are_up_to_date() -> None:
    assert outdated() == [], "run `make docs`"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_the_same_each_time(name: str) -> None:
    assert PAGES[name]() == PAGES[name]()


def test_every_setting_and_every_command_is_there() -> None:
    page = configuration()
    assert [variable for variable, _ in rows() if f"| `{variable}` |" not in page] == []
    for command in (
        "bootstrap",
        "serve",
        "introspect",
        "sdl",
        "users create",
        "users passwd",
        "roles list",
        "history prune",
        "mail test",
    ):
        assert f"## causeway {command}\n" in command_line()


def test_no_default_of_a_secret_is_shown() -> None:
    assert [variable for variable, row in rows() if row.secret and row.default] == []


def test_every_operator_type_and_error_has_its_words() -> None:
    assert missing_words() == []
