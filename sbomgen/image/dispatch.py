"""Which catalogers want a file: a few look-ups for each file, however many catalogers there are."""

import re
from collections.abc import Iterable, Sequence

from sbomgen.evidence import Cataloger

Catalogers = tuple[Cataloger, ...]


class Dispatch:
    """What a set of catalogers wants, turned round: from a file's name or beginning to those that want it, as a number with a bit each."""

    def __init__(self, catalogers: Sequence[Cataloger]) -> None:
        self.catalogers: Catalogers = tuple(catalogers)
        self._basenames: dict[str, int] = {}
        self._suffixes: dict[str, int] = {}
        self._endings: dict[str, list[tuple[str, int]]] = {}  # suffixes of several dots, by what they have from the last one
        self._folders: list[tuple[re.Pattern[str], int]] = []
        self._magic: dict[bytes, list[tuple[bytes, int]]] = {}  # by the first byte
        self._more = 1 << len(self.catalogers)
        """Above all bits: the suffix begins one of several dots. So the names that do not end in it cost one comparison."""
        for position, cataloger in enumerate(self.catalogers):
            bit, wants = 1 << position, cataloger.wants
            _add(self._basenames, wants.basenames, bit)
            _add(self._suffixes, (suffix for suffix in wants.suffixes if suffix.rfind(".") == 0), bit)
            for suffix in wants.suffixes:
                if last := suffix.rfind("."):
                    self._endings.setdefault(suffix[last:], []).append((suffix, bit))
                    _add(self._suffixes, (suffix[last:],), self._more)
            for magic in wants.magic:
                self._magic.setdefault(magic[:1], []).append((magic, bit))
            self._folders.extend((re.compile(pattern), bit) for pattern in wants.folders)
        self._sets: dict[int, Catalogers] = {0: ()}

    def by_folder(self, folder: str) -> int:
        """Those that want every file of a folder."""
        bits = 0
        for pattern, bit in self._folders:
            if pattern.fullmatch(folder):
                bits |= bit
        return bits

    def by_name(self, name: str) -> int:
        """Those that want a file for its name."""
        # Without a dot this asks for the last character alone, which is no suffix.
        bits = self._basenames.get(name, 0) | self._suffixes.get(name[name.rfind(".") :], 0)
        return bits if bits < self._more else self._with_endings(name, bits - self._more)

    def _with_endings(self, name: str, bits: int) -> int:
        for ending, bit in self._endings[name[name.rfind(".") :]]:
            if name.endswith(ending):
                bits |= bit
        return bits

    def by_magic(self, head: bytes) -> int:
        """Those that want a file for what it begins with."""
        bits = 0
        for magic, bit in self._magic.get(head[:1], ()):
            if head.startswith(magic):
                bits |= bit
        return bits

    def chosen(self, bits: int) -> Catalogers:
        """The catalogers of such a set."""
        found = self._sets.get(bits)
        if found is None:
            found = self._sets[bits] = tuple(cataloger for position, cataloger in enumerate(self.catalogers) if bits >> position & 1)
        return found


def _add(table: dict[str, int], keys: Iterable[str], bit: int) -> None:
    for key in keys:
        table[key] = table.get(key, 0) | bit
