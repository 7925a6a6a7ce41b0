"""Files from addresses: fetched, stored, and then rows like any other (`import_file`, POST /files/import).

    import_file(url: "https://media.example.com/a%20cat.jpg", data: {title: "Cat"})
        ─ fetch ─> bytes ─ intake ─> stored as "<id>.jpg" ─> the row, under the rules of the caller

Whatever keeps a file from being fetched is told in the same words: an address that may not be reached, one
where nobody answers and one that answers something else look alike, so that nothing is learned of what is
inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.fetching.addresses import last_part
from gateway.fetching.client import Fetched, Fetcher
from gateway.fetching.failures import FetchFailed, FetchTooLarge
from gateway.uploads.intake import Incoming, Intake, Taken, facts_of_new
from resolvers.calls import Brought
from resolvers.context import RequestContext
from schema_gen.errors import content_too_large, service_unavailable

_OK: Final = 200
#: what is called by nothing but its host
_NAMELESS: Final = "download"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Imported:
    intake: Intake
    taken: Taken
    facts: Mapping[str, Any]

    async def discard(self) -> None:
        await self.intake.discard(self.taken)


class Imports:
    """One for each project."""

    def __init__(self, fetcher: Fetcher, intake: Intake) -> None:
        self._fetcher = fetcher
        self._intake = intake

    async def bring(
        self, arguments: Mapping[str, Any], payload: Mapping[str, Any], context: RequestContext
    ) -> Brought:
        """Raises SERVICE_UNAVAILABLE, CONTENT_TOO_LARGE, INVALID_PAYLOAD; nothing stays then."""
        url = arguments["url"]
        # before anything is fetched
        self._intake.location(payload.get("storage"))
        try:
            async with self._fetcher.fetch(url) as fetched:
                taken = await self._stored(fetched, payload)
        except FetchTooLarge as error:
            raise content_too_large() from error
        except FetchFailed as error:
            reason = f'Couldn\'t fetch file from URL "{url}"'
            raise service_unavailable("external-file", reason) from error
        return _Imported(intake=self._intake, taken=taken, facts=facts_of_new(taken, payload))

    async def _stored(self, fetched: Fetched, payload: Mapping[str, Any]) -> Taken:
        if fetched.status != _OK:
            raise FetchFailed(f"the answer is {fetched.status}")
        incoming = Incoming(
            filename=last_part(fetched.url) or _NAMELESS,
            type=fetched.headers.get("content-type"),
            chunks=fetched.chunks,
        )
        return await self._intake.take(incoming, location=payload.get("storage"))
