"""The stored form of a layer's record: what goes in comes out, and what is none is refused."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.errors import UnreadableError
from sbomgen.evidence import Wants
from sbomgen.image.record import decode_scan, encode_scan
from sbomgen.layerscan import EntryKind, FileFacts, LayerEntry, LayerScan
from sbomgen.model import Problem, ProblemCode
from tests.sbomgen.image.fakes import TEXTS, Quote, Quoter, corrupt_copies, scan
from tests.support.images import LayerSpec, file, whiteout

OTHERS = Quoter("others", Wants())

TEXT = st.text(st.characters(codec="utf-8"), max_size=8) | st.binary(max_size=8).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
FILE_FACTS = st.builds(
    FileFacts, TEXT, st.lists(st.builds(Quote, TEXT, st.integers(0, 0o7777), st.binary(max_size=8)), max_size=2).map(tuple)
)
SCANS = st.builds(
    LayerScan,
    diff_id=TEXT,
    size_bytes=st.integers(0, 1 << 40),
    entries=st.lists(st.builds(LayerEntry, TEXT, st.sampled_from(EntryKind), st.integers(0, 1 << 40), TEXT), max_size=3).map(tuple),
    whiteouts=st.lists(TEXT, max_size=2).map(tuple),
    opaque=st.lists(TEXT, max_size=2).map(tuple),
    facts=st.fixed_dictionaries(
        {"texts": st.lists(FILE_FACTS, max_size=2).map(tuple), "others": st.lists(FILE_FACTS, max_size=1).map(tuple)}
    ),
    problems=st.lists(st.builds(Problem, st.sampled_from(ProblemCode), TEXT, TEXT, st.booleans()), max_size=2).map(tuple),
    complete=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(SCANS)
def test_a_record_comes_back_as_it_was(record: LayerScan) -> None:
    assert decode_scan(encode_scan(record), (TEXTS, OTHERS)) == record


def test_facts_of_catalogers_that_are_not_asked_for_are_left_out() -> None:
    record = scan(LayerSpec((file("a.txt", "a"), file("bad\udcff.txt"), whiteout("b"))), TEXTS, OTHERS)
    assert decode_scan(encode_scan(record), (OTHERS,)) == msgspec.structs.replace(record, facts={"others": ()})


def test_a_record_of_another_format_is_refused() -> None:
    record = msgspec.structs.replace(scan(LayerSpec(())), format=999)
    with pytest.raises(UnreadableError, match="format 999, this release reads 1; clear the cache"):
        decode_scan(encode_scan(record), (TEXTS,))


@pytest.mark.parametrize("name", ["a.txt", "bad\udcff.txt"])
def test_a_damaged_record_raises_nothing_but_our_error(name: str) -> None:
    content = encode_scan(scan(LayerSpec((file(name, "body"), whiteout("b")))))
    for copy in (b"", content[:-1], b"\x91" * 100_000, b"\xd4\x05x", *corrupt_copies(content, 200, seed=2)):
        try:
            decode_scan(copy, (TEXTS,))
        except UnreadableError:
            continue
