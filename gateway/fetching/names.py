"""What a name stands for, asked of the system's resolver.

    await names("example.com", 443)   ->  ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", "93.184.215.14")
    await names("127.1", 80)          ->  ("127.0.0.1",)

In threads of their own: a resolver that does not answer keeps them waiting, and nothing else.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

#: host, port -> every address of it
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
_THREADS: Final = 8


class Names:
    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="names")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Raises OSError, and ValueError for what cannot be a name."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _look_up, host, port)
        return tuple(dict.fromkeys(found))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
