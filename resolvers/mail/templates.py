"""Templates of mails: a name and values in, subject and bodies out.

    templates.render("password-reset", {"url": "https://...", "project_name": "Causeway", ...})
      -> Rendered(subject="Reset your password ...", text="...", html="<!doctype html>...")

A template is `NAME.txt`, `NAME.html`, or both. The folder of the project comes first, file by file, then the
templates that come along. Files are looked up under plain names only, by whomever they are named (a caller,
or an `extends` in another template), and a link that leads out of the folder is not followed.

They are written in Jinja's language: sandboxed, with values escaped in HTML, and a value that is not there
is an error instead of a hole. The subject is what a template sets under that name:

    {% set subject %}Reset your password for {{ project_name }}{% endset %}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from resolvers.mail.addresses import one_line
from schema_gen.errors import invalid_payload

BUILT_IN: Final = Path(__file__).parent / "templates"
_NAME: Final = re.compile(r"[a-z0-9-]{1,100}")
_FILE: Final = re.compile(r"[a-z0-9-]{1,100}\.(?:txt|html)")
#: how Python refuses what a template does with its values (adding a text to a number, say)
_REFUSALS: Final = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """`subject` None: the template sets none. One of `text` and `html` is there."""

    subject: str | None
    text: str | None
    html: str | None


class TemplateProblem(Exception):
    """A template cannot be rendered. The text names the template and what is wrong, and holds no value."""


class Templates:
    """`folder`: of the project; it need not exist. Its files may change at any time."""

    def __init__(self, folder: Path | None) -> None:
        self._folders = (*((folder,) if folder is not None else ()), BUILT_IN)
        self._environment: Environment = ImmutableSandboxedEnvironment(
            loader=_Files(self._folders),
            autoescape=lambda name: name is not None and name.endswith(".html"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def require(self, name: str) -> None:
        """Raises INVALID_PAYLOAD where there is no such template (GHSA-5h38-6755-g83w)."""
        if _NAME.fullmatch(name) is None or not any(self._files(name)):
            raise invalid_payload(f'There is no mail template "{one_line(name)[:64]}"')

    def render(self, name: str, data: Mapping[str, Any]) -> Rendered:
        """Raises INVALID_PAYLOAD and TemplateProblem."""
        self.require(name)
        subject: str | None = None
        bodies: dict[str, str] = {}
        for file in self._files(name):
            values = {**data, "subject": subject or ""}
            body, own = self._render(file, values)
            bodies[file.rpartition(".")[2]] = body
            subject = subject or own
        return Rendered(subject=subject, text=bodies.get("txt"), html=bodies.get("html"))

    def problems(self) -> Iterator[str]:
        """What is wrong with the project's own templates, as far as it shows before values are there."""
        folder, *_ = self._folders
        try:
            files = sorted(folder.iterdir()) if folder != BUILT_IN else []
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            yield f"files are not read: {folder}: {error.strerror}"
            return
        for path in files:
            if path.suffix == ".liquid":
                yield f"{path.name} is not read: templates are written in Jinja, in .html and .txt files"
            elif _FILE.fullmatch(path.name) is not None:
                if find((folder,), path.name) is None:
                    yield f"{path.name} is not read: it is no file of this folder"
                    continue
                try:
                    self._environment.get_template(path.name)
                except TemplateError as error:
                    yield f"{path.name}: {_told(error)}"

    def _files(self, name: str) -> list[str]:
        """The text first: it is where the subject stands as it is."""
        files = (f"{name}.txt", f"{name}.html")
        return [file for file in files if find(self._folders, file) is not None]

    def _render(self, file: str, values: Mapping[str, Any]) -> tuple[str, str | None]:
        try:
            module = self._environment.get_template(file).make_module(dict(values))
        except TemplateError as error:
            raise TemplateProblem(f"{file}: {_told(error)}") from None
        except _REFUSALS as error:
            raise TemplateProblem(f"{file}: {type(error).__name__}") from None
        subject = getattr(module, "subject", None)
        if subject is None:
            return str(module), None
        plain = subject.unescape() if isinstance(subject, Markup) else str(subject)
        return str(module), one_line(plain) or None


def find(folders: tuple[Path, ...], file: str) -> Path | None:
    """The first file of that name, in a folder and not only linked from it."""
    if _FILE.fullmatch(file) is None:
        return None
    return next((path for folder in folders if _lies_in(path := folder / file, folder)), None)


def _lies_in(path: Path, folder: Path) -> bool:
    try:
        return path.is_file() and path.resolve().is_relative_to(folder.resolve())
    except OSError:
        # a folder that may not be looked into has nothing for us
        return False


class _Files(BaseLoader):
    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        stamp = self._stamp(template)
        if stamp is None:
            raise TemplateNotFound(template)
        path = stamp[0]
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TemplateError(f"cannot be read ({type(error).__name__})") from error
        return text, path.name, lambda: self._stamp(template) == stamp

    def _stamp(self, template: str) -> tuple[Path, int, int] | None:
        path = find(self._folders, template)
        if path is None:
            return None
        try:
            state = path.stat()
        except OSError:
            # it went at this moment
            return None
        return path, state.st_mtime_ns, state.st_size


def _told(error: TemplateError) -> str:
    line = getattr(error, "lineno", None)
    where = f" (line {line})" if line is not None else ""
    return one_line(f"{error.message or type(error).__name__}{where}")[:200]
