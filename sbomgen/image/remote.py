"""The contract of sources that are no file of an image (`sbomgen.image.remotes`): registries, daemons, their storage folders.

    registry:alpine:3.20    a scheme asks for one remote, and its error is the answer
    alpine:3.20             a plain name that is no file is asked of each `plain` remote in the order of `REMOTES`; one that raises
                            `NotHereError` passes it on to the next, any other error ends the search

What looks like a file (`looks_like_file`) is never a plain name: a missing file does not go online.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from sbomgen.errors import UnreadableError
from sbomgen.image.source import StoredImages

FILE_ENDINGS = (".tar", ".tgz", ".tbz2", ".txz", ".tzst", ".gz", ".bz2", ".xz", ".zst", ".oci", ".zip", ".sif", ".img", ".iso", ".json")
"""Of names that mean a file, whether it exists or not."""


class NotHereError(UnreadableError):
    """A remote that is not on this machine, or does not have the image: a plain name is asked of the next one."""


class RemoteName(Struct, frozen=True):
    """What a remote is asked for."""

    scheme: str | None
    """None of a plain name."""
    name: str
    """What follows the scheme, as the user wrote it: `alpine:3.20`, `alpine@sha256:…`; of folders a path."""

    @property
    def source(self) -> str:
        """As the user named it: the start of every message, and `ImageIndex.source`."""
        return f"{self.scheme}:{self.name}" if self.scheme else self.name


def _say_nothing(_message: str) -> None:
    """Where nobody listens."""


class OpenOptions(Struct, frozen=True, kw_only=True):
    """What the user says on how sources are opened."""

    platform: str | None = None
    """`OS/ARCH[/VARIANT]`: which image of an index; None is this machine's."""
    offline: bool = False
    """No socket but a local one (AF_UNIX) is opened, and no name resolved."""
    username: str | None = None
    password: str | None = None
    """Never in a message."""
    token: str | None = None
    """A registry token, sent as `Bearer`; never in a message."""
    plain_http: bool = False
    """HTTP instead of HTTPS."""
    insecure: bool = False
    """HTTPS whose certificate is not verified."""
    ca_file: str | None = None
    """PEM; trusted besides the system's."""
    client_cert: str | None = None
    """PEM, with the key unless `client_key` has it."""
    client_key: str | None = None
    say: Callable[[str], None] = _say_nothing
    """Told, before it happens, which source a name is taken from: `alpine:3.20: registry docker.io/library/alpine:3.20`."""

    def __repr__(self) -> str:
        """Nothing that is secret."""
        return "OpenOptions(…)"


class Remote(Protocol):
    """One kind of remote. Add one: a module in `sbomgen/image/remotes`, a line in its `REMOTES`, a test."""

    name: str
    """Unique, lower case."""
    schemes: tuple[str, ...]
    """Prefixes that ask for it: `registry`."""
    plain: bool
    """Whether plain names are asked of it; False: by scheme only."""

    def open(self, name: RemoteName, options: OpenOptions) -> AbstractContextManager[StoredImages]:
        """The images that a name means, and no others: one, or one for each platform. Layers can be opened until the context ends.

        It says through `options.say` that it took the name, once it knows so. Entering the context raises `NotHereError` where there is no
        such daemon or image; `UnreadableError`, `NetworkError`, `DigestMismatchError` or `UsageError` otherwise.
        """
        ...


def looks_like_file(name: str) -> bool:
    """Whether a name means a file or folder by its spelling: it never goes online.

    >>> [looks_like_file(name) for name in ("./alpine", "/images/alpine", "../alpine", "~/x", "x.tar", "x.TGZ", "alpine.tar:3.20")]
    [True, True, True, True, True, True, True]
    >>> [looks_like_file(name) for name in ("alpine", "alpine:3.20", "example.org:5000/team/app@sha256:00")]
    [False, False, False]
    """
    path = name.partition("@")[0].lower()
    untagged = path.rpartition(":")[0] if ":" in path.rpartition("/")[2] else path
    return name.startswith((".", "/", "~")) or path.endswith(FILE_ENDINGS) or untagged.endswith(FILE_ENDINGS)
