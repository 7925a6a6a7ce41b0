"""Fetching from addresses that somebody names: the one way out of this server over HTTP.

    text ─ addresses.read_url ─> URL ─ wire.GuardedBackend (names, reach) ─> connection ─ client ─> bytes

Nothing else in the project opens outgoing HTTP connections (tests/security/test_import.py holds it), so that
what may be reached is decided once, in `reach`, for everything that ever goes out.
"""
