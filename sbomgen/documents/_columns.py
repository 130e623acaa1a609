"""Text in columns, for people: plain and whole in a file or pipe, fitted and coloured on a terminal."""

from collections.abc import Sequence

from sbomgen.documents.escape import terminal_text

BOLD, DIM, GREEN = "1", "2", "32"
GAP = "  "
ELLIPSIS = "…"

CELL_LIMIT_CHARACTERS = 40
"""Of a cell on a terminal, but for the last column: one long name must not push the rest off the screen."""
LAST_COLUMN_CHARACTERS = 20
"""The least that the last column gets, even where the line then wraps."""


def terminal_width(terminal: bool) -> int | None:
    """Columns of the terminal; None where the output is not read on one, and nothing is to be cut."""
    if not terminal:
        return None
    import shutil

    return shutil.get_terminal_size().columns


def in_columns(header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None, right: frozenset[int] = frozenset()) -> list[str]:
    """The lines of a table, the header's first; `right` are the columns set to the right. Cells are made fit for terminals."""
    limit = None if width is None else CELL_LIMIT_CHARACTERS
    cells = [[shortened(terminal_text(cell), limit) for cell in row[:-1]] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header) - 1)]
    left = None if width is None else max(width - sum(widths) - len(GAP) * len(widths), LAST_COLUMN_CHARACTERS)
    lines = []
    for row, last in zip(cells, (row[-1] for row in (header, *rows)), strict=True):
        padded = [
            cell.rjust(size) if column in right else cell.ljust(size) for column, (cell, size) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(GAP.join([*padded, shortened(terminal_text(last), left)]).rstrip())
    return lines


def shortened(text: str, limit: int | None) -> str:
    """Text of at most `limit` characters, an ellipsis where it was cut.

    >>> shortened("RUN make install", 9)
    'RUN make…'
    """
    return text if limit is None or len(text) <= limit else text[: max(limit - 1, 0)] + ELLIPSIS


def styled(line: str, style: str, colour: bool) -> str:
    """A line in an ANSI style, where colour is wanted."""
    return f"\x1b[{style}m{line}\x1b[0m" if colour and style and line else line


def readable_size(size_bytes: int | None) -> str:
    """A size as people read it, in powers of 1000 as Docker counts.

    >>> readable_size(74_812_345), readable_size(999), readable_size(None)
    ('74.8 MB', '999 B', '?')
    """
    if size_bytes is None:
        return "?"
    size, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 999.95:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
