"""Which changes somebody wants to hear of."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from sbommatch.archive.change import ArchiveChange, ChangeKind
from sbommatch.archive.documents import Label
from sbommatch.match.model import Level
from sbommatch.match.policy import RANKS


class Filter(Struct, frozen=True, kw_only=True):
    """All of its conditions must hold; without any it takes everything."""

    labels: tuple[Label, ...] = ()
    severity: Level | None = None
    """This or a higher one."""
    is_unknown_enough: bool = True
    """Whether a severity that nobody states reaches the one asked for."""
    only_kev: bool = False
    only_fixable: bool = False
    kinds: tuple[ChangeKind, ...] = ()
    """Any of these; empty: all."""

    def takes(self, change: ArchiveChange) -> bool:
        """Whether somebody wants to hear of it."""
        return (
            all(change.labels.get(name) == value for name, value in self.labels)
            and (not self.kinds or change.kind in self.kinds)
            and (change.is_kev or not self.only_kev)
            and (change.fix is not None or not self.only_fixable)
            and self._reaches(change.severity)
        )

    def _reaches(self, level: str | None) -> bool:
        if self.severity is None:
            return True
        rank = rank_of(level)
        return self.is_unknown_enough if rank is None else rank >= RANKS[self.severity]

    def condition(self) -> tuple[str, Mapping[str, Any]]:
        """The same as `takes`, as a condition on the rows of a box, with its parameters."""
        parts, parameters = ["true"], dict[str, Any]()
        for number, (name, value) in enumerate(self.labels):
            parts.append(f"EXISTS (SELECT 1 FROM json_each(change, '$.labels') WHERE key = :name{number} AND atom = :value{number})")
            parameters |= {f"name{number}": name, f"value{number}": value}
        if self.kinds:
            parts.append(f"kind IN ({', '.join(f':kind{number}' for number in range(len(self.kinds)))})")
            parameters |= {f"kind{number}": kind.value for number, kind in enumerate(self.kinds)}
        parts += ["is_kev"] if self.only_kev else []
        parts += ["is_fixable"] if self.only_fixable else []
        if self.severity is not None:
            parts.append(f"coalesce(rank >= :rank, {'true' if self.is_unknown_enough else 'false'})")
            parameters["rank"] = RANKS[self.severity]
        return " AND ".join(parts), parameters


def rank_of(level: str | None) -> int | None:
    """Where a severity stands among the levels; None where it is unknown."""
    return next((rank for known, rank in RANKS.items() if known.value == level), None)
