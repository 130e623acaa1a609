"""From what the user named to an opened image.

A source is a path, `PATH`, or with a choice among the images it holds, `PATH:TAG` or `PATH@DIGEST`. What stands there is found by looking;
a prefix insists on it:

    docker-archive:PATH[:TAG|@DIGEST]    what `docker save` writes
    oci-dir:PATH[:TAG|@DIGEST]           an OCI layout in a folder
    oci-archive:PATH[:TAG|@DIGEST]       a tar of one
    dir:PATH                             a folder with a root file system; by its path alone if it looks like one
    docker:NAME, podman:NAME             an image that an engine on this machine has
    containerd:[NAMESPACE@]NAME          the same, by its client
    docker-storage:[ROOT@]NAME           an image in an engine's storage folder, without the engine;
    containers-storage:[ROOT@]NAME       Podman's
    registry:NAME[:TAG][@DIGEST]         an image in a registry

TAG is a whole reference (`alpine:3.20`) or the part after its colon; DIGEST that of a manifest, a nested index or a config. The path is the
longest beginning that exists, so paths may hold `:` and `@`. A name that is no file and does not look like one is asked of the remotes.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from msgspec import Struct, structs

from sbomgen.errors import UnreadableError, UsageError
from sbomgen.image.blobs import Blobs, TarBlobs, open_blobs
from sbomgen.image.index import ImageIndex, choose, choose_all
from sbomgen.image.manifest import Image
from sbomgen.image.provenance import with_provenance
from sbomgen.image.registry.names import parse_name
from sbomgen.image.remote import NotHereError, OpenOptions, RemoteName, looks_like_file
from sbomgen.image.remotes import REMOTES
from sbomgen.image.source import Source, StoredImages
from sbomgen.image.sources import SOURCES
from sbomgen.image.sources.root_folder import ROOT_FOLDER

_FILE_SCHEMES = tuple(scheme for source in SOURCES for scheme in source.schemes)


class FileName(Struct, frozen=True):
    """A source that is a file or folder, in its parts."""

    scheme: str | None
    path: str
    choice: str | None
    """Tag or digest."""

    @property
    def source(self) -> str:
        """Without the choice."""
        return f"{self.scheme}:{self.path}" if self.scheme else self.path


@contextmanager
def open_source(source: str, options: OpenOptions | None = None) -> Iterator[tuple[StoredImages, Image]]:
    """All that a source lists, and the image that is meant: the only one, or the one that is named, for the platform of the options.

    Its layers can be opened until the context ends. Raises `UsageError` where there is a choice and none was made; `UnreadableError` where
    there is no such file or no image in it; `DigestMismatchError` where a document does not have the digest that names it; `NetworkError`
    where a registry or engine fails.
    """
    options = options or OpenOptions()
    with ExitStack() as stack:
        images, choice = _enter(stack, source, options)
        chosen = choose(images.index, choice, options.platform)
        yield images, with_provenance(structs.replace(images.image(chosen), source=source), chosen, images)


@contextmanager
def open_images(source: str, options: OpenOptions) -> Iterator[Iterator[Image]]:
    """The image that is meant, or with the platform `all` the image of each platform; raises what `open_source` raises."""
    with ExitStack() as stack:
        images, choice = _enter(stack, source, options)
        chosen = choose_all(images.index, choice, options.platform)
        yield (with_provenance(structs.replace(images.image(one), source=source), one, images) for one in chosen)


@contextmanager
def open_image(source: str, options: OpenOptions | None = None) -> Iterator[Image]:
    """The image alone; raises what `open_source` raises."""
    with open_source(source, options) as (_, image):
        yield image


def list_images(source: str, options: OpenOptions | None = None) -> ImageIndex:
    """All that a source lists, whatever choice its name makes; raises what `open_source` raises."""
    with ExitStack() as stack:
        return _enter(stack, source, options or OpenOptions())[0].index


def parse_source(source: str) -> FileName | RemoteName:
    """The parts of a source: of a file or folder that exists, or a name for the remotes."""
    scheme, colon, rest = source.partition(":")
    if colon and scheme in _FILE_SCHEMES:
        if (name := _split(scheme, rest)) is None:
            raise _no_such_file(source)
        return name
    if colon and not _exists(source) and any(scheme in remote.schemes for remote in REMOTES):
        return RemoteName(scheme, rest)
    return _split(None, source) or _plain(source)


def _split(scheme: str | None, rest: str) -> FileName | None:
    """Path and choice: the path is the longest beginning that exists."""
    ends = [len(rest), *(position for position in range(len(rest) - 1, 0, -1) if rest[position] in ":@")]
    return next((FileName(scheme, rest[:end], rest[end + 1 :] or None) for end in ends if _exists(rest[:end])), None)


def _exists(path: str) -> bool:
    try:
        Path(path or "\0").stat()
    except (OSError, ValueError):
        return False
    return True


def _plain(source: str) -> RemoteName:
    """A name for the remotes, if it can be one."""
    if not looks_like_file(source):
        with suppress(UsageError):
            parse_name(source)
            return RemoteName(None, source)
    raise _no_such_file(source)


def _no_such_file(source: str) -> UnreadableError:
    return UnreadableError(
        f"{source}: there is no such file or folder; an image that is elsewhere is named like alpine:3.20 or registry:alpine:3.20"
    )


def _enter(stack: ExitStack, source: str, options: OpenOptions) -> tuple[StoredImages, str | None]:
    """What a source holds, open until the stack ends, and the choice that its name makes there."""
    name = parse_source(source)
    if isinstance(name, RemoteName):
        return _ask(stack, name, options), None
    try:
        return stack.enter_context(_open_file(name)), name.choice
    except UnreadableError:
        # `python:3.12` beside a folder `python` that holds no image is meant for the remotes.
        if name.scheme or not name.choice or looks_like_file(source):
            raise
        return _ask(stack, _plain(source), options), None


def _ask(stack: ExitStack, name: RemoteName, options: OpenOptions) -> StoredImages:
    """The images that a name means, of the remote of its scheme, or of the first that has it."""
    asked = [remote for remote in REMOTES if (name.scheme in remote.schemes if name.scheme else remote.plain)]
    for remote in asked[:-1]:
        try:
            return stack.enter_context(remote.open(name, options))
        except NotHereError:
            continue
    return stack.enter_context(asked[-1].open(name, options))


@contextmanager
def _open_file(name: FileName) -> Iterator[StoredImages]:
    with open_blobs(Path(name.path)) as blobs:
        yield _recognise(blobs, name).read(blobs, name.source)


def _recognise(blobs: Blobs, name: FileName) -> Source:
    found = [(scheme, source) for source in SOURCES if (scheme := source.scheme_of(blobs))]
    if name.scheme == ROOT_FOLDER.name and blobs.is_folder:
        return ROOT_FOLDER
    if not found:
        raise UnreadableError(f"{name.path}: no image inside: {_what_else(blobs)}")
    for scheme, source in found:
        if name.scheme in {None, scheme}:
            return source
    raise UnreadableError(f"{name.path}: its form is {found[0][0]}, not {name.scheme}: name it so, or by its path alone")


def _what_else(blobs: Blobs) -> str:
    """What a folder or tar is that holds no image, and what to do."""
    if isinstance(blobs, TarBlobs):
        names = blobs.names()
        what = f"{len(names):,} files, the first {names[0]!r}" if names else "nothing"
        return f"the tar has neither manifest.json nor index.json, but {what}; a layer or a root file system alone is no image"
    if "manifest.json" in blobs:
        return "it is what skopeo's dir: writes; copy it to an OCI layout with `skopeo copy dir:FOLDER oci:FOLDER:TAG`"
    return "the folder has no index.json and does not look like a root file system; if it is one, say dir:FOLDER"
