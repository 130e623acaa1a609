"""CycloneDX, 1.0 to 1.7, of any producer: what is read of it, and what becomes of it, whatever it was written in.

https://cyclonedx.org/docs/1.7/json/
"""

import re
from collections.abc import Iterator
from itertools import chain

from msgspec import Struct, field

from sbommatch.errors import UnreadableError
from sbommatch.problem import ProblemCode
from sbommatch.sbom._document import Statements, assembled
from sbommatch.sbom._image import Layers, StatedImage, stated_image
from sbommatch.sbom._properties import NOTHING_STATED, Property, distinct_paths, stated_by
from sbommatch.sbom._reader import Problems, Source
from sbommatch.sbom._refs import Refs
from sbommatch.sbom.component import Component, DistroStatement, Document, Subject
from sbommatch.sbom.spellings import named_tool, stated_distro, stated_purl, stated_version

OPERATING_SYSTEM = "operating-system"

_VERSION = re.compile(r"\d+\.\d+")

# The records below name what is read, and nothing else of the format. None holds a reference back, hence gc=False.


class _Occurrence(Struct, gc=False, rename="camel"):
    location: str | None = None
    additional_context: str | None = None


class _Evidence(Struct, gc=False):
    occurrences: list[_Occurrence] | None = None


class _Component(Struct, gc=False):
    type: str | None = None
    bom_ref: str | None = field(name="bom-ref", default=None)
    group: str | None = None
    name: str | None = None
    version: str | None = None
    purl: str | None = None
    cpe: str | None = None
    properties: list[Property] | None = None
    evidence: _Evidence | None = None
    components: "list[_Component | None] | None" = None


_Listed = list[_Component | None] | None


class _Tool(Struct, gc=False):
    name: str | None = None
    version: str | None = None


class _Tools(Struct, gc=False):
    tool: list[_Tool] | None = None
    """XML's list until 1.4: JSON's has no name."""
    components: list[_Tool] | None = None
    services: list[_Tool] | None = None


class _Metadata(Struct, gc=False):
    tools: list[_Tool] | _Tools | None = None
    """A list until 1.4, and still allowed."""
    component: _Component | None = None


class _Dependency(Struct, gc=False, rename="camel"):
    ref: str | None = None
    depends_on: list[str] | None = None
    dependency: "list[_Dependency] | None" = None
    """XML's way of `dependsOn`."""


class Bom(Struct, gc=False, rename="camel"):
    """A whole document."""

    spec_version: str | None = None
    serial_number: str | None = None
    version: int | str | None = None
    metadata: _Metadata | None = None
    components: _Listed = None
    dependencies: list[_Dependency | None] | None = None


def cyclonedx_document(bom: Bom, source: Source, format_: str) -> Document:
    """The document. The parts of the subject itself (`metadata.component.components`) come before the other components.

    Raises `UnreadableError` for a version of the format that is not known.
    """
    _check_version(bom.spec_version, source)
    metadata = bom.metadata or _Metadata()
    subject = metadata.component or _Component()
    image = stated_image(subject.properties or (), source.problems)
    layers = Layers(image.layers)
    return assembled(
        source,
        Statements(
            format=format_,
            spec_version=bom.spec_version,
            producer=_producer(metadata.tools),
            subject=_subject(subject, image),
            distros=_subject_distro(subject),
            bom_link=bom_link(bom.serial_number, bom.version),
            subject_ref=subject.bom_ref,
            dependencies=tuple(_dependencies(bom)),
            layers=layers,
            components=_components(subject, bom.components, layers, source.problems),
        ),
    )


def _check_version(stated: str | None, source: Source) -> None:
    version = (stated or "")[:20]
    if not _VERSION.match(version):
        source.problems.note(ProblemCode.BAD_RECORD, "specVersion", f"is {version!r}, no version of CycloneDX; read as the newest known")
    elif not version.startswith("1."):
        raise UnreadableError(f"{source.path}: reading CycloneDX {version} is not built yet; let its producer write 1.7")


