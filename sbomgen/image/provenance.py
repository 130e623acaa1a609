"""Where in a Dockerfile each layer comes from, by the provenance that BuildKit attests beside an image (`--provenance mode=max`).

The index that names an image names an attestation manifest too, whose layers are in-toto statements. One of them, SLSA provenance, holds
for each step of the build the lines it stands on and, for each step that made one, the chain of layers that its result consists of.
A layer belongs to the step with the shortest chain that has it: the base image's layers to `FROM`, all others to their own instruction.

Sources: docs.docker.com, "SLSA definitions" (`https://mobyproject.org/buildkit@v1#metadata`); BuildKit, docs/attestations.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from sbomgen.errors import UnreadableError
from sbomgen.image.index import ListedManifest, ManifestKind
from sbomgen.image.manifest import BuildProvenance, DockerfileLines, Image
from sbomgen.image.oci import MAX_DOCUMENT_BYTES, decode, read_document
from sbomgen.image.source import StoredImages
from sbomgen.model import Problem, ProblemCode

STATEMENT_LIMIT_BYTES = 64 << 20
"""Of one statement: BuildKit puts the whole build graph into it, a few MiB for the largest builds."""

REFERENCE_DIGEST = "vnd.docker.reference.digest"
"""Annotation of an attestation manifest's descriptor: the manifest that it speaks of."""

PULLED = frozenset({"docker-image", "oci-layout"})
"""Of LLB's source identifiers those that name an image."""

PREDICATE_TYPE = "in-toto.io/predicate-type"
PROVENANCE = "https://slsa.dev/provenance/"


class _Position(Struct):
    line: int = 0


class _LineRange(Struct):
    start: _Position = field(default_factory=_Position)
    end: _Position = field(default_factory=_Position)


class _Location(Struct, rename="camel"):
    source_index: int | None = None
    ranges: tuple[_LineRange, ...] | None = None


class _Locations(Struct):
    locations: tuple[_Location, ...] | None = None


class _File(Struct):
    filename: str = ""


class _Source(Struct):
    locations: dict[str, _Locations] | None = None
    infos: tuple[_File, ...] | None = None


class _Blob(Struct):
    digest: str = ""


class _BuildKit(Struct):
    source: _Source | None = None
    layers: dict[str, tuple[tuple[_Blob, ...] | None, ...] | None] | None = None
    """By `STEP:OUTPUT`, each chain of layers that was made of that output."""


class _Metadata(Struct):
    version_0_2: _BuildKit | None = field(default=None, name="https://mobyproject.org/buildkit@v1#metadata")
    version_1: _BuildKit | None = field(default=None, name="buildkit_metadata")


class _Step(Struct):
    id: str = ""
    op: Any = None


class _BuildConfig(Struct, rename="camel"):
    llb_definition: tuple[_Step, ...] | None = None


class _InternalParameters(Struct, rename="camel"):
    build_config: _BuildConfig | None = None


class _BuildDefinition(Struct, rename="camel"):
    internal_parameters: _InternalParameters | None = None


class _RunDetails(Struct):
    metadata: _Metadata | None = None


class _Predicate(Struct, rename="camel"):
    """Of SLSA provenance 0.2 (`metadata`, `buildConfig`) or 1 (`runDetails`, `buildDefinition`)."""

    metadata: _Metadata | None = None
    build_config: _BuildConfig | None = None
    run_details: _RunDetails | None = None
    build_definition: _BuildDefinition | None = None

    @property
    def buildkit(self) -> _BuildKit:
        metadata = self.metadata or (self.run_details.metadata if self.run_details else None)
        return (metadata and (metadata.version_0_2 or metadata.version_1)) or _BuildKit()

    @property
    def steps(self) -> tuple[_Step, ...]:
        inner = self.build_definition.internal_parameters if self.build_definition else None
        config = self.build_config or (inner.build_config if inner else None)
        return (config and config.llb_definition) or ()


class _Statement(Struct, rename="camel"):
    predicate_type: str = ""
    predicate: _Predicate | None = None


