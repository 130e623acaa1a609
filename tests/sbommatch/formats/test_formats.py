"""The list of formats."""

import pytest

from sbommatch import formats
from sbommatch.formats import FORMATS, FeedContext, Format
from sbommatch.problem import Problem
from sbommatch.supply.declarations import declarations


def test_names_are_unique_and_each_is_declared_by_a_feed() -> None:
    assert len(formats.FORMAT_BY_NAME) == len(formats.FORMATS)
    assert {feed.format for feed in declarations().values()} == set(formats.FORMAT_BY_NAME)


HOSTILE = {
    "nothing": b"",
    "a million lists": b"[" * 1_000_000,
    "a million objects": b'{"a":' * 1_000_000,
    "an entity bomb": b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><updates><update>&b;</update></updates>',
    "an external entity": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><updates><update>&a;</update></updates>',
    "a million elements": b"<a>" * 1_000_000,
    "no text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
def test_no_format_raises_or_finds_anything_in_what_was_made_to_do_harm(format_: Format, document: bytes) -> None:
    found = list(format_.read(document, f"feed{format_.suffixes[0]}", FeedContext(format_.name)))
    assert found
    assert all(isinstance(part, Problem) and "root:" not in part.message for part in found)