def _producer(tools: list[_Tool] | _Tools | None) -> str | None:
    """The first tool with a name; a list until CycloneDX 1.4, components and services since."""
    listed = [*(tools.tool or ()), *(tools.components or ()), *(tools.services or ())] if isinstance(tools, _Tools) else tools or []
    return next((named_tool(tool.name, tool.version) for tool in listed if tool.name), None)


def _subject_distro(subject: _Component) -> tuple[DistroStatement, ...]:
    """Of a document about an operating system."""
    distro = stated_distro(subject.name, subject.version) if subject.type == OPERATING_SYSTEM else None
    return (distro,) if distro else ()


def _subject(subject: _Component, image: StatedImage) -> Subject:
    return Subject(
        name=f"{subject.group}/{subject.name}" if subject.group and subject.name else subject.name or None,
        version=stated_version(subject.version),
        purl=stated_purl(subject.purl),
        config_digest=image.config_digest,
        platform=image.platform,
        manifest_digest=image.manifest_digest,
        references=image.references,
    )


def bom_link(serial_number: str | None, version: int | str | None) -> str | None:
    """`urn:cdx:SERIAL/VERSION`; a document that states no version is the first."""
    serial = (serial_number or "").strip().lower().removeprefix("urn:uuid:")
    return f"urn:cdx:{serial}/{version or 1}" if serial else None


def _dependencies(bom: Bom) -> Iterator[tuple[str, tuple[str, ...]]]:
    for one in bom.dependencies or ():
        named = one and (one.depends_on or [each.ref for each in one.dependency or () if each.ref])
        if one and one.ref and named:
            yield one.ref, tuple(named)


def _components(subject: _Component, listed: _Listed, layers: Layers, problems: Problems) -> Iterator[Component]:
    refs = Refs(problems)
    for place, component in chain(_walk(subject.components, "metadata.component.components"), _walk(listed, "components")):
        if not component.name:
            problems.note(ProblemCode.BAD_COMPONENT, place, "has no name")
        yield _component(component, refs.unique(component.bom_ref, place), layers)


def _walk(listed: _Listed, place: str) -> Iterator[tuple[str, _Component]]:
    """Components with their JSON paths, nested ones after their parent. No recursion: only the decoder bounds the depth."""
    levels = [(place, iter(enumerate(listed or ())))]
    while levels:
        place, siblings = levels[-1]
        for index, component in siblings:
            if component is None:  # a null, or left out with a problem
                continue
            yield f"{place}[{index}]", component
            if component.components:
                levels.append((f"{place}[{index}].components", iter(enumerate(component.components))))
                break
        else:
            levels.pop()


def _component(component: _Component, ref: str, layers: Layers) -> Component:
    stated = stated_by(component.properties) if component.properties else NOTHING_STATED
    occurrences = (component.evidence and component.evidence.occurrences) or ()
    diff_id, paths = None, stated.paths
    if occurrences:
        diff_id = next((each.additional_context for each in occurrences if each.additional_context), None)
        paths = (*(each.location for each in occurrences if each.location), *paths)
    type_ = component.type or "library"
    version = stated_version(component.version)
    purl = stated_purl(component.purl)
    distro = stated.distro
    if type_ == OPERATING_SYSTEM and distro is None:
        distro = stated_distro(component.name, version)
    return Component(
        ref=ref,
        type=type_,
        name=component.name or "",
        group=component.group or None,
        version=version,
        purl=purl,
        purl_from="stated" if purl else None,
        package_type=stated.package_type,
        cpes=tuple(dict.fromkeys((component.cpe, *stated.cpes))) if component.cpe else stated.cpes,
        source_name=stated.source_name,
        source_version=stated.source_version,
        module=stated.module,
        distro=distro,
        visible=stated.visible,
        layer=layers.index_of(stated, diff_id),
        paths=distinct_paths(paths),
        owned_by=stated.owned_by,
    )
