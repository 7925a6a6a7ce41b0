"""Files from addresses: fetched, stored, and then rows like any other (`import_file`, POST /files/import).

    import_file(url: "https://media.example.com/a%20cat.jpg", data: {title: "Cat"})
        ─ fetch ─> bytes ─ intake ─> stored as "<id>.jpg" ─> the row, under the rules of the caller

Whatever keeps a file from being fetched is told in the same words: an address that may not be reached, one
where nobody answers and one that answers something else look alike, so that nothing is learned of what is
inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.fetching.addresses import last_part
from gateway.fetching.client import Fetched, Fetcher
from gateway.fetching.failures import FetchFailed, FetchTooLarge
from gateway.uploads.desk import FileDesk
from gateway.uploads.intake import Incoming, Taken
from resolvers.calls import Brought
from resolvers.context import RequestContext
from schema_gen.errors import content_too_large, service_unavailable

_OK: Final = 200
#: what is called by nothing but its host
_NAMELESS: Final = "download"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Imported:
    desk: FileDesk
    taken: Taken
    facts: Mapping[str, Any]

    async def discard(self) -> None:
        await _settle(self.desk, [self.taken])


class Imports:
    """One for each project."""

    def __init__(self, fetcher: Fetcher, desk: FileDesk) -> None:
        self._fetcher = fetcher
        self._desk = desk

    async def bring(
        self, arguments: Mapping[str, Any], payload: Mapping[str, Any], context: RequestContext
    ) -> Brought:
        """Raises SERVICE_UNAVAILABLE, CONTENT_TOO_LARGE, INVALID_PAYLOAD; nothing stays then."""
        url = arguments["url"]
        # a place that there is not keeps everything from being fetched
        self._desk.intake.location(payload.get("storage"))
        taken: list[Taken] = []
        try:
            async with self._fetcher.fetch(url) as fetched:
                taken.append(await self._stored(fetched, payload))
            facts = await self._desk.new_facts(taken[0], payload, context)
        except FetchTooLarge as error:
            raise content_too_large() from error
        except FetchFailed as error:
            reason = f'Couldn\'t fetch file from URL "{url}"'
            raise service_unavailable("external-file", reason) from error
        except BaseException:
            # also where the caller goes while the connection is closed
            await _settle(self._desk, taken)
            raise
        return _Imported(desk=self._desk, taken=taken[0], facts=facts)

    async def _stored(self, fetched: Fetched, payload: Mapping[str, Any]) -> Taken:
        if fetched.status != _OK:
            raise FetchFailed(f"the answer is {fetched.status}")
        incoming = Incoming(
            filename=last_part(fetched.url) or _NAMELESS,
            type=fetched.headers.get("content-type"),
            chunks=fetched.chunks,
        )
        return await self._desk.intake.take(incoming, location=payload.get("storage"))


async def _settle(desk: FileDesk, taken: Sequence[Taken]) -> None:
    """Bytes that no row stands for go, also where the caller is cancelled meanwhile."""
    await desk.finishing(desk.settle(taken))
