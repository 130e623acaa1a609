"""The stored form of a layer's record: what goes in comes out, and what is none is refused."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.errors import UnreadableError
from sbomgen.evidence import Wants
from sbomgen.image.record import LayerRecord, decode_record, encode_record, make_record, scan_of
from sbomgen.layerscan import FileFacts, LayerScan, Run
from sbomgen.model import Problem, ProblemCode
from tests.sbomgen.image.fakes import TEXTS, Quote, Quoter, corrupt_copies, read
from tests.support.images import LayerSpec, file, symlink, whiteout

OTHERS = Quoter("others", Wants())
BOTH = (TEXTS, OTHERS)

TEXT = st.text(st.characters(codec="utf-8"), max_size=8) | st.binary(max_size=8).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
PROBLEMS = st.lists(st.builds(Problem, st.sampled_from(ProblemCode), TEXT, TEXT, st.booleans()), max_size=2).map(tuple)
FILE_FACTS = st.builds(
    FileFacts, TEXT, st.lists(st.builds(Quote, TEXT, st.integers(0, 0o7777), st.binary(max_size=8)), max_size=2).map(tuple), PROBLEMS
)
ENTRIES = st.lists(st.tuples(TEXT, st.sampled_from("fdlho"), st.integers(0, 1 << 40), TEXT), min_size=1, max_size=3)


def run(folder: str, entries: list[tuple[str, str, int, str]]) -> Run:
    names, kinds, sizes, links = zip(*entries, strict=True)
    return Run(folder, names, "".join(kinds), sizes, links if any(links) else ())


SCANS = st.builds(
    LayerScan,
    diff_id=st.text(st.characters(codec="ascii"), max_size=8),
    size_bytes=st.integers(0, 1 << 40),
    runs=st.lists(st.builds(run, TEXT, ENTRIES), max_size=3).map(tuple),
    whiteouts=st.lists(TEXT, max_size=2).map(tuple),
    opaque=st.lists(TEXT, max_size=2).map(tuple),
    facts=st.fixed_dictionaries(
        {"texts": st.lists(FILE_FACTS, max_size=2).map(tuple), "others": st.lists(FILE_FACTS, max_size=1).map(tuple)}
    ),
    problems=PROBLEMS,
)


def stored(record: LayerRecord) -> LayerRecord:
    return decode_record(encode_record(record))


@settings(max_examples=150, deadline=None)
@given(SCANS)
def test_a_record_comes_back_as_it_was(scan: LayerScan) -> None:
    assert scan_of(stored(make_record(scan, BOTH)), BOTH) == scan


def test_facts_of_catalogers_that_are_not_asked_for_are_left_out() -> None:
    scan = read(LayerSpec((file("a.txt", "a"), file("bad\udcff.txt"), symlink("l", "bad\udcff.txt"), whiteout("b"))), *BOTH)
    assert scan_of(stored(make_record(scan, BOTH)), (OTHERS,)) == msgspec.structs.replace(scan, facts={"others": ()})


def test_a_record_takes_over_the_facts_that_an_older_one_has_of_other_catalogers() -> None:
    spec = LayerSpec((file("a.txt", "a"),))
    older = stored(make_record(read(spec, OTHERS), (OTHERS,)))
    assert older.missing(BOTH) == (TEXTS,)
    merged = stored(make_record(read(spec, TEXTS), (TEXTS,), older))
    assert merged.missing(BOTH) == ()
    assert scan_of(merged, BOTH) == read(spec, *BOTH)


def test_facts_of_another_version_are_missing() -> None:
    record = make_record(read(LayerSpec(()), *BOTH), BOTH)
    newer = Quoter("texts", TEXTS.wants)
    newer.version = 2
    assert record.missing((newer, OTHERS)) == (newer,)
    with pytest.raises(UnreadableError, match="lacks facts"):
        scan_of(record, (newer,))


def test_a_record_of_another_format_is_refused() -> None:
    record = msgspec.structs.replace(make_record(read(LayerSpec(())), (TEXTS,)), format=999)
    with pytest.raises(UnreadableError, match="format 999, this release reads 4; clear the cache"):
        stored(record)


@pytest.mark.parametrize("name", ["a.txt", "bad\udcff.txt"])
def test_a_damaged_record_raises_nothing_but_our_error(name: str) -> None:
    content = encode_record(make_record(read(LayerSpec((file(name, "body"), whiteout("b")))), (TEXTS,)))
    for copy in (b"", content[:-1], b"\x91" * 100_000, b"\xd4\x05x", *corrupt_copies(content, 200, seed=2)):
        try:
            scan_of(decode_record(copy), (TEXTS,))
        except UnreadableError:
            continue
