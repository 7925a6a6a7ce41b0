from __future__ import annotations

from tests.support.s3 import S3Server


def test_each_bucket_is_the_tests_own(s3: S3Server) -> None:
    one, other = s3.fresh_bucket(), s3.fresh_bucket()

    s3.ask("PUT", f"{one}/a.txt", b"a")

    assert s3.keys(one) == ["a.txt"]
    assert s3.keys(other) == []
    assert s3.unfinished(one) == []
