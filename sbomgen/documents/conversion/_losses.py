"""What a conversion loses."""

from collections import Counter
from collections.abc import Mapping


class Losses:
    """Counts what has no place in the other format, by words that say it."""

    def __init__(self, before: Mapping[str, int]) -> None:
        self._counts = Counter(before)

    def add(self, what: str, times: int = 1) -> None:
        """So many of one kind."""
        if times > 0:
            self._counts[what] += times

    def told(self) -> tuple[str, ...]:
        """For people, sorted: `WHAT (COUNT)`."""
        return tuple(f"{what} ({count})" if count > 1 else what for what, count in sorted(self._counts.items()))
