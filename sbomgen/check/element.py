"""Elements of profiles, and what is found of them in a document."""

from collections.abc import Callable, Iterable
from enum import StrEnum

from msgspec import Struct

from sbomgen.sbom.bom import Bom, Component


class Status(StrEnum):
    """Whether an element is there."""

    MET = "met"
    MISSING = "missing"
    IMPOSSIBLE = "impossible"
    """Missing, and an image does not tell it: nobody who reads one can add it."""


class Element(Struct, frozen=True, kw_only=True):
    """Something that a profile wants: of the document (`of_document`), or of each component (`of_component`)."""

    id: str
    title: str
    of_document: Callable[[Bom], bool] | None = None
    of_component: Callable[[Component], bool] | None = None
    lacking: Callable[[Bom], Iterable[Component]] | None = None
    """Components that lack it, where that is seen on the document as a whole."""
    adds: str | None = None
    """What adds it to the document, or to the component that the document is about."""
    required: bool = True
    """False: due only where it exists, which no document tells; a document conforms without it."""
    not_in_images: str | None = None
    """Why an image does not tell it of a package."""
    told_of: Callable[[Component], bool] | None = None
    """Components of which an image does tell it all the same."""


class Result(Struct, frozen=True):
    """What was found of an element."""

    element: Element
    status: Status
    missing: tuple[Component, ...] = ()
    why: str | None = None
    adds: str | None = None


class Profile(Struct, frozen=True):
    """A list of minimum elements."""

    name: str
    title: str
    source: str
    elements: tuple[Element, ...]

    def check(self, bom: Bom) -> "Checked":
        """Each element in turn."""
        return Checked(self, tuple(_checked(element, bom) for element in self.elements), len(listed(bom)))


class Checked(Struct, frozen=True):
    """What a profile says of a document."""

    profile: Profile
    results: tuple[Result, ...]
    components: int
    """How many were looked at."""

    @property
    def conforms(self) -> bool:
        """Whether every element that is due in any case is met."""
        return all(result.status is Status.MET for result in self.results if result.element.required)


def listed(bom: Bom) -> tuple[Component, ...]:
    """The components that elements are asked of: all but source packages, which say what the others were built from."""
    return tuple(component for component in bom.components if component.kind != "source")


def _checked(element: Element, bom: Bom) -> Result:
    if element.of_document is not None:
        met = element.of_document(bom)
        return Result(element, Status.MET if met else Status.MISSING, adds=None if met else element.adds)
    if element.lacking is not None:
        missing = tuple(element.lacking(bom))
    else:
        asked = element.of_component
        missing = tuple(component for component in listed(bom) if asked is not None and not asked(component))
    if not missing:
        return Result(element, Status.MET)
    adds = element.adds if any(component.ref == bom.root for component in missing) else None
    subject = bom.subject
    of_image = subject is not None and subject.kind == "container"
    if element.not_in_images is None or not of_image:
        return Result(element, Status.MISSING, missing, adds=adds)
    told = element.told_of is not None and any(map(element.told_of, missing))
    return Result(element, Status.MISSING if adds or told else Status.IMPOSSIBLE, missing, element.not_in_images, adds)
