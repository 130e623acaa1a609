"""Names of images, as documents and statements write them: references, and PURLs of type `oci` and `docker`."""

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from msgspec import Struct

from sbommatch.purl import InvalidPurl, Purl, parse_purl
from sbommatch.sbom.component import Subject

IMAGE_TYPES = frozenset({"oci", "docker"})
DIGEST_PREFIX = "sha256:"
DOCKER_HUB = "docker.io"
_HUB_SYNONYMS = ("index.docker.io/", "registry-1.docker.io/", "registry.hub.docker.com/")


class Image(Struct, frozen=True):
    """A name of an image: repository with registry, tag, digest."""

    repository: str
    tag: str | None = None
    digest: str | None = None


def image_named(text: str) -> Image:
    """The image that a reference names, with Docker Hub's abbreviations written out.

    >>> image_named("alpine:3.20")
    Image(repository='docker.io/library/alpine', tag='3.20', digest=None)
    """
    rest, _, digest = text.partition("@")
    head, colon, tag = rest.rpartition(":")
    repository, tag = (head, tag) if colon and "/" not in tag else (rest, "")
    return Image(repository_of(repository), tag or None, digest or None)


def repository_of(text: str) -> str:
    """A repository with its registry: `docker.io/library/alpine`."""
    text = text.removeprefix("https://").rstrip("/")
    for synonym in _HUB_SYNONYMS:
        if text.startswith(synonym):
            text = f"{DOCKER_HUB}/{text.removeprefix(synonym)}"
    registry, slash, path = text.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, path = DOCKER_HUB, text
    return f"{registry}/library/{path}" if registry == DOCKER_HUB and "/" not in path else f"{registry}/{path}"


def subject_purl(subject: Subject) -> str | None:
    """The PURL of what a document describes: as stated, else made of an image's name and manifest digest."""
    if subject.purl or not subject.manifest_digest:
        return subject.purl
    image = next(images_of(subject), None)
    if image is None:
        return None
    url = "" if image.repository.startswith(f"{DOCKER_HUB}/library/") else f"?repository_url={quote(image.repository, safe=':')}"
    return f"pkg:oci/{quote(image.repository.rpartition('/')[2])}@{quote(subject.manifest_digest, safe='')}{url}"


def images_of(subject: Subject) -> Iterator[Image]:
    """The names that a document gives the image it describes."""
    purl = purl_of(subject.purl)
    if purl and purl.type in IMAGE_TYPES:
        path = "/".join(filter(None, (purl.namespace, purl.name)))
        url = purl.qualifiers.get("repository_url", "").rstrip("/")
        repository = repository_of(path if not url else url if url.endswith(f"/{purl.name}") else f"{url}/{path}")
        digest = purl.version if (purl.version or "").startswith(DIGEST_PREFIX) else None
        yield Image(repository, purl.qualifiers.get("tag") or (None if digest else purl.version), digest)
    for reference in (subject.name, *subject.references):
        if reference and not reference.startswith(DIGEST_PREFIX) and " " not in reference:
            yield image_named(reference)


def digests_of(subject: Subject, images: Iterable[Image]) -> Iterator[str]:
    """The digests of its manifest and config."""
    stated = (subject.config_digest, subject.manifest_digest, subject.version, *(image.digest for image in images))
    yield from (text for text in stated if text and text.startswith(DIGEST_PREFIX))


def is_called(stated: Purl, image: Image) -> bool:
    """Whether a PURL without a digest names an image: the last part of its repository, and repository and tag as far as it has them."""
    name = "/".join(filter(None, (stated.namespace, stated.name)))
    tag = stated.qualifiers.get("tag") or stated.version
    if tag not in {None, image.tag} or not image.repository.endswith(f"/{stated.name}"):
        return False
    url = stated.qualifiers.get("repository_url")
    if url is None:
        return stated.type == "oci" or repository_of(name) == image.repository
    return image.repository in {repository_of(url), repository_of(f"{url.rstrip('/')}/{name}")}


def purl_of(text: str | None) -> Purl | None:
    """A PURL as stated; None of a text that is none."""
    try:
        return parse_purl(text) if text else None
    except InvalidPurl:
        return None
