"""Refs of components: what reports and relations name them by, each given out once."""

from sbommatch.problem import ProblemCode
from sbommatch.sbom._reader import Problems


class Refs:
    """The refs of one document."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._taken: set[str] = set()

    def unique(self, ref: str | None, place: str) -> str:
        """The ref itself where it is the first of its name, else one made from the component's place in the document."""
        if ref and ref not in self._taken:
            self._taken.add(ref)
            return ref
        if ref:
            self._problems.note(
                ProblemCode.DUPLICATE_REF, place, f"{ref[:200]!r} is the ref of an earlier component; called {place!r} here"
            )
        while place in self._taken:
            place += "'"
        self._taken.add(place)
        return place
