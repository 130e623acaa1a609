"""Syft JSON, schemas 1 to 16: https://github.com/anchore/syft/tree/main/schema/json."""

from collections.abc import Iterable, Iterator

from msgspec import DecodeError, Struct, field, json

from sbommatch.problem import ProblemCode
from sbommatch.sbom._document import Statements, assembled
from sbommatch.sbom._image import Layers
from sbommatch.sbom._lenient import decode
from sbommatch.sbom._made import package_type_of
from sbommatch.sbom._properties import distinct_paths, source_of_rpm
from sbommatch.sbom._reader import Opening, Problems, Source
from sbommatch.sbom._refs import Refs
from sbommatch.sbom.component import Component, ComponentLayer, DistroStatement, Document, Subject
from sbommatch.sbom.spellings import named_tool, stated_distro, stated_purl, stated_version

OWNERSHIP = "ownership-by-file-overlap"
"""The type of relationship that says: the parent's files hold the child."""


class _Location(Struct, gc=False):
    path: str | None = None
    layer_id: str | None = field(name="layerID", default=None)


class _Cpe(Struct, gc=False):
    cpe: str | None = None


class _PackageMetadata(Struct, gc=False, rename="camel"):
    """What package databases say of the source package: of deb, apk and rpm in this order."""

    source: str | None = None
    source_version: str | None = None
    origin_package: str | None = None
    source_rpm: str | None = None
    modularity_label: str | None = None


class _Artifact(Struct, gc=False):
    id: str | None = None
    name: str | None = None
    version: str | None = None
    type: str | None = None
    locations: list[_Location] | None = None
    cpes: list[_Cpe | str] | None = None
    """Texts until schema 15."""
    purl: str | None = None
    metadata: _PackageMetadata | None = None


class _ImageConfig(Struct, gc=False):
    class _History(Struct, gc=False):
        created_by: str | None = None
        empty_layer: bool | None = None

    history: list[_History] | None = None
    architecture: str | None = None
    os: str | None = None
    variant: str | None = None


class _Layer(Struct, gc=False):
    digest: str | None = None
    """Of the uncompressed layer."""


class _Image(Struct, gc=False):
    """What was looked into, where it was an image; of a folder or file nothing here is known."""

    user_input: str | None = field(name="userInput", default=None)
    image_id: str | None = field(name="imageID", default=None)
    manifest_digest: str | None = field(name="manifestDigest", default=None)
    tags: list[str] | None = None
    repo_digests: list[str] | None = field(name="repoDigests", default=None)
    layers: list[_Layer] | None = None
    config: str | None = None
    """The image's config, in base64."""


class _Described(Struct, gc=False):
    name: str | None = None
    version: str | None = None
    target: _Image | str | None = None
    """Until schema 8."""
    metadata: _Image | None = None


class _Distro(Struct, gc=False):
    id: str | None = None
    name: str | None = None
    version: str | None = None
    version_id: str | None = field(name="versionID", default=None)


class _Relationship(Struct, gc=False):
    parent: str | None = None
    child: str | None = None
    type: str | None = None


class _Named(Struct, gc=False):
    name: str | None = None
    version: str | None = None


class _Syft(Struct, gc=False):
    artifacts: list[_Artifact | None] | None = None
    relationships: list[_Relationship] | None = field(name="artifactRelationships", default=None)
    source: _Described | None = None
    distro: _Distro | None = None
    descriptor: _Named | None = None
    schema: _Named | None = None


