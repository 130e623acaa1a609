"""What a source lists before anything of an image is read, and how one image is chosen from it."""

import os
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from sbomgen.errors import UnreadableError, UsageError


class ManifestKind(StrEnum):
    """What a manifest is of."""

    IMAGE = "image"
    ATTESTATION = "attestation"
    """What BuildKit states about an image beside it: provenance, an SBOM."""
    ARTIFACT = "artifact"
    """Anything else: a signature, a chart, a form of image that cannot be read."""


class ListedManifest(Struct, frozen=True, kw_only=True):
    """A manifest that a source names."""

    kind: ManifestKind
    digest: str | None
    """None in a docker-archive without an OCI index: it has configs and layers, but no manifests."""
    config_digest: str | None
    """None where the manifest is not there, was not read, or is not an image's."""
    media_type: str | None
    size_bytes: int | None
    platform: str | None
    """`OS/ARCH[/VARIANT]`, by the index, else by the config."""
    references: tuple[str, ...] = ()
    """Tags: `alpine:3.20`, or `latest` alone where the source says no more."""
    annotations: dict[str, str] = {}
    """Of the descriptor that names it."""
    indexes: tuple[str, ...] = ()
    """Digests of the nested indexes that lead to it, outermost first."""
    present: bool = True
    """False: the index names it, but its manifest was not stored with it (other platforms of a `docker save`)."""
    reason: str | None = None
    """Why it is no image that can be read."""


class ImageIndex(Struct, frozen=True, kw_only=True):
    """All that a source lists."""

    source: str
    """As the user named it, without the choice of an image."""
    form: str
    """The scheme that would ask for it: `docker-archive`, `oci-dir`, `dir`, `docker`, …"""
    manifests: tuple[ListedManifest, ...]
    """In the order of the source; one that is named by several tags stands here once."""
    one_name: bool = False
    """The source is the name of an image: its manifests differ by platform alone."""


_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9.]+)?")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "i386": "386", "armv7l": "arm", "armv6l": "arm"}
"""Names that kernels give to what images call otherwise."""
_DEFAULT_VARIANTS = {"arm64": "v8", "arm": "v7"}
"""What containerd takes an image for that states none."""


ALL_PLATFORMS = "all"


def choose(index: ImageIndex, wanted: str | None, platform: str | None) -> ListedManifest:
    """The one image that is meant.

    `wanted` is a tag or a digest (of manifest, index or config). Without `platform` it is linux and this machine's architecture, else the
    only one there is. Raises `UsageError` with the choices where the wish does not single out one image, `UnreadableError` where none is
    stored.
    """
    fitting = _of_platform(index, _meant(index, wanted), platform)
    if len(fitting) > 1:
        raise _usage(index, "holds several images that fit: say which one, by its platform or digest", fitting)
    return fitting[0]


def choose_all(index: ImageIndex, wanted: str | None, platform: str | None) -> Sequence[ListedManifest]:
    """Likewise, and of all platforms where `platform` is `all`: each image of the index that is stored, in its order."""
    return _meant(index, wanted) if platform == ALL_PLATFORMS else [choose(index, wanted, platform)]


def _meant(index: ImageIndex, wanted: str | None) -> Sequence[ListedManifest]:
    """The images of the one name that is meant, of whatever platform."""
    images = [manifest for manifest in index.manifests if manifest.kind is ManifestKind.IMAGE and manifest.present]
    if not images:
        raise UnreadableError(f"{index.source}: {_no_image(index)}")
    if wanted:
        images = [image for image in images if names(image, wanted)]
        if not images:
            raise _usage(index, f"has no image {wanted!r}", index.manifests)
    elif len({_group(image) for image in images}) > 1:
        raise _usage(index, "holds several images: say which one", images)
    return images


