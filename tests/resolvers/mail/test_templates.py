"""Templates of mails: what comes along, what a project puts in its place, and what is no template."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from resolvers.mail.look import look_of
from resolvers.mail.templates import BUILT_IN, TemplateProblem, Templates
from schema_gen.errors import CausewayError

LINK: Final = "https://cms.example.com/admin/reset-password?token=abc.def"
VALUES: Final[dict[str, Any]] = {**look_of({}, "https://cms.example.com"), "url": LINK, "name": "Ada"}


def write(folder: Path, **files: str) -> Templates:
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem.replace('_', '-')}.{suffix}").write_text(text, encoding="utf-8")
    return Templates(folder)


@pytest.mark.parametrize(
    "name", sorted({path.stem for path in BUILT_IN.iterdir()} - {"mail-layout", "mail-link"})
)
def test_what_comes_along_has_subject_text_and_html(name: str) -> None:
    for values in (VALUES, {**VALUES, "name": None, "project_url": None}):
        rendered = Templates(None).render(name, values)
        assert rendered.subject is not None
        assert "Causeway" in rendered.subject
        assert rendered.text is not None
        assert rendered.html is not None
        assert f"<title>{rendered.subject}</title>" in rendered.html
        if name != "mail-test":
            assert LINK in rendered.text
            assert f'href="{LINK}"' in rendered.html


def test_the_logo_of_the_project() -> None:
    logo = "https://cms.example.com/assets/0f0f"
    shown = Templates(None).render("password-reset", {**VALUES, "project_logo": logo})
    assert f'<img src="{logo}?key=system-medium-contain"' in (shown.html or "")
    without = Templates(None).render("password-reset", {**VALUES, "project_logo": None})
    assert "<img" not in (without.html or "")


def test_who_registers_cannot_write_into_the_mail() -> None:
    rendered = Templates(None).render("user-registration", {**VALUES, "name": "buy at https://evil.example"})
    assert "evil" not in f"{rendered.text}{rendered.html}"


def test_the_project_s_own_come_first_file_by_file(tmp_path: Path) -> None:
    templates = write(tmp_path, password_reset_html="<b>{{ project_name }}</b> <i>{{ url }}</i>")
    rendered = templates.render("password-reset", VALUES)
    assert rendered.html == f"<b>Causeway</b> <i>{LINK}</i>"
    assert rendered.text is not None
    assert "To choose one" in rendered.text
    write(tmp_path, password_reset_txt="{% set subject %}New: {{ project_name }}{% endset %}Here: {{ url }}")
    rendered = templates.render("password-reset", VALUES)
    assert (rendered.subject, rendered.text) == ("New: Causeway", f"Here: {LINK}")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    templates = write(tmp_path, news_txt="one")
    assert templates.render("news", {}).text == "one"
    write(tmp_path, news_txt="another")
    assert templates.render("news", {}).text == "another"
    (tmp_path / "news.txt").unlink()
    with pytest.raises(CausewayError, match="There is no mail template"):
        templates.render("news", {})


def test_one_of_both_bodies_is_enough(tmp_path: Path) -> None:
    templates = write(
        tmp_path,
        plain_txt="{% extends 'mail-layout.txt' %}{% block content %}Hello{% endblock %}",
        pretty_html="{% set subject %}A & B{% endset %}<p>{{ x }}</p>",
    )
    plain = templates.render("plain", VALUES)
    assert plain.html is None
    assert plain.text is not None
    assert plain.text.startswith("Hello")
    pretty = templates.render("pretty", {"x": "<"})
    assert (pretty.subject, pretty.text, pretty.html) == ("A & B", None, "<p>&lt;</p>")


def test_values_are_escaped_in_html_and_only_there(tmp_path: Path) -> None:
    templates = write(
        tmp_path, note_html="<p>{{ x }}</p>", note_txt="{% set subject %}{{ x }}{% endset %}{{ x }}"
    )
    rendered = templates.render("note", {"x": "<img src=x onerror=\"a('b')\">"})
    assert rendered.html == "<p>&lt;img src=x onerror=&#34;a(&#39;b&#39;)&#34;&gt;</p>"
    assert rendered.text == rendered.subject == "<img src=x onerror=\"a('b')\">"


def test_a_subject_is_one_line(tmp_path: Path) -> None:
    templates = write(tmp_path, note_txt="{% set subject %}{{ x }}{% endset %}.")
    assert templates.render("note", {"x": "Hello\r\nBcc: eve@example.com\u2028!"}).subject == (
        "Hello Bcc: eve@example.com !"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ nme }}", "note.txt: 'nme' is undefined"),
        ("{% if %}", "note.txt: Expected an expression, got 'end of statement block' (line 1)"),
        ("{{ url + 1 }}", "note.txt: TypeError"),
        ("{{ 1 / 0 }}", "note.txt: ZeroDivisionError"),
        (
            "{{ ''.__class__.__mro__ }}",
            "note.txt: access to attribute '__class__' of 'str' object is unsafe.",
        ),
        ("{{ cycler.__init__.__globals__ }}", "note.txt: access to attribute '__init__'"),
        ("{% include '/etc/passwd' %}", "note.txt: /etc/passwd"),
        ("{% include '../note.txt' %}", "note.txt: ../note.txt"),
        ("{% extends 'note.txt' %}", "note.txt: RecursionError"),
    ],
)
def test_what_is_wrong_is_told_without_values(tmp_path: Path, text: str, told: str) -> None:
    templates = write(tmp_path, note_txt=text)
    with pytest.raises(TemplateProblem) as problem:
        templates.render("note", VALUES)
    assert str(problem.value).startswith(told)
    assert LINK not in str(problem.value)


def test_what_is_wrong_with_the_folder_is_told_at_the_start(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("x")
    folder = tmp_path / "templates"
    assert list(Templates(folder).problems()) == []
    folder.mkdir()
    templates = write(folder, good_txt="{{ anything }}", bad_html="{% block %}")
    (folder / "old.liquid").write_text("{{ url }}")
    (folder / "linked.txt").symlink_to(outside)
    (folder / "README.md").write_text("{% nothing %}")
    (folder / "latin.txt").write_bytes(b"\xe9")
    told = list(templates.problems())
    assert [line.partition(" ")[0].rstrip(":") for line in told] == [
        *("bad.html", "latin.txt", "linked.txt", "old.liquid")
    ]


def test_a_folder_that_cannot_be_looked_into_is_told_and_keeps_no_mail_back() -> None:
    templates = Templates(Path("x" * 300))
    assert templates.render("mail-test", VALUES).subject == "Test mail of Causeway"
    (told,) = templates.problems()
    assert told.startswith("files are not read: xxx")


def test_values_of_the_project_are_what_they_should_be() -> None:
    assert look_of({}, "/") == {
        "project_name": "Causeway",
        "project_color": "#6644FF",
        "project_logo": None,
        "project_url": None,
    }
    row = {
        "project_name": "My\nsite",
        "project_color": "red;background:url(https://evil.example)",
        "project_logo": "0f0f",
        "project_url": "javascript:alert(1)",
    }
    assert look_of(row, "https://cms.example.com/") == {
        "project_name": "My site",
        "project_color": "#6644FF",
        "project_logo": "https://cms.example.com/assets/0f0f",
        "project_url": "https://cms.example.com",
    }
    assert look_of({"project_color": "#0f0", "project_url": "https://a.example"}, "/") == {
        "project_name": "Causeway",
        "project_color": "#0f0",
        "project_logo": None,
        "project_url": "https://a.example",
    }
