"""What a scan of one image yields: the document writers' only input."""

from enum import StrEnum

from msgspec import Struct

from sbomgen.image.manifest import DockerfileLines, Image, Layer
from sbomgen.model import Distro, Edge, Problem, TrackedPackage


class BaseMethod(StrEnum):
    """How the base image was told apart."""

    ANNOTATION = "annotation"
    PROVENANCE = "provenance"
    """By what BuildKit attests of the build."""
    GIVEN = "given"
    HISTORY = "history"
    NONE = "none"


class Confidence(StrEnum):
    """How sure that is."""

    EXACT = "exact"
    HEURISTIC = "heuristic"


class BaseImage(Struct, frozen=True):
    """The image this one was built on, as far as it is known."""

    method: BaseMethod = BaseMethod.NONE
    confidence: Confidence = Confidence.HEURISTIC
    name: str | None = None
    last_layer: int | None = None
    """Index of its topmost layer; None where it is unknown or there is none."""


class LayerOrigin(StrEnum):
    """Whose layer it is."""

    BASE = "base"
    OWN = "own"
    UNKNOWN = "unknown"


class ReadState(StrEnum):
    """Whether a layer's contents are known."""

    FULL = "full"
    NOT_READ = "not_read"


class ScannedLayer(Struct, frozen=True, kw_only=True):
    """A layer with what reading it told."""

    layer: Layer
    created_by: str
    """The history entry's instruction, build-argument values redacted unless asked for; empty where unknown."""
    origin: LayerOrigin
    read: ReadState
    reason: str | None = None
    """Why it was not read."""
    size_bytes: int | None = None
    """Of the uncompressed tar; None when not read."""
    dockerfile: DockerfileLines | None = None


class Inventory(Struct, frozen=True, kw_only=True):
    """An image and what is installed in it."""

    image: Image
    name: str
    """What documents call the image: its first tag, else the file's name."""
    content_id: str
    """`sha256:…` over config digest and packages: equal over all forms of the same image."""
    distro: Distro | None
    """Of the image's root on the final view."""
    base: BaseImage
    layers: tuple[ScannedLayer, ...]
    packages: tuple[TrackedPackage, ...]
    """Visible and hidden ones, sorted by ref."""
    edges: tuple[Edge, ...]
    """On the final view, sorted."""
    problems: tuple[Problem, ...]
