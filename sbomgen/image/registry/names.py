"""Names of images in registries: `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]`.

Source: the grammar of github.com/distribution/reference, and its rules for short names: without a registry (a first part that has a `.` or
`:`, or is `localhost`) it is docker.io, where a repository of one part stands below `library/`; without tag and digest the tag is `latest`.
"""

import re

from msgspec import Struct

from sbomgen.errors import UsageError

DOCKER_HUB = "docker.io"
_HUB_NAMES = frozenset((DOCKER_HUB, "index.docker.io", "registry-1.docker.io"))
"""All mean Docker Hub."""

MAX_NAME_LENGTH = 255
"""Characters of registry and repository together, as the reference implementation has it."""

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


class ImageName(Struct, frozen=True):
    """An image in a registry, in full."""

    registry: str
    """Host and port: `docker.io`, `localhost:5000`."""
    repository: str
    """`library/alpine`."""
    tag: str | None
    """None where only a digest names the image."""
    digest: str | None
    """`sha256:…`; it counts before the tag."""

    def __str__(self) -> str:
        """The name in full."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.registry}/{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")

    @property
    def reference(self) -> str:
        """What the registry is asked for: the digest, else the tag."""
        return self.digest or self.tag or "latest"


def parse_name(text: str) -> ImageName:
    """The full name that a text means; raises `UsageError` where it is none.

    >>> str(parse_name("alpine"))
    'docker.io/library/alpine:latest'
    >>> parse_name("localhost:5000/a/b:1").repository
    'a/b'
    """
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise UsageError(f"{text[:MAX_NAME_LENGTH]}: what follows @ is not a sha256 or sha512 digest")
    name, tag = _split_tag(rest)
    registry, repository = _place(name)
    fits = len(name) <= MAX_NAME_LENGTH and _REGISTRY.fullmatch(registry) and _REPOSITORY.fullmatch(repository)
    if not fits or (tag is not None and not _TAG.fullmatch(tag)):
        raise UsageError(f"{text[:MAX_NAME_LENGTH]}: not the name of an image: [REGISTRY/]NAME[:TAG][@DIGEST] is, in lower case")
    return ImageName(registry, repository, tag or (None if digest else "latest"), digest or None)


def _split_tag(text: str) -> tuple[str, str | None]:
    """A name and its tag; a colon before a slash is a port's."""
    name, colon, tag = text.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (text, None)


def _place(name: str) -> tuple[str, str]:
    """Registry and repository of a name without a tag."""
    first, slash, rest = name.partition("/")
    if not slash or not (first == "localhost" or "." in first or ":" in first or first != first.lower()):
        registry, repository = DOCKER_HUB, name
    else:
        registry, repository = (DOCKER_HUB if first in _HUB_NAMES else first), rest
    return registry, f"library/{repository}" if registry == DOCKER_HUB and "/" not in repository else repository
