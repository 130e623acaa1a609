"""Changes for tests."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from sbommatch.archive.change import ArchiveChange, Because, Cause, ChangeKind

PLAIN = ArchiveChange(
    change_id="",
    at="2026-08-21T06:00:00Z",
    kind=ChangeKind.AFFECTED,
    document="d" * 64,
    ref="pkg:pypi/jinja2@2.10",
    package="Jinja2",
    version="2.10",
    purl="pkg:pypi/jinja2@2.10",
    id="CVE-2024-34064",
    record="GHSA-h75v-3vvj-5mfj",
    because=Because(Cause.FEED, "osv-pypi: GHSA-h75v-3vvj-5mfj is new"),
    severity="medium",
    is_kev=False,
    fix="3.1.4",
    subject="shop/web 1.4",
    labels={"team": "web"},
)


def change(number: int, **fields: Any) -> ArchiveChange:
    """A change with an identifier of its own."""
    return replace(PLAIN, change_id=f"{number:032x}", **fields)


def ids(changes: Sequence[ArchiveChange]) -> list[int]:
    """The numbers that `change` was given."""
    return [int(one.change_id, 16) for one in changes]
