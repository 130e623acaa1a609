"""Text for people: columns, and nothing in them that could act on a terminal."""

from collections.abc import Sequence

ELLIPSIS = "…"
GAP = "  "
MIN_CELL = 12
"""Columns that a cell keeps where a line is too long for its terminal: a short digest, a date, a CVE's year."""


def as_text(name: str) -> str:
    r"""A path as documents show it: bytes that are no UTF-8 as `\xNN`.

    >>> as_text("caf\udce9.json")
    'caf\\xe9.json'
    """
    return name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    r"""Text that cannot act on a terminal: control characters, direction marks and bytes that are no UTF-8 as `\xNN` of their bytes.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def shortened(text: str, width: int) -> str:
    """Not longer than `width`.

    >>> shortened("apk add curl", 8)
    'apk add…'
    """
    return text if len(text) <= width else text[: max(width - 1, 0)] + ELLIPSIS


def column_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """The longest cell of each column."""
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def aligned(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    """The cells filled up to their columns' widths, but for the last, which ends the line."""
    return [*(cell.ljust(width) for cell, width in zip(cells[:-1], widths, strict=False)), cells[-1]]


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun.

    >>> counted(1, "finding"), counted(2, "finding")
    ('1 finding', '2 findings')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def table_lines(rows: Sequence[Sequence[str]], columns: int | None = None) -> list[str]:
    """Rows as aligned lines, the header among them; nothing in them can act on a terminal.

    Of a terminal with so many columns the longest cells are cut, as far as may be.
    """
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = column_widths(shown)
    if columns is not None:
        widths = fitted(widths, columns)
        shown = [[_cut(cell, width) for cell, width in zip(row, widths, strict=True)] for row in shown]
    return [GAP.join(aligned(row, widths)).rstrip() for row in shown]


def _cut(cell: str, width: int) -> str:
    """Of a path the end says most."""
    return ELLIPSIS + cell[1 - width :] if "/" in cell and len(cell) > width else shortened(cell, width)


def fitted(widths: Sequence[int], columns: int) -> list[int]:
    """Widths of cells that fit into a line: the widest give way, none below `MIN_CELL`.

    >>> fitted([12, 40, 60], 80), fitted([12, 40, 60], 20)
    ([12, 32, 32], [12, 12, 12])
    """
    kept = [min(width, max(columns, MIN_CELL)) for width in widths]
    while sum(kept) + len(GAP) * (len(kept) - 1) > columns and max(kept) > MIN_CELL:
        kept[kept.index(max(kept))] -= 1
    return kept


def sized(size_bytes: float) -> str:
    """A size for people, in powers of 1,000.

    >>> sized(999), sized(1_234_567)
    ('999 B', '1.2 MB')
    """
    if size_bytes < 1_000:
        return f"{size_bytes:.0f} B"
    power = next((power for power in (1, 2, 3) if size_bytes / 1_000**power < 999.95), 4)  # what is shown as 1000.0 is one of the next
    return f"{size_bytes / 1_000**power:.1f} {' kMGT'[power]}B"
