"""What documents say about the image itself: name, version, PURL, and its facts under the names that INTERFACE.md promises."""

import re

from msgspec import Struct

from sbomgen.documents.escape import clean
from sbomgen.inventory import BaseMethod, Inventory, ScannedLayer

UNKNOWN = "-"
"""Stands in a layer line for a digest or size that is not known."""


_REFERENCE = re.compile(
    r"(?P<repository>(?:[A-Za-z0-9._:\[\]-]+/)*[A-Za-z0-9][A-Za-z0-9._-]*)(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[a-z0-9]+:[0-9a-f]+))?",
    re.ASCII,
)
"""As tools write them: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`."""


class Reference(Struct, frozen=True):
    """A tag or digest reference, taken apart: `docker.io/library/alpine:3.20`."""

    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def names_registry(self) -> bool:
        """Whether the first part of the repository is a registry's host, by Docker's rule: it has a dot or a port, or is `localhost`."""
        host, slash, _ = self.repository.partition("/")
        return bool(slash) and ("." in host or ":" in host or host == "localhost")


def parse_reference(text: str) -> Reference | None:
    """A reference that names a repository; None for a bare tag, as OCI layouts have them (`latest`), and for what is no reference."""
    match = _REFERENCE.fullmatch(text)
    if match is None or not ("/" in match["repository"] or match["tag"] or match["digest"]):
        return None
    return Reference(match["repository"], match["tag"], match["digest"])


class Subject(Struct, frozen=True):
    """The image as a component."""

    name: str
    version: str | None
    """The tag of its first reference, else the manifest's digest, else the config's; a folder has none."""
    purl: str | None


def subject_of(inventory: Inventory) -> Subject:
    """The image's name, version and PURL."""
    image = inventory.image
    stated = [parsed for reference in image.references if (parsed := parse_reference(reference))]
    first = stated[0] if stated else None
    version = (first and first.tag) or image.manifest_digest or image.config_digest
    name = first.repository if first and image.references[0] == inventory.name else inventory.name
    purl = _purl(first, image.manifest_digest, image.config.architecture) if first and image.manifest_digest else None
    return Subject(clean(name), clean(version) if version else None, purl)


def _purl(reference: Reference, manifest_digest: str, architecture: str) -> str:
    """By purl-spec, types/oci: the last part of the repository in lower case, the manifest's digest as version, qualifiers sorted."""
    from urllib.parse import quote

    url = reference.repository if reference.names_registry else None
    qualifiers = {"arch": architecture, "repository_url": url, "tag": reference.tag}
    stated = "&".join(f"{key}={quote(value, ':', errors='surrogatepass')}" for key, value in qualifiers.items() if value)
    name = reference.repository.rsplit("/", 1)[-1].lower()
    return f"pkg:oci/{name}@{quote(manifest_digest, ':')}{'?' if stated else ''}{stated}"


def image_facts(inventory: Inventory) -> list[tuple[str, str]]:
    """Names and values of everything known of the image; `tag` and `layer` repeat."""
    image, base = inventory.image, inventory.base
    facts = [
        ("manifest_digest", image.manifest_digest),
        ("config_digest", image.config_digest),
        ("content_id", inventory.content_id),
        ("platform", image.config.platform),
        *(("tag", reference) for reference in image.references),
        ("base", base.name),
        ("base_method", base.method if base.method is not BaseMethod.NONE else None),
        *(("layer", layer_line(layer)) for layer in inventory.layers),
    ]
    return [(f"sbomgen:image:{name}", clean(value)) for name, value in facts if value]


def label_facts(inventory: Inventory) -> list[tuple[str, str]]:
    """The labels of the image, under the names that Syft gives them."""
    return [(f"syft:image:labels:{clean(key)}", clean(value)) for key, value in sorted(inventory.image.config.labels.items())]


def layer_line(layer: ScannedLayer) -> str:
    """`INDEX DIFF_ID|- DIGEST|- SIZE_BYTES|- CREATED_BY`; the last is missing where the history does not tell."""
    size = UNKNOWN if layer.size_bytes is None else layer.size_bytes
    return f"{layer.layer.index} {layer.layer.diff_id or UNKNOWN} {layer.layer.digest or UNKNOWN} {size} {layer.created_by}".rstrip()
