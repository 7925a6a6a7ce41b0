"""Headless Chromium, driven over its own debugging protocol: one page, JavaScript in it, keys and pictures.

    async with open_page(tmp_path) as page:
        await page.open(f"{server.url}/graphql")
        await page.until("document.querySelector('.graphiql-container')")

Chromium comes from the system (`make system`); nothing is downloaded, and it speaks to this machine alone.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

#: seconds; pages take one or two, the machine may be busy with other tests
PATIENCE: Final = 60
_FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--remote-debugging-port=0", "--window-size=1400,900", "about:blank",
)  # fmt: skip
#: what the protocol says of a page that goes away meanwhile
_LEFT: Final = frozenset(
    {
        "Inspected target navigated or closed",
        "Cannot find context with specified id",
        "Execution context was destroyed.",
    }
)


def chromium() -> str | None:
    return next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)


class PageLeft(Exception):
    """The page was left while it was asked."""


class Page:
    """`problems`: what the page complained of, blocked loads among it; `requests`: addresses it asked for."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self.problems: list[str] = []
        self.requests: list[str] = []

    async def listen(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            waiting = self._answers.pop(message.get("id"), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
            self._notice(message.get("method"), message.get("params", {}))

    def _notice(self, method: str | None, told: Any) -> None:
        if method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(told["exceptionDetails"])[:400])
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.problems.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])

    async def send(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        message = await asyncio.wait_for(answer, PATIENCE)
        if message.get("error", {}).get("message") in _LEFT:
            raise PageLeft(method)
        assert "error" not in message, message
        return message["result"]

    async def open(self, url: str) -> None:
        await self.send("Page.navigate", url=url)

    async def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        result = await self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def until(self, condition: str) -> Any:
        """Waits for an expression to be true, and gives its value."""
        script = f"(() => {{ const v = ({condition}); return v instanceof Node ? true : v }})()"
        async with asyncio.timeout(PATIENCE):
            while True:
                # what is waited for may be the next page
                with suppress(PageLeft):
                    if value := await self.run(script):
                        return value
                await asyncio.sleep(0.05)

    async def click(self, selector: str) -> None:
        await self.until(f"document.querySelector({json.dumps(selector)})")
        await self.run(f"document.querySelector({json.dumps(selector)}).click()")

    async def paste(self, selector: str, text: str) -> None:
        """In place of all that an editor holds. (Typed brackets would be closed by the editor.)"""
        await self.until(f"document.querySelector({json.dumps(selector)})")
        await self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        await self.press("a", 65, modifiers=2)
        await self.run(
            f"(() => {{ const data = new DataTransfer(); data.setData('text/plain', {json.dumps(text)});"
            " document.activeElement.dispatchEvent("
            "new ClipboardEvent('paste', {clipboardData: data, bubbles: true})); })()"
        )

    async def press(self, key: str, code: int, modifiers: int = 0) -> None:
        """`modifiers`: 2 is Ctrl."""
        for kind in ("rawKeyDown", "keyUp"):
            await self.send(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, modifiers=modifiers
            )

    async def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode((await self.send("Page.captureScreenshot"))["data"]))


@asynccontextmanager
async def open_page(directory: Path) -> AsyncIterator[Page]:
    """`directory`: an empty one, for the profile."""
    binary = chromium()
    assert binary is not None
    process = subprocess.Popen(
        [binary, f"--user-data-dir={directory}", *_FLAGS],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = await _address(directory / "DevToolsActivePort", process)
        async with connect(address, max_size=None) as socket:
            page = Page(socket)
            listening = asyncio.create_task(page.listen())
            for domain in ("Page", "Runtime", "Log", "Network"):
                await page.send(f"{domain}.enable")
            try:
                yield page
            finally:
                listening.cancel()
    finally:
        process.terminate()
        process.wait(20)


async def _address(file: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the debugging protocol of the first page is spoken."""
    async with asyncio.timeout(PATIENCE):
        while not file.is_file() or not file.read_text().strip():
            assert process.poll() is None, "Chromium ended at its start"
            await asyncio.sleep(0.05)
        port = file.read_text().split()[0]
        while True:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as reply:
                pages = [target for target in json.loads(reply.read()) if target["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
            await asyncio.sleep(0.05)