def names(image: ListedManifest, wanted: str) -> bool:
    """Whether a tag or digest means this image; `alpine` is `docker.io/library/alpine:latest`, and `3.20` any tag of that name.

    >>> image = ListedManifest(kind=ManifestKind.IMAGE, digest=None, config_digest=None, media_type=None, size_bytes=None, platform=None,
    ...     references=("docker.io/library/alpine:3.20",))
    >>> [names(image, wanted) for wanted in ("alpine:3.20", "3.20", "alpine", "sha256:0")]
    [True, True, False, False]
    """
    digest = wanted.rpartition("@")[2]
    if digest.startswith(("sha256:", "sha512:")):
        return digest in {image.digest, image.config_digest, *image.indexes}
    return any(
        wanted == reference or full_reference(wanted) == full_reference(reference) or wanted == reference.rpartition(":")[2]
        for reference in image.references
    )


def default_platform() -> str:
    """`linux` and the architecture of this machine, as images name it."""
    machine = os.uname().machine
    return f"linux/{_ARCHITECTURES.get(machine, machine)}"


def _of_platform(index: ImageIndex, images: Sequence[ListedManifest], platform: str | None) -> Sequence[ListedManifest]:
    if platform is None:
        default = default_platform()
        return [image for image in images if fits(image.platform, default)] or images
    if platform == ALL_PLATFORMS:
        raise UsageError(f"{index.source}: one platform has to be chosen here: all of them are read by `scan`")
    if not _PLATFORM.fullmatch(platform):
        raise UsageError(f"{platform!r} is not a platform: OS/ARCH[/VARIANT] is, such as linux/arm64")
    fitting = [image for image in images if fits(image.platform, platform)]
    if not fitting:
        raise _usage(index, f"has no image for {platform}", images)
    return fitting


def fits(stated: str | None, wanted: str) -> bool:
    """Whether an image of one platform is what is wanted; the variant counts where one is asked for."""
    os_name, architecture, variant = _parts(stated or "")
    wanted_os, wanted_architecture, wanted_variant = _parts(wanted)
    fits = (os_name, architecture) == (wanted_os, wanted_architecture)
    return fits and wanted_variant in {"", variant or _DEFAULT_VARIANTS.get(architecture, "")}


def _parts(platform: str) -> tuple[str, str, str]:
    os_name, architecture, variant = (*platform.split("/", 2), "", "")[:3]
    return os_name, _ARCHITECTURES.get(architecture, architecture), variant


def _group(image: ListedManifest) -> tuple[str, ...]:
    """What images of several platforms have in common: the index that names them, else their tags."""
    return image.indexes[:1] or image.references


def full_reference(reference: str) -> str:
    """A form that is the same for all spellings of a name: without what stands for Docker Hub, and with a tag."""
    for prefix in ("docker.io/", "index.docker.io/", "library/"):
        reference = reference.removeprefix(prefix)
    return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"


def _usage(index: ImageIndex, message: str, manifests: Iterable[ListedManifest]) -> UsageError:
    choices = "".join(f"\n  {_choice(index, manifest)}" for manifest in manifests if manifest.kind is ManifestKind.IMAGE)
    return UsageError(f"{index.source}: {message}{choices}")


def _choice(index: ImageIndex, image: ListedManifest) -> str:
    """How to ask for an image."""
    if index.one_name:
        return f"--platform {image.platform or 'unknown'}  ({image.digest})"
    names_it = f":{image.references[0]}" if image.references else f"@{image.digest or image.config_digest}"
    facts = (image.platform or "unknown platform", image.digest or image.config_digest, None if image.present else "not stored here")
    return f"{index.source}{names_it}  ({', '.join(filter(None, facts))})"


def _no_image(index: ImageIndex) -> str:
    found = [
        manifest.reason or f"{manifest.kind} {manifest.digest}" for manifest in index.manifests if manifest.kind is not ManifestKind.IMAGE
    ]
    absent = [f"{image.platform or 'unknown platform'} {image.digest}" for image in index.manifests if not image.present]
    if absent:
        return (
            f"the index names images whose manifests are not stored here: {', '.join(absent[:5])}; save the image again with its platform"
        )
    return f"no image inside: {'; '.join(found[:5])}" if found else "no image inside: its index is empty"
