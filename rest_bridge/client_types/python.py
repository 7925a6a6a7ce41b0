"""Models -> Python: TypedDicts of what is read, of new items and of changes; nothing but `typing` is needed.

    class Articles(TypedDict):
        id: int
        status: Literal["draft", "published"]
        author: "int | Authors | None"             the key, or the item
        comments: "list[int] | list[Comments]"

    class ArticlesCreate(TypedDict):
        title: str
        author: NotRequired["int | AuthorsCreate | AuthorsUpdate | None"]

    class ArticlesUpdate(TypedDict, total=False):
        title: str

Names that Python cannot spell as attributes stand in the functional form: `TypedDict("Odd", {"a b": int})`.
"""

from __future__ import annotations

import json
import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rest_bridge.client_types.models import Member, Model, Value, models
from schema_gen.model import SchemaSnapshot

_HEAD: Final = '''"""Written by `causeway types --lang python`: do not edit, write it anew."""

from typing import Any, Literal, NotRequired, TypedDict
'''
_VALUES: Final[Mapping[Value, str]] = {
    "string": "str",
    "integer": "int",
    "longInteger": "int | str",
    "number": "float",
    "longNumber": "float | str",
    "boolean": "bool",
    "moment": "str",
    "strings": "list[str]",
    "json": "Any",
    "geometry": "dict[str, Any]",
}
_TYPES: Final = frozenset({"bool", "dict", "float", "int", "list", "str"})
_RESERVED: Final = frozenset({"Any", "Literal", "NotRequired", "TypedDict", "None", "True", "False"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """What the types of a collection are called; `written`: what may be sent for an item inside another."""

    read: str
    create: str
    update: str
    written: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """`type` as it is written; `forward`: it names other models, which may come later; `optional`: it need
    not be there.
    """

    name: str
    type: str
    forward: bool = False
    optional: bool = False
    note: str | None = None


def python(snapshot: SchemaSnapshot, wanted: Sequence[str] = ()) -> str:
    """Raises INVALID_PAYLOAD for a collection that is not there."""
    found = models(snapshot, wanted, _RESERVED, whole=True)
    names = _named(found)
    parts = [_HEAD]
    for model in found:
        own = names[model.collection]
        written = [member for member in model.members if member.written]
        parts.append(_class(own.read, [_read(member, names) for member in model.members], model.note))
        if model.written:
            parts.append(_class(own.create, [_new(member, names) for member in written]))
            parts.append(_class(own.update, [_changed(member, names) for member in written], total=False))
    return "\n\n".join(parts)


def _named(found: Sequence[Model]) -> Mapping[str, _Names]:
    taken = {model.name for model in found}.union(_RESERVED)

    def free(name: str) -> str:
        while name in taken:
            name += "_"
        taken.add(name)
        return name

    named: dict[str, _Names] = {}
    for model in found:
        create, update = free(f"{model.name}Create"), free(f"{model.name}Update")
        written = (create, update) if model.written else ()
        named[model.collection] = _Names(read=model.name, create=create, update=update, written=written)
    return named


# --- members ------------------------------------------------------------------------------------------------


def _read(member: Member, names: Mapping[str, _Names]) -> _Entry:
    related = [names[target].read for target in member.targets if target in names]
    if member.many:
        forms = [f"list[{form}]" for form in (_value(member), *related)]
    else:
        forms = [_value(member), *related, *(["None"] if member.nullable else [])]
    return _Entry(name=member.field, type=_union(forms), forward=bool(related), note=member.note)


def _new(member: Member, names: Mapping[str, _Names]) -> _Entry:
    return replace(_changed(member, names), optional=not member.needed)


def _changed(member: Member, names: Mapping[str, _Names]) -> _Entry:
    related = [name for target in member.targets if target in names for name in names[target].written]
    forms = [_value(member), *related]
    if member.many:
        # the other form has steps: create, update, delete
        forms = [f"list[{_union(forms)}]", "dict[str, Any]"]
    elif member.nullable:
        forms.append("None")
    return _Entry(name=member.field, type=_union(forms), forward=bool(related))


def _value(member: Member) -> str:
    if member.choices:
        return f"Literal[{', '.join(_literal(choice) for choice in member.choices)}]"
    return _VALUES[member.value]


def _literal(choice: object) -> str:
    return _text(choice) if isinstance(choice, str) else repr(choice)


def _text(text: str) -> str:
    """As a string of Python: what JSON writes is one."""
    return json.dumps(text, ensure_ascii=False)


def _union(forms: Sequence[str]) -> str:
    """Everything is Any where one of the forms is."""
    return "Any" if "Any" in forms else " | ".join(dict.fromkeys(forms))


# --- classes ------------------------------------------------------------------------------------------------


def _class(name: str, entries: Sequence[_Entry], note: str | None = None, *, total: bool = True) -> str:
    if all(_is_attribute(entry.name) for entry in entries):
        return _as_class(name, entries, note, total=total)
    lines = [*_comment(note, ""), f"{name} = TypedDict(", f"    {_text(name)},", "    {"]
    for entry in entries:
        lines += _comment(entry.note, "        ")
        lines.append(f"        {_text(entry.name)}: {_annotation(entry)},")
    lines += ["    },", *([] if total else ["    total=False,"]), ")\n"]
    return "\n".join(lines)


def _as_class(name: str, entries: Sequence[_Entry], note: str | None, *, total: bool) -> str:
    base = "TypedDict" if total else "TypedDict, total=False"
    lines = [*_comment(note, ""), f"class {name}({base}):"]
    for entry in entries:
        lines += _comment(entry.note, "    ")
        lines.append(f"    {entry.name}: {_annotation(entry)}")
    return "\n".join([*lines, *([] if entries else ["    pass"]), ""])


def _annotation(entry: _Entry) -> str:
    type_ = _quoted(entry.type) if entry.forward else entry.type
    return f"NotRequired[{type_}]" if entry.optional else type_


def _quoted(text: str) -> str:
    return repr(text) if '"' in text else f'"{text}"'


def _is_attribute(name: str) -> bool:
    """Names with two underscores in front are changed inside a class, and those of types would hide them
    there; the name of a model has a capital.
    """
    known = keyword.iskeyword(name) or name in _TYPES or name.startswith("__")
    return name.isidentifier() and not known and not name.lstrip("_")[:1].isupper()


def _comment(note: str | None, indent: str) -> list[str]:
    return [f"{indent}# {note}"] if note else []
