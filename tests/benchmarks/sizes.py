"""What the tables of a feed database take on the disk."""

from collections import Counter
from pathlib import Path

import duckdb

MATCHING_TABLES = ("affected_row", "package", "advisory_group", "identifier")
"""What a lookup is joined with."""


def table_megabytes(database: Path) -> dict[str, float]:
    """By table, of blocks that small columns share each its part."""
    with duckdb.connect(str(database), read_only=True) as connection:
        [(block_bytes,)] = connection.execute("SELECT block_size FROM pragma_database_size()").fetchall()
        tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        found = {}
        for table in tables:
            segments = connection.execute(f"SELECT block_id, additional_block_ids FROM pragma_storage_info('{table}')").fetchall()
            shared = Counter(block for block, _ in segments if block is not None and block >= 0)
            found[table] = block_bytes * (len(shared) + sum(len(others or ()) for _, others in segments)) / 1e6
    return found
