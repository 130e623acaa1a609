"""What the versions of CycloneDX have a place for: a document is built for its version, and none is built and then cut."""

from msgspec import Struct

VERSIONS = ("1.6", "1.4", "1.5", "1.7")
"""That are written, the default first."""


class Feature(Struct, frozen=True):
    """Something that not every version has."""

    since: str
    lost_before: str | None = None
    """What documents of earlier versions do not say; None where they say it in another form."""

    def in_version(self, version: str) -> bool:
        """Whether a version has it."""
        # One digit each, so text compares like numbers.
        return version >= self.since


TOOLS_AS_COMPONENTS = Feature("1.5")
LIFECYCLES = Feature("1.5", "the phase of the life cycle in which it was made")
EVIDENCE = Feature("1.5", "evidence of how a package was recognised")
OCCURRENCE_CONTEXT = Feature("1.6", "the layer of each file of evidence")
AUTHORS = Feature("1.6")
CONCLUDED_VALUE = Feature("1.6")
ACKNOWLEDGEMENT = Feature("1.6", "whether licences are declared or concluded")
LISTED_EXPRESSIONS = Feature("1.7")
LISTED_IDENTITIES = Feature("1.7")
"""1.6 has it too: see `Evidence`."""

_LOSSES = (LIFECYCLES, EVIDENCE, OCCURRENCE_CONTEXT, ACKNOWLEDGEMENT)


def losses(version: str) -> tuple[str, ...]:
    """In words, what a version has no place for though it is known."""
    return tuple(feature.lost_before for feature in _LOSSES if feature.lost_before and not feature.in_version(version))