def with_provenance(image: Image, chosen: ListedManifest, images: StoredImages) -> Image:
    """The image with what BuildKit attests of its layers and base; a statement that cannot be read is a note of the image."""
    for attestation in images.index.manifests:
        if attestation.kind is ManifestKind.ATTESTATION and attestation.annotations.get(REFERENCE_DIGEST) == chosen.digest is not None:
            try:
                predicates = list(_predicates(attestation, images))
            except UnreadableError as exc:
                where = f"{image.source}: attestation {attestation.digest}"
                note = Problem(ProblemCode.ATTESTATION_UNREADABLE, where, str(exc), loss=False)
                return msgspec.structs.replace(image, problems=(*image.problems, note))
            digests = [layer.digest or "" for layer in image.layers]
            found = next((one for one in (provenance_of(predicate, digests) for predicate in predicates) if one), None)
            return msgspec.structs.replace(image, provenance=found)
    return image


def _predicates(attestation: ListedManifest, images: StoredImages) -> Iterator[_Predicate]:
    """The provenance statements of an attestation manifest; none where it is not stored here."""
    content = images.blob(attestation.digest or "", MAX_DOCUMENT_BYTES)
    document = read_document(content, "its manifest") if content is not None else None
    for layer in (document and document.layers) or ():
        if (layer.annotations or {}).get(PREDICATE_TYPE, "").startswith(PROVENANCE):
            statement = images.blob(layer.digest, STATEMENT_LIMIT_BYTES)
            predicate = decode(statement, _Statement, f"statement {layer.digest}").predicate if statement is not None else None
            if predicate is not None:
                yield predicate


def provenance_of(predicate: _Predicate, digests: Sequence[str]) -> BuildProvenance | None:
    """Lines and base of an image whose layers have these digests; None where the provenance says nothing of them (`mode=min`)."""
    chains = sorted(
        (tuple(blob.digest for blob in chain), output.rpartition(":")[0])
        for output, made in (predicate.buildkit.layers or {}).items()
        for chain in made or ()
        if chain
    )
    steps = [_step_of(index, digests, chains) for index in range(len(digests))]
    if not any(steps):
        return None
    base_name, last_layer = _base(predicate, digests, chains)
    return BuildProvenance(
        dockerfile=tuple(_lines(predicate.buildkit.source, step) if step else None for step in steps),
        base_name=base_name,
        base_last_layer=last_layer,
    )


_Chains = Sequence[tuple[tuple[str, ...], str]]
"""Layer digests from the bottom, and the step whose result they are."""


def _step_of(index: int, digests: Sequence[str], chains: _Chains) -> str | None:
    """The step that brought a layer: the one with the shortest chain that has it in its place.

    A `COPY --link` stands on nothing until the stages are merged: its chain is its own layer alone.
    """
    stack = tuple(digests[: index + 1])
    on_stack = [(len(chain), step) for chain, step in chains if chain[: index + 1] == stack]
    linked = [(len(chain), step) for chain, step in chains if chain[-1] == digests[index]]
    return min(on_stack or linked, default=(0, None))[1]


def _base(predicate: _Predicate, digests: Sequence[str], chains: _Chains) -> tuple[str | None, int | None]:
    """Name and topmost layer of the image that `FROM` names: of the images that the build pulled, the one this image stands on."""
    named = {step.id: name for step in predicate.steps if (name := _pulled_image(step.op))}
    below = [(len(chain), named[step]) for chain, step in chains if step in named and chain == tuple(digests[: len(chain)])]
    length, name = max(below, default=(0, None))
    return name, length - 1 if length else None


def _pulled_image(op: Any) -> str | None:
    """`docker.io/library/alpine:3.20@sha256:…` of a step that pulls an image; its operation is LLB's protobuf message as JSON."""
    for key in ("Op", "source"):
        op = op.get(key) if isinstance(op, dict) else None
    identifier = op.get("identifier") if isinstance(op, dict) else None
    scheme, separator, name = identifier.partition("://") if isinstance(identifier, str) else ("", "", "")
    return name if separator and scheme in PULLED else None


def _lines(source: _Source | None, step: str) -> DockerfileLines | None:
    """The lines of a step, from the first to the last of all its ranges."""
    found = ((source and source.locations) or {}).get(step)
    for location in (found and found.locations) or ():
        files = (source and source.infos) or ()
        place = location.source_index or 0
        ranges = [one for one in location.ranges or () if one.start.line > 0]
        if ranges and 0 <= place < len(files):
            start, end = min(one.start.line for one in ranges), max(max(one.start.line, one.end.line) for one in ranges)
            return DockerfileLines(files[place].filename, start, end)
    return None
