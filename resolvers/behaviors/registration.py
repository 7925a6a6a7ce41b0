"""Users who come by themselves, where the settings let them.

    await registration.register(Applicant(email="ada@example.com", password="...", ...), context)
    await registration.verify("eyJ...", context)      -> id of the user, who may log in from now on

Of the settings: `public_registration` (whether at all), `public_registration_email_filter` (a filter on
{email}), `public_registration_role`, `public_registration_verify_email` (then the status is "unverified"
until the link of a mail is followed). Known and unknown addresses get the same answer after the same work,
never before `stall`. Who registers again before the link was followed is taken at the new word, and the
links of before are void: nobody's link confirms a password that somebody else chose.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from resolvers.behaviors.addressees import NOBODY, Addressee, Addressees
from resolvers.behaviors.credentials import is_mail_address
from resolvers.behaviors.inner import Execute, as_server, inner
from resolvers.behaviors.letters import Letters
from resolvers.behaviors.redeeming import Redeeming, Terms
from resolvers.behaviors.stalling import at_least
from resolvers.context import RequestContext
from resolvers.permissions import Grant
from resolvers.secrets import Hasher
from resolvers.sql.access import json_text
from resolvers.throttle import Throttle
from resolvers.writing.current import Current
from resolvers.writing.hashing import Hashed
from resolvers.writing.validation import Validator
from schema_gen.database import Database
from schema_gen.errors import CausewayError, forbidden, invalid_payload
from schema_gen.model import SchemaSnapshot

_UNVERIFIED: Final = "unverified"
_COLUMNS: Final = tuple(
    f"public_registration{suffix}" for suffix in ("", "_verify_email", "_role", "_email_filter")
)
_SETTINGS: Final = f"select {', '.join(_COLUMNS)} from directus_settings limit 1"
_LISTS: Final = frozenset({"_and", "_or"})
_CREATE: Final = "mutation ($payload: JSON!) { data: create_users_item(payload: $payload) }"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """What somebody may say of himself, and nothing else. `url`: where the link of the mail leads."""

    email: str
    password: str
    first_name: str | None = None
    last_name: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationSettings:
    """`email_filter`: what an address has to meet; None: any."""

    open: bool = False
    verify: bool = True
    role: str | None = None
    email_filter: Any = None


def _may(addressee: Addressee) -> bool:
    return addressee.status == _UNVERIFIED and addressee.local


def _used_up() -> CausewayError:
    return invalid_payload("Invalid verification code")


_TERMS: Final = Terms(may=_may, refusal=_used_up)
_AGAIN: Final = Terms(may=_may, refusal=forbidden)


class Registration:
    """One for each project. `execute`: the engine's door."""

    def __init__(
        self,
        database: Database,
        snapshot: Callable[[], SchemaSnapshot],
        addressees: Addressees,
        letters: Letters,
        redeeming: Redeeming,
        execute: Execute,
        hasher: Hasher,
        throttle: Throttle,
        stall: timedelta,
    ) -> None:
        self._database = database
        self._snapshot = snapshot
        self._addressees = addressees
        self._letters = letters
        self._redeeming = redeeming
        self._execute = execute
        self._hasher = hasher
        self._throttle = throttle
        self._stall = stall.total_seconds()

    async def register(self, applicant: Applicant, context: RequestContext) -> None:
        """Raises FORBIDDEN where registration is closed, or not for this address; INVALID_PAYLOAD for an
        address that is none, or a link that is not allowed; FAILED_VALIDATION for a password that the policy
        refuses; REQUESTS_EXCEEDED.
        """
        if not is_mail_address(applicant.email):
            raise invalid_payload('"email" must be a valid email')
        await self._throttle.take("registration", context.ip or "")
        settings = await self._settings()
        if not settings.open:
            raise forbidden()
        async with at_least(self._stall):
            if not self._welcome(applicant.email.lower(), settings, context):
                raise forbidden()
            destination = self._letters.destination("pending-registration", applicant.url)
            password = Hashed(await self._hasher.hash(applicant.password), applicant.password)
            await self._enter(applicant, password, settings, context)
            if settings.verify:
                await self._write_to(applicant.email, password, destination, context)

    async def verify(self, token: str, context: RequestContext) -> str:
        """The id of the user. Raises INVALID_TOKEN, TOKEN_EXPIRED, INVALID_PAYLOAD (the link is used up)."""
        ticket = self._letters.tickets.read("pending-registration", token)
        await self._redeeming.redeem(ticket, _TERMS, {"status": "active"}, context)
        return ticket.user

    async def _enter(
        self,
        applicant: Applicant,
        password: Hashed,
        settings: RegistrationSettings,
        context: RequestContext,
    ) -> None:
        """A new row is tried for everybody: what it is refused for, and what that takes, is the same for
        addresses that are known. Of those, the ones that are not confirmed yet are changed.
        """
        known = await self._addressees.all_by_email(applicant.email)
        own = {
            "password": password,
            "first_name": applicant.first_name,
            "last_name": applicant.last_name,
        }
        row = {
            **own,
            "email": known[0].email if known else applicant.email.lower(),
            "role": settings.role,
            "status": _UNVERIFIED if settings.verify else "active",
        }
        try:
            await inner(self._execute, _CREATE, "system", {"payload": row}, as_server(context))
        except CausewayError as error:
            if error.code != "RECORD_NOT_UNIQUE":
                raise
            if settings.verify:
                # nobody is known where somebody else was a moment sooner
                found = known or await self._addressees.all_by_email(applicant.email)
                await self._say_anew(found, own, context)

    async def _say_anew(
        self, known: Sequence[Addressee], own: Mapping[str, Any], context: RequestContext
    ) -> None:
        if len(known) != 1 or not _may(known[0]):
            return
        try:
            await self._redeeming.change(known[0].id, _AGAIN, own, context)
        except CausewayError as error:
            # confirmed meanwhile: nobody but the owner changes anything from then on
            if error.code != "FORBIDDEN":
                raise

    async def _write_to(
        self, email: str, password: Hashed, destination: str, context: RequestContext
    ) -> None:
        """Only to who is stored with this very password: every link confirms the word that it answers to."""
        found = await self._addressees.by_email(email)
        own = found is not None and _may(found) and found.password == password
        addressee = found if found is not None and own else NOBODY
        letter = self._letters.write("pending-registration", addressee, destination, context.now)
        if own:
            self._letters.send(letter)

    async def _settings(self) -> RegistrationSettings:
        """Closed where the database has no such settings."""
        table = self._snapshot().collections.get("directus_settings")
        if table is None or any(name not in table.fields for name in _COLUMNS):
            return RegistrationSettings()
        rows = await self._database.fetch(_SETTINGS)
        if not rows:
            return RegistrationSettings()
        open_, verify, role, email_filter = rows[0]
        return RegistrationSettings(
            open=bool(open_),
            verify=bool(verify),
            role=None if role is None else str(role),
            email_filter=_read_filter(json_text(email_filter)),
        )

    def _welcome(self, email: str, settings: RegistrationSettings, context: RequestContext) -> bool:
        """Whether the address meets the filter. What is no filter is met by nobody."""
        wanted, snapshot = settings.email_filter, self._snapshot()
        if wanted in (None, {}, []):
            return True
        if not _is_filter(wanted):
            return False
        validator = Validator.of(snapshot.collections["directus_users"], "update", snapshot)
        grant = Grant(fields=None, validation=wanted)
        return not validator.refusals({"email": email}, Current(context=context), [grant])


def _read_filter(text: str | None) -> Any:
    """As it is stored: what is no JSON is no filter either."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _is_filter(rule: object) -> bool:
    """Whether it has the form of one, all the way down: what has not might be met by anybody."""
    if not isinstance(rule, Mapping):
        return False
    for name, value in rule.items():
        if name in _LISTS:
            if not isinstance(value, list) or not all(_is_filter(part) for part in value):
                return False
        elif not isinstance(value, Mapping):
            return False
    return True
