"""What all readers end with: a document, put together from what it states."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from sbommatch.problem import ProblemCode
from sbommatch.sbom._image import Layers
from sbommatch.sbom._made import made_purl
from sbommatch.sbom._reader import Problems, Source
from sbommatch.sbom.component import Component, DistroStatement, Document, Subject


class Statements(Struct, frozen=True, kw_only=True):
    """What a reader found."""

    format: str
    spec_version: str | None
    producer: str | None
    subject: Subject
    components: Iterable[Component]
    """May still be on their way: they are asked for before anything else."""
    layers: Layers
    bom_link: str | None = None
    subject_ref: str | None = None
    dependencies: tuple[tuple[str, tuple[str, ...]], ...] = ()
    distros: tuple[DistroStatement, ...] = ()
    """What the document itself states, before the components do."""


def assembled(source: Source, found: Statements) -> Document:
    """The document, with the problems that were met on the way."""
    components = tuple(found.components)
    if not components:
        source.problems.note(ProblemCode.NO_COMPONENTS, "", "lists no components: there is nothing to match")
    distros = (*found.distros, *(each.distro for each in components if each.type == "operating-system" and each.distro))
    return Document(
        path=source.path,
        sha256=source.sha256,
        format=found.format,
        spec_version=found.spec_version,
        producer=found.producer,
        subject=found.subject,
        distros=distros,
        layers=found.layers.all(),
        bom_link=found.bom_link,
        subject_ref=found.subject_ref,
        dependencies=found.dependencies,
        components=_with_purls(components, distros, source.problems),
        problems=source.problems.all(),
    )


def _with_purls(components: tuple[Component, ...], distros: tuple[DistroStatement, ...], problems: Problems) -> tuple[Component, ...]:
    """The components; those without PURL whose kind of package is known get one, and that is noted."""
    made = {}
    for index, component in enumerate(components):
        if component.purl is None and component.package_type and (purl := made_purl(component, distros)):
            made[index] = replace(component, purl=purl, purl_from="made")
    if not made:
        return components
    problems.note(
        ProblemCode.NO_PURL, "", f"{len(made)} components state no PURL: one is made of their kind, name, version and distribution"
    )
    return tuple(made.get(index, component) for index, component in enumerate(components))