class SyftJson:
    """Reads Syft JSON."""

    format = "syft-json"

    def recognises(self, opening: Opening) -> bool:
        """By its two lists of facts and its descriptor."""
        head = opening.head
        return head is not None and bool(head.artifacts and head.descriptor)

    def read(self, source: Source) -> Document:
        """See `Reader.read`."""
        syft = decode(source, _Syft)
        about = syft.source or _Described()
        image = about.metadata or (about.target if isinstance(about.target, _Image) else None) or _Image()
        config = _config(image, source.problems)
        layers = Layers(tuple(_layers(image, config)))
        descriptor = syft.descriptor or _Named()
        distro = _distro(syft.distro)
        return assembled(
            source,
            Statements(
                format=self.format,
                spec_version=syft.schema.version if syft.schema else None,
                producer=named_tool(descriptor.name, descriptor.version) if descriptor.name else None,
                subject=Subject(
                    name=about.name or image.user_input or (about.target if isinstance(about.target, str) else None),
                    version=stated_version(about.version),
                    config_digest=image.image_id,
                    manifest_digest=image.manifest_digest,
                    references=tuple(dict.fromkeys((*(image.tags or ()), *(image.repo_digests or ())))),
                    platform="/".join(part for part in (config.os, config.architecture, config.variant) if part) or None,
                ),
                distros=(distro,) if distro else (),
                layers=layers,
                components=_components(syft, layers, source.problems),
            ),
        )


def _config(image: _Image, problems: Problems) -> _ImageConfig:
    import binascii

    try:
        return json.decode(binascii.a2b_base64(image.config or ""), type=_ImageConfig) if image.config else _ImageConfig()
    except (binascii.Error, ValueError, DecodeError) as error:
        problems.note(ProblemCode.BAD_RECORD, "source", f"holds an image config that cannot be read ({error}): its history is left out")
        return _ImageConfig()


def _layers(image: _Image, config: _ImageConfig) -> Iterator[ComponentLayer]:
    """The layers, with their instructions where the history has as many."""
    layers = [layer.digest for layer in image.layers or () if layer.digest]
    history = [each.created_by for each in config.history or () if not each.empty_layer]
    instructions = history if len(history) == len(layers) else [None] * len(layers)
    for index, (digest, created_by) in enumerate(zip(layers, instructions, strict=True)):
        yield ComponentLayer(index, digest, created_by=created_by)


def _distro(distro: _Distro | None) -> DistroStatement | None:
    """By os-release's fields; the first schemas have their values under the names `name` and `version`."""
    return stated_distro(distro.id or distro.name, distro.version_id or distro.version) if distro else None


def _components(syft: _Syft, layers: Layers, problems: Problems) -> Iterator[Component]:
    owners = {each.child: each.parent for each in syft.relationships or () if each.type == OWNERSHIP}
    refs = Refs(problems)
    for index, artifact in enumerate(syft.artifacts or ()):
        if artifact is None:
            continue
        place = f"artifacts[{index}]"
        if not artifact.name:
            problems.note(ProblemCode.BAD_COMPONENT, place, "has no name")
        yield _component(artifact, refs.unique(artifact.id, place), owners.get(artifact.id), layers)


def _component(artifact: _Artifact, ref: str, owned_by: str | None, layers: Layers) -> Component:
    locations = artifact.locations or ()
    metadata = artifact.metadata or _PackageMetadata()
    source_name, source_version = _source(metadata)
    purl = stated_purl(artifact.purl)
    return Component(
        ref=ref,
        type="library",
        name=artifact.name or "",
        version=stated_version(artifact.version),
        purl=purl,
        purl_from="stated" if purl else None,
        package_type=package_type_of(artifact.type),
        cpes=tuple(dict.fromkeys(_cpes(artifact.cpes or ()))),
        source_name=source_name,
        source_version=stated_version(source_version),
        module=metadata.modularity_label or None,
        layer=layers.index_of_diff_id(next((each.layer_id for each in locations if each.layer_id), None)),
        paths=distinct_paths(tuple(each.path for each in locations if each.path)),
        owned_by=owned_by,
    )


def _source(metadata: _PackageMetadata) -> tuple[str | None, str | None]:
    if metadata.source:
        return metadata.source, metadata.source_version
    return (metadata.origin_package, None) if metadata.origin_package else source_of_rpm(metadata.source_rpm)


def _cpes(cpes: Iterable[_Cpe | str]) -> Iterator[str]:
    for each in cpes:
        text = each if isinstance(each, str) else each.cpe
        if text:
            yield text
