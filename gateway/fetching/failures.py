"""Why nothing was fetched.

FetchFailed          what the log is told; callers are told one and the same thing of all of them
  FetchRefused       the address may not be reached; no connection was made
  FetchTooLarge      there is more than may be taken
"""

from __future__ import annotations


class FetchFailed(Exception):
    """The text is for the log: it may tell what is there inside, which callers are not told."""


class FetchRefused(FetchFailed):
    pass


class FetchTooLarge(FetchFailed):
    pass
