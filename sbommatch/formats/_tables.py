"""CSV documents, as several feeds publish them."""

import csv
from collections.abc import Iterator, Sequence

from sbommatch.problem import Problem, ProblemCode

FIELD_LIMIT_CHARACTERS = 1 << 20
"""Of one cell; the longest of the feeds are texts of some thousand characters."""


def rows_of(document: bytes, where: str, required: Sequence[str]) -> Iterator[tuple[str, dict[str, str] | Problem]]:
    """Place and cells of each row by the names of the head; a problem of a row that has other cells than the head, or of the whole.

    Lines before the head that begin with `#` are comments. `required` are columns that the head must have.
    """
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        yield where, Problem(ProblemCode.BAD_RECORD, where, f"not UTF-8: {exc}", loss=True)
        return
    csv.field_size_limit(FIELD_LIMIT_CHARACTERS)
    lines = text.splitlines(keepends=True)
    comments = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    reader = csv.reader(lines[comments:], strict=True)
    try:
        head = [name.strip() for name in next(reader, [])]
        if missing := [name for name in required if name not in head]:
            yield where, Problem(ProblemCode.BAD_RECORD, where, f"its head has no column {', '.join(missing)}", loss=True)
            return
        for cells in reader:
            place = f"{where}: line {reader.line_num + comments}"
            if len(cells) == len(head):
                yield place, dict(zip(head, (cell.strip() for cell in cells), strict=True))
            elif any(cells):
                message = f"{len(cells)} cells under a head of {len(head)}"
                yield place, Problem(ProblemCode.BAD_RECORD, place, message, loss=True)
    except csv.Error as exc:
        place = f"{where}: line {reader.line_num + comments}"
        yield place, Problem(ProblemCode.BAD_RECORD, place, f"the rest cannot be read: {exc}", loss=True)
