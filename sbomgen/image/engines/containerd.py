"""Has containerd's own client export an image: containerd's API is gRPC, and its storage a database of its own."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, cast

from msgspec import structs

from sbomgen.errors import NetworkError
from sbomgen.image.blobs import spooled_blobs
from sbomgen.image.index import ALL_PLATFORMS
from sbomgen.image.registry.names import parse_name
from sbomgen.image.remote import NotHereError, OpenOptions, RemoteName
from sbomgen.image.source import StoredImages
from sbomgen.image.sources.oci_layout import OciLayout

CLIENTS = ("ctr", "nerdctl")
"""The first that is installed is called. Address and namespace are taken from `CONTAINERD_ADDRESS` and `CONTAINERD_NAMESPACE` by both."""

MAX_COMPLAINT_BYTES = 2000
"""Of what the client says on stderr."""

_NAMESPACED = re.compile(r"(?P<namespace>[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*)@(?!sha(?:256|512):)(?P<name>.+)")


@contextmanager
def open_containerd(name: RemoteName, options: OpenOptions) -> Iterator[StoredImages]:
    """The image that containerd has under a name, `[NAMESPACE@]NAME`; a short name is Docker Hub's.

    Raises `NotHereError` where no client is installed, or containerd does not have the image; `NetworkError` where it cannot be reached.
    """
    client = next(filter(None, map(shutil.which, CLIENTS)), None)
    if client is None:
        raise NotHereError(f"{name.source}: neither {' nor '.join(CLIENTS)} is installed: containerd is asked by these programs")
    match = _NAMESPACED.fullmatch(name.name)
    namespace, image = (match["namespace"], match["name"]) if match else (None, name.name)
    command = _export(client, namespace, str(parse_name(image)), options.platform)
    where = f"{name.source}: containerd by {' '.join(command)}"
    options.say(where)
    with ExitStack() as stack:
        with _output(command, where) as output:
            blobs = stack.enter_context(spooled_blobs(output, where))
        images = OciLayout().read(blobs, name.source)
        images.index = structs.replace(images.index, form="containerd")
        yield images


def _export(client: str, namespace: str | None, image: str, platform: str | None) -> list[str]:
    """The command that writes an image, of one platform or all, to stdout."""
    chosen = ["--namespace", namespace] if namespace else []
    of_platform = ["--all-platforms"] if platform == ALL_PLATFORMS else ["--platform", platform] if platform else []
    if client.endswith("nerdctl"):
        return [client, *chosen, "image", "save", *of_platform, image]
    return [client, "--connect-timeout", "30s", *chosen, "images", "export", *of_platform, "-", image]


@contextmanager
def _output(command: list[str], where: str) -> Iterator["_Output"]:
    """What a program writes, until the context ends: then it is ended too."""
    import tempfile

    with (
        tempfile.TemporaryFile() as complaint,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaint) as process,  # noqa: S603  # no shell
    ):
        try:
            yield _Output(process, cast("BinaryIO", complaint), where)
        finally:
            process.kill()


class _Output:
    """What a program writes, whole: where it fails, reading its end is an error."""

    def __init__(self, process: subprocess.Popen[bytes], complaint: BinaryIO, where: str) -> None:
        assert process.stdout is not None
        self._process = process
        self._descriptor = process.stdout.fileno()
        self._complaint = complaint
        self._where = where

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; nothing at the end."""
        piece = os.read(self._descriptor, size)
        if not piece and self._process.wait():
            said = os.pread(self._complaint.fileno(), MAX_COMPLAINT_BYTES, 0).decode("utf-8", "replace").strip()
            error = NotHereError if "not found" in said else NetworkError
            raise error(f"{self._where}: {said or f'ended with {self._process.returncode}'}")
        return piece
