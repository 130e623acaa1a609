"""The list of formats."""

from sbommatch import formats


def test_names_are_unique_and_are_what_declarations_use() -> None:
    assert sorted(formats.FORMAT_BY_NAME) == ["alpine-secdb", "osv"]
    assert len(formats.FORMAT_BY_NAME) == len(formats.FORMATS)
