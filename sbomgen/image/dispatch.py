"""Which catalogers want a file: a few look-ups for each file, however many catalogers there are."""

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from sbomgen.evidence import Cataloger

Catalogers = tuple[Cataloger, ...]
_Key = TypeVar("_Key", str, bytes)


class Dispatch:
    """What a set of catalogers wants, turned round: from a file's name or beginning to the catalogers, in their order."""

    def __init__(self, catalogers: Sequence[Cataloger]) -> None:
        self.catalogers: Catalogers = tuple(catalogers)
        self._basenames: dict[str, int] = {}
        self._suffixes: dict[str, int] = {}
        self._folders: list[tuple[re.Pattern[str], int]] = []
        self._magic: dict[bytes, int] = {}
        for position, cataloger in enumerate(self.catalogers):
            bit, wants = 1 << position, cataloger.wants
            _add(self._basenames, wants.basenames, bit)
            _add(self._suffixes, wants.suffixes, bit)
            _add(self._magic, wants.magic, bit)
            self._folders.extend((re.compile(pattern), bit) for pattern in wants.folders)
        self._all_magic = tuple(self._magic)
        self._sets: dict[int, Catalogers] = {0: ()}

    def by_folder(self, folder: str) -> int:
        """Those that want every file of a folder, as `by_name` takes them."""
        bits = 0
        for pattern, bit in self._folders:
            if pattern.fullmatch(folder):
                bits |= bit
        return bits

    def by_name(self, name: str, in_folder: int) -> Catalogers:
        """Those that want a file for its name, or for the folder that it lies in."""
        bits = in_folder | self._basenames.get(name, 0)
        dot = name.rfind(".")
        if dot >= 0:
            bits |= self._suffixes.get(name[dot:], 0)
        return self._catalogers(bits) if bits else ()

    def by_magic(self, head: bytes) -> Catalogers:
        """Those that want a file for what it begins with."""
        if not head.startswith(self._all_magic):
            return ()
        bits = 0
        for magic, bit in self._magic.items():
            if head.startswith(magic):
                bits |= bit
        return self._catalogers(bits)

    def union(self, some: Catalogers, others: Catalogers) -> Catalogers:
        """Those of either set, in their order."""
        if not some or not others:
            return some or others
        return tuple(cataloger for cataloger in self.catalogers if cataloger in some or cataloger in others)

    def _catalogers(self, bits: int) -> Catalogers:
        found = self._sets.get(bits)
        if found is None:
            found = self._sets[bits] = tuple(cataloger for position, cataloger in enumerate(self.catalogers) if bits >> position & 1)
        return found


def _add(table: dict[_Key, int], keys: Iterable[_Key], bit: int) -> None:
    for key in keys:
        table[key] = table.get(key, 0) | bit
