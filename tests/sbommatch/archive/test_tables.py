"""The page on the tables says what the tables are."""

import os
from pathlib import Path

import sbommatch.archive
from sbommatch.archive.tables import LOG_TABLES, TABLES

PAGE = Path(sbommatch.archive.__file__).parent / "tables.md"

HEAD = """\
# The tables of an archive

Delta tables, each in a folder of its name. `sbommatch archive files ARCHIVE TABLE` lists the Parquet files of a table that are alive;
a pattern such as `documents/*.parquet` would read deleted rows too.

- A row of `documents` is what makes a document count. It is written last: rows of the other tables without one are of additions that were
  interrupted, or of documents that were removed since, and do not count. So join with `documents`, or let `sbommatch archive sql` do it.
- Numbers of documents, coordinates and blobs count within a *segment*, what one run of `archive add` or `archive compact` wrote: joins go
  by `(segment, document)` and `(segment, coordinate)`. `coordinate_id` is the same everywhere.
- `segment` is the partition of all tables but `documents`: it stands in the paths of the files, where DuckDB and Spark find it.

    documents ── (segment, document) ── occurrences ── (segment, coordinate) ── coordinates
        └────── (blob_segment, blob) ── blobs (segment, blob)
"""

LOG_HEAD = """\
# What `archive changes` recorded

Tables of their own, made by its first run. A row of `runs` is what makes the rows of a run count, and is written last; `segment` of the
others is the `run`. `archive sql` shows `runs`, `removed`, and `changes` with the columns of `told`; and as `standing_now` and
`members_now` what counts after the last run: what stood against each coordinate, and which documents were there.
"""


def page() -> str:
    parts = [HEAD]
    for table in (*TABLES, *LOG_TABLES):
        if table is LOG_TABLES[0]:
            parts.append(LOG_HEAD)
        rows = [f"| `{name}` | {type_} | {words} |" for name, type_, words in table.columns]
        parts.append("\n".join([f"## {table.name}", "", "| column | type | |", "|---|---|---|", *rows, ""]))
    return "\n".join(parts)


def test_the_page_is_that_of_the_tables() -> None:
    """With SBOMPAIR_REWRITE_GOLDEN=1 it is rewritten instead."""
    if os.environ.get("SBOMPAIR_REWRITE_GOLDEN"):
        PAGE.write_text(page(), "utf-8")
    assert PAGE.read_text("utf-8") == page()
