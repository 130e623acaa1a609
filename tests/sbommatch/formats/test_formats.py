"""The list of formats."""

from sbommatch import formats
from sbommatch.supply.declarations import declarations


def test_names_are_unique_and_each_is_declared_by_a_feed() -> None:
    assert len(formats.FORMAT_BY_NAME) == len(formats.FORMATS)
    assert {feed.format for feed in declarations().values()} == set(formats.FORMAT_BY_NAME)
