from __future__ import annotations

import gc

from resolvers.collector import Collector


def test_it_rests_until_the_last_one_is_done() -> None:
    collector = Collector()
    assert gc.isenabled()
    first, second = collector.resting(), collector.resting()
    first.__enter__()
    second.__enter__()
    assert not gc.isenabled()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_one_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with Collector().resting():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
