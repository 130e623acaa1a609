"""An engine that answers at a Unix socket as it is told to: Docker's and Podman's API, and every way to break off."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

Answer = bytes | Callable[[socket.socket], None]
"""The whole of an answer, or what sends it."""


def http(body: bytes, status: str = "200 OK", length: int | None = None) -> bytes:
    """An answer with a length, the body's unless another is given."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


def chunked(body: bytes, *, end: bool = True) -> bytes:
    """An answer in chunks, as engines send images; without its end it is cut off."""
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(body[at : at + 1000]), body[at : at + 1000]) for at in range(0, len(body), 1000))
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + (b"0\r\n\r\n" if end else b"")


def endless(connection: socket.socket) -> None:
    """Zeros without an end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(bytes(1 << 16))


def silent_until_left(connection: socket.socket) -> None:
    """Nothing, until the other side has had enough."""
    connection.recv(1)


NOT_FOUND = http(b'{"message":"No such image"}', "404 Not Found")


@contextmanager
def fake_engine(path: Path, answers: Mapping[str, Answer]) -> Iterator[list[str]]:
    """Answers requests by their path, `NOT_FOUND` where none is given; the paths that were asked for."""
    asked: list[str] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                request = unquote(connection.recv(1 << 16).split(b" ")[1].decode())
                asked.append(request)
                answer = answers.get(request, NOT_FOUND)
                try:
                    connection.sendall(answer) if isinstance(answer, bytes) else answer(connection)
                except OSError:
                    continue  # the other side went away

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield asked
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
