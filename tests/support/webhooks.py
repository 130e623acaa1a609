"""A webhook that misbehaves as it is told, and remembers what it took.

    with FakeWebhook() as webhook:
        webhook.answers = [503, Answer(429, {"Retry-After": "1"}), SILENCE]

Each answer is for one request; after the last of them every message is taken (204), or answered by `otherwise`.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Answer:
    """A status with headers."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


SILENCE = Answer(0)
"""The message is read, and nothing is answered until the server ends."""
DRIP = Answer(-1)
"""A status line of which a byte comes every now and then, without end."""
CUT = Answer(-2)
"""The message is read and taken, and the connection ends without a word."""


@dataclass(frozen=True)
class Message:
    """What came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def changes(self) -> list[int]:
        """The numbers of the changes in it."""
        return [int(change["change_id"], 16) for change in json.loads(self.body)["changes"]]


class FakeWebhook:
    """Listens on loopback."""

    def __init__(self) -> None:
        self.answers: list[Answer | int] = []
        self.otherwise: Answer | int = 204
        self.came: list[Message] = []
        self.taken: list[Message] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.webhook = self
        self.url = f"http://127.0.0.1:{self._server.server_port}/in/a-secret-path"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def receive(self, message: Message) -> Answer:
        """Remembers it, and says what to answer."""
        with self._lock:
            answer = self.answers.pop(0) if self.answers else self.otherwise
            answer = Answer(answer) if isinstance(answer, int) else answer
            self.came.append(message)
            if 200 <= answer.status < 300 or answer == CUT:
                self.taken.append(message)
        return answer

    def changes(self) -> list[int]:
        """The numbers of all changes that were taken, in order."""
        return [number for message in self.taken for number in message.changes]


class _Server(ThreadingHTTPServer):
    webhook: FakeWebhook
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of the test."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, *arguments: Any) -> None:
        pass

    def do_POST(self) -> None:
        webhook = self.server.webhook
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = webhook.receive(Message(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        if answer == SILENCE:
            webhook.closing.wait()
        elif answer == DRIP:
            for byte in b"HTTP/1.1 200 " + b"a" * 10_000:
                self.wfile.write(bytes([byte]))
                if webhook.closing.wait(0.02):
                    return
        elif answer != CUT:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()


def numbers(messages: Sequence[Message]) -> list[list[int]]:
    """The changes of each message."""
    return [message.changes for message in messages]
