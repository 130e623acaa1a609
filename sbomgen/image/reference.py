"""From what the user named to an opened image.

A source is a path, `PATH`, or with a choice among the images it holds, `PATH:TAG` or `PATH@DIGEST`. What stands there is found by looking;
a prefix insists on it:

    docker-archive:PATH[:TAG|@DIGEST]    what `docker save` writes
    oci-dir:PATH[:TAG|@DIGEST]           an OCI layout in a folder
    oci-archive:PATH[:TAG|@DIGEST]       a tar of one

TAG is a whole reference (`alpine:3.20`) or the part after its colon; DIGEST that of a manifest, a nested index or a config. The path is the
longest beginning that exists, so paths may hold `:` and `@`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct, structs

from sbomgen.errors import UnreadableError, UsageError
from sbomgen.image.blobs import Blobs, TarBlobs, open_blobs
from sbomgen.image.index import ImageIndex, choose
from sbomgen.image.manifest import Image
from sbomgen.image.source import Source, StoredImages
from sbomgen.image.sources import SOURCES

NOT_BUILT_YET = frozenset({"registry", "docker", "podman", "containerd", "dir"})
"""Schemes that a later release will read."""


class SourceName(Struct, frozen=True):
    """A source as the user named it, in its parts."""

    scheme: str | None
    path: str
    choice: str | None
    """Tag or digest."""

    @property
    def source(self) -> str:
        """Without the choice."""
        return f"{self.scheme}:{self.path}" if self.scheme else self.path


@contextmanager
def open_image(source: str, platform: str | None = None) -> Iterator[Image]:
    """The image that a source holds, or the one of several that is named, for a platform (`OS/ARCH[/VARIANT]`).

    Its layers can be opened until the context ends. Raises `UsageError` where there is a choice and none was made, or a scheme is not
    built yet; `UnreadableError` where there is no such file or no image in it; `DigestMismatchError` where a document does not have the
    digest that names it.
    """
    name = parse_source(source)
    with _open(name) as images:
        yield structs.replace(images.image(choose(images.index, name.choice, platform)), source=source)


def list_images(source: str) -> ImageIndex:
    """All that a source lists, whatever choice its name makes; raises what `open_image` raises."""
    with _open(parse_source(source)) as images:
        return images.index


def parse_source(source: str) -> SourceName:
    """The parts of a source; the path exists."""
    scheme, colon, rest = source.partition(":")
    if colon and any(scheme in known.schemes for known in SOURCES):
        return _split(scheme, rest)
    if colon and scheme in NOT_BUILT_YET and not _exists(source):
        known_schemes = ", ".join(f"{one}:" for known in SOURCES for one in known.schemes)
        raise UsageError(f"{source}: {scheme}: is not built yet; this release reads {known_schemes} and plain paths of these")
    return _split(None, source)


def _split(scheme: str | None, rest: str) -> SourceName:
    """Path and choice: the path is the longest beginning that exists."""
    ends = [len(rest), *(position for position in range(len(rest) - 1, 0, -1) if rest[position] in ":@")]
    for end in ends:
        if _exists(rest[:end]):
            return SourceName(scheme, rest[:end], rest[end + 1 :] or None)
    raise UnreadableError(
        f"{rest or scheme}: there is no such file or folder. Registries and daemons are not built yet: save the image first, "
        "with `docker save -o FILE IMAGE` or `skopeo copy docker://IMAGE oci:FOLDER:TAG`"
    )


def _exists(path: str) -> bool:
    try:
        Path(path or "\0").stat()
    except (OSError, ValueError):
        return False
    return True


@contextmanager
def _open(name: SourceName) -> Iterator[StoredImages]:
    with open_blobs(Path(name.path)) as blobs:
        yield _recognise(blobs, name).read(blobs, name.source)


def _recognise(blobs: Blobs, name: SourceName) -> Source:
    found = [(scheme, source) for source in SOURCES if (scheme := source.scheme_of(blobs))]
    if not found:
        raise UnreadableError(f"{name.path}: no image inside: {_what_else(blobs)}")
    for scheme, source in found:
        if name.scheme in {None, scheme}:
            return source
    raise UnreadableError(f"{name.path}: its form is {found[0][0]}, not {name.scheme}: name it so, or by its path alone")


def _what_else(blobs: Blobs) -> str:
    """What a folder or tar is that holds no image, and what to do."""
    if isinstance(blobs, TarBlobs):
        if "repositories" in blobs:
            return "it was written by Docker before 1.10: load it and save it again with a Docker of today"
        names = blobs.names()
        what = f"{len(names):,} files, the first {names[0]!r}" if names else "nothing"
        return f"the tar has neither manifest.json nor index.json, but {what}; a layer or a root file system alone is no image"
    if "manifest.json" in blobs:
        return "it is what skopeo's dir: writes; copy it to an OCI layout with `skopeo copy dir:FOLDER oci:FOLDER:TAG`"
    return "the folder has no index.json; folders with a root file system are not built yet"
