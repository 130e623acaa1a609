"""Chromium without a window, spoken to in its own protocol over two pipes (https://chromedevtools.github.io/devtools-protocol/).

Debian has it as `chromium-headless-shell`, or whole as `chromium`; no driver and no port is needed.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium-headless-shell", "chromium", "chrome", "google-chrome")


class Page:
    """A page that is open, and all that it logged or asked the network for."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = commands
        self._answers = answers
        self._number = 0
        self._session: str | None = None
        self._rest = b""
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command's result; what happens meanwhile is kept in `events`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def wait_for(self, event: str) -> None:
        """Until the event has happened."""
        while not any(one.get("method") == event for one in self.events):
            self.events.append(self._next())

    def attach(self, target: str) -> None:
        """Speaks to that page from now on."""
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = os.read(self._answers, 1 << 20)
            assert read, "the browser ended"
            self._rest += read
        message, _, self._rest = self._rest.partition(b"\0")
        decoded: dict[str, Any] = json.loads(message)
        return decoded

    def open(self, url: str) -> None:
        """Loads an address, and waits until it is loaded."""
        self.events = [event for event in self.events if event.get("method") != "Page.loadEventFired"]
        self.call("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page, by the debugger's right: the page's own policy does not bind it."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def screenshot(self, path: Path, **options: Any) -> None:
        """A PNG of what is in view."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", **options)["data"]))

    @property
    def requests(self) -> list[str]:
        """Addresses that the page asked for."""
        return [event["params"]["request"]["url"] for event in self.events if event.get("method") == "Network.requestWillBeSent"]

    @property
    def complaints(self) -> list[str]:
        """Errors and violations of its policy, as the console has them."""
        logged = [event["params"]["entry"]["text"] for event in self.events if event.get("method") == "Log.entryAdded"]
        thrown = [str(event["params"]) for event in self.events if event.get("method") == "Runtime.exceptionThrown"]
        return logged + thrown


def browser() -> str:
    """The program; the test is skipped where there is none."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        pytest.skip("no Chromium here: apt-get install chromium-headless-shell")
    return found


@contextmanager
def opened(url: str, width: int = 1280, height: int = 900) -> Iterator[Page]:
    """A page of a browser of its own, loaded."""
    program = browser()
    commands_in, commands_out = os.pipe()
    answers_in, answers_out = os.pipe()
    with tempfile.TemporaryDirectory() as profile:
        command = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND",
            "--remote-debugging-pipe", f"--user-data-dir={profile}", f"--window-size={width},{height}",
        ]  # fmt: skip
        # The protocol is spoken on descriptors 3 and 4; dash knows none above 9.
        shell = ["bash", "-c", f'exec "$@" 3<&{commands_in} 4>&{answers_out}', "bash", *command]
        process = subprocess.Popen(shell, pass_fds=(commands_in, answers_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands_in)
        os.close(answers_out)
        page = Page(commands_out, answers_in)
        try:
            page.attach(page.call("Target.createTarget", url="about:blank")["targetId"])
            for domain in ("Page", "Runtime", "Log", "Network"):
                page.call(f"{domain}.enable")
            page.open(url)
            yield page
        finally:
            os.close(commands_out)  # the browser ends when nobody speaks to it
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
            os.close(answers_in)
