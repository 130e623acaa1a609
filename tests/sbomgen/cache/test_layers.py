"""The layer cache: a layer is read once for each version of each cataloger, verified once, and what is kept changes no answer."""

from pathlib import Path
from typing import BinaryIO

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbomgen.cache import layers as layers_module
from sbomgen.cache.layers import RECORDS, LayerCache
from sbomgen.cache.store import Store
from sbomgen.errors import DigestMismatchError, UnreadableError
from sbomgen.evidence import Wants
from sbomgen.image.manifest import Layer
from sbomgen.image.record import decode_record, encode_record, make_record
from sbomgen.image.reference import open_image
from sbomgen.layerscan import LAYER_SCAN_FORMAT
from sbomgen.scan import ScanOptions, scan_image
from tests.sbomgen.image.fakes import Quoter, memory_layer, read
from tests.support.images import (
    ImageSpec,
    LayerSpec,
    file,
    hardlink,
    oci_files,
    sha256,
    write_docker_archive,
    write_folder,
    write_oci_layout,
)

BASE = LayerSpec((file("a.txt", "a"), file("b.md", "b"), file("bad\udcff.txt", "BAD"), hardlink("z.txt", "b.md")))
OWN = LayerSpec((file("c.txt", "c"),))


def quoter(name: str, suffix: str, version: int = 1) -> Quoter:
    made = Quoter(name, Wants(suffixes=frozenset({suffix})))
    made.version = version
    return made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


@pytest.fixture
def cache(store: Store) -> LayerCache:
    return LayerCache(store)


def layer_of(spec: LayerSpec) -> Layer:
    return memory_layer(spec.tar, spec.diff_id, spec.diff_id)


def closed(layer: Layer) -> Layer:
    """The same layer, which must not be opened."""

    def refuse() -> BinaryIO:
        raise AssertionError("the layer was opened")

    return msgspec.structs.replace(layer, open=refuse)


def test_a_layer_that_was_read_is_not_opened_again(cache: LayerCache) -> None:
    texts = quoter("texts", ".txt")
    cold = cache.read(layer_of(BASE), [texts])
    assert cold == read(BASE, texts)
    assert cache.read(closed(layer_of(BASE)), [texts]) == cold


def test_its_problems_are_told_again(cache: LayerCache) -> None:
    texts = quoter("texts", ".txt")
    cold = list(cache.read(layer_of(BASE), [texts]).all_problems)
    assert cold
    assert list(cache.read(closed(layer_of(BASE)), [texts]).all_problems) == cold


def test_a_cataloger_of_another_version_reads_the_layer_again_and_no_other_does(cache: LayerCache) -> None:
    texts, notes = quoter("texts", ".txt"), quoter("notes", ".md")
    cache.read(layer_of(BASE), [texts, notes])
    texts.reads.clear()
    newer = quoter("notes", ".md", version=2)
    assert cache.read(layer_of(BASE), [texts, newer]) == read(BASE, quoter("texts", ".txt"), newer)
    assert (texts.reads, newer.reads) == ([], ["b.md", "b.md"]), "once here, once by itself"
    cache.read(closed(layer_of(BASE)), [texts, newer])


def test_each_choice_of_catalogers_reads_only_what_no_other_read(cache: LayerCache) -> None:
    texts, notes = quoter("texts", ".txt"), quoter("notes", ".md")
    cache.read(layer_of(BASE), [texts])
    cache.read(layer_of(BASE), [notes])
    assert cache.read(closed(layer_of(BASE)), [texts, notes]) == read(BASE, quoter("texts", ".txt"), quoter("notes", ".md"))


@given(st.lists(st.sets(st.sampled_from(("texts", "notes", "all", "magic")), min_size=1), min_size=1, max_size=4))
def test_whatever_was_asked_before_the_answer_is_that_of_reading(tmp_path_factory: pytest.TempPathFactory, asked: list[set[str]]) -> None:
    known = {
        "texts": quoter("texts", ".txt"),
        "notes": quoter("notes", ".md"),
        "all": Quoter("all", Wants(folders=(".*",))),
        "magic": Quoter("magic", Wants(magic=(b"b",))),
    }
    cache = LayerCache(Store(tmp_path_factory.mktemp("cache")))
    for names in asked:
        catalogers = [cataloger for name, cataloger in known.items() if name in names]
        found = cache.read(layer_of(BASE), catalogers)
        assert found == read(BASE, *catalogers)
        assert list(found.facts) == [cataloger.name for cataloger in catalogers]


def test_a_scan_that_a_limit_cut_short_is_not_kept(cache: LayerCache, store: Store) -> None:
    texts, short = quoter("texts", ".txt"), Quoter("short", Wants(suffixes=frozenset({".md"})), limit_bytes=0)
    cache.read(layer_of(BASE), [texts])
    found = cache.read(layer_of(BASE), [texts, short])
    assert found == read(BASE, texts, short)
    assert not found.complete
    with pytest.raises(AssertionError, match="was opened"):
        cache.read(closed(layer_of(BASE)), [texts, short])
    cache.read(closed(layer_of(BASE)), [texts])


def test_a_layer_that_cannot_be_read_is_not_kept(cache: LayerCache, store: Store) -> None:
    truncated = LayerSpec((file("a.txt", "x" * 1000),)).tar[:700]
    layer = memory_layer(truncated, sha256(truncated))
    for _ in range(2):
        with pytest.raises(UnreadableError, match="truncated"):
            cache.read(layer, [quoter("texts", ".txt")])
    assert store.usage().files == {}


def test_bytes_that_are_not_known_are_verified_although_the_layer_is(cache: LayerCache) -> None:
    texts = quoter("texts", ".txt")
    cache.read(layer_of(BASE), [texts])
    texts.reads.clear()
    unnamed = memory_layer(BASE.tar, BASE.diff_id)
    assert cache.read(unnamed, [texts]).diff_id == BASE.diff_id
    assert texts.reads == [], "for its digest alone"
    with pytest.raises(DigestMismatchError, match="uncompressed tar"):
        cache.read(memory_layer(OWN.tar, BASE.diff_id), [texts])
    with pytest.raises(DigestMismatchError, match="blob"):
        cache.read(memory_layer(BASE.tar, BASE.diff_id, OWN.diff_id), [texts])


def test_a_wrong_digest_leaves_nothing(cache: LayerCache, store: Store) -> None:
    with pytest.raises(DigestMismatchError):
        cache.read(memory_layer(OWN.tar, BASE.diff_id), [quoter("texts", ".txt")])
    assert store.usage().files == {}


def test_what_is_stored_in_a_layers_place_is_refused_and_replaced(cache: LayerCache, store: Store) -> None:
    import zstandard

    texts = quoter("texts", ".txt")
    key = f"{BASE.diff_id} {LAYER_SCAN_FORMAT}"
    record = make_record(read(BASE, texts), [texts])
    no_facts = msgspec.structs.replace(record, facts={"texts": msgspec.structs.replace(record.facts["texts"], content=b"\x93")})
    strange = [
        b"",
        b"no zstd",
        zstandard.compress(b"no record"),
        zstandard.compress(encode_record(make_record(read(OWN, texts), [texts]))),
        zstandard.compress(encode_record(no_facts)),
        zstandard.compress(encode_record(msgspec.structs.replace(record, table=b"\xc1"))),
        zstandard.compress(encode_record(msgspec.structs.replace(record, format=1))),
    ]
    for content in strange:
        store.put(RECORDS, key, content)
        assert cache.read(layer_of(BASE), [texts]) == read(BASE, texts)
        assert cache.read(closed(layer_of(BASE)), [texts]) == read(BASE, texts)


def test_a_record_is_bounded(cache: LayerCache, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import zstandard

    texts = quoter("texts", ".txt")
    monkeypatch.setattr(layers_module, "MAX_RECORD_BYTES", 1000)
    big = LayerSpec(tuple(file(f"{number}.txt", str(number)) for number in range(100)))
    cache.read(layer_of(big), [texts])
    assert RECORDS not in store.usage().files
    store.put(RECORDS, f"{BASE.diff_id} {LAYER_SCAN_FORMAT}", zstandard.compress(bytes(1_000_000)))
    assert cache.read(layer_of(BASE), [texts]) == read(BASE, texts)


def test_verify_reads_again_and_tells_a_wrong_record(store: Store) -> None:
    import zstandard

    texts, told = quoter("texts", ".txt"), list[int]()
    cache = LayerCache(store, verify=True, on_difference=lambda layer: told.append(layer.index))
    for _ in range(2):
        texts.reads.clear()
        cache.read(layer_of(BASE), [texts])
        assert texts.reads
    assert told == []
    lie = make_record(msgspec.structs.replace(read(OWN, texts), diff_id=BASE.diff_id), [texts])
    store.put(RECORDS, f"{BASE.diff_id} {LAYER_SCAN_FORMAT}", zstandard.compress(encode_record(lie)))
    assert cache.read(layer_of(BASE), [texts]) == read(BASE, texts)
    assert told == [0]
    assert LayerCache(store).read(closed(layer_of(BASE)), [texts]) == read(BASE, texts)


def test_a_record_carries_nothing_of_the_compressed_form_or_the_layers_place(cache: LayerCache, store: Store) -> None:
    import zstandard

    texts = quoter("texts", ".txt")
    cache.read(memory_layer(BASE.tar, BASE.diff_id, index=7), [texts])
    content = store.get(RECORDS, f"{BASE.diff_id} {LAYER_SCAN_FORMAT}")
    assert content is not None
    assert decode_record(zstandard.decompress(content)) == make_record(read(BASE, texts), [texts])


def scan(path: Path, cache: LayerCache | None, threads: int = 1) -> list[int]:
    """The layers that were opened."""
    opened: list[int] = []
    with open_image(str(path)) as image:

        def counted(layer: Layer) -> Layer:
            def open_blob() -> BinaryIO:
                opened.append(layer.index)
                return layer.open()

            return msgspec.structs.replace(layer, open=open_blob)

        counting = msgspec.structs.replace(image, layers=tuple(map(counted, image.layers)))
        scan_image(counting, ScanOptions(cache=cache, threads=threads))
    return sorted(opened)


def test_a_second_image_on_the_same_base_reads_only_its_own_layers(tmp_path: Path, cache: LayerCache) -> None:
    base, own = tuple(LayerSpec((file(f"etc/{name}", name),)) for name in "abc"), LayerSpec((file("app", "x"),))
    first = write_oci_layout(ImageSpec(base), tmp_path / "first")
    second = write_oci_layout(ImageSpec((*base, own)), tmp_path / "second")
    assert scan(first, cache, threads=3) == [0, 1, 2]
    assert scan(first, cache) == []
    assert scan(second, cache) == [3]
    assert scan(second, cache) == []


def test_an_archive_that_was_written_again_is_verified_again(tmp_path: Path, cache: LayerCache) -> None:
    path = write_docker_archive(ImageSpec((BASE, OWN)), tmp_path / "image.tar")
    assert scan(path, cache) == [0, 1]
    assert scan(path, cache) == []
    content = path.read_bytes()
    path.write_bytes(content)
    assert scan(path, cache) == [0, 1]
    path.write_bytes(content.replace(b"c.txt", b"d.txt"))
    with pytest.raises(DigestMismatchError, match="layer 1"):
        scan(path, cache)


def test_a_blob_behind_another_digest_is_verified_though_its_layer_is_known(tmp_path: Path, cache: LayerCache) -> None:
    spec = ImageSpec((BASE,))
    scan(write_oci_layout(spec, tmp_path / "gzip", "gzip"), cache)
    zstd = oci_files(spec, "zstd")
    assert scan(write_folder(zstd, tmp_path / "zstd"), cache) == [0]
    assert scan(tmp_path / "zstd", cache) == []


def test_bytes_without_a_name_are_verified_each_time(cache: LayerCache) -> None:
    layer = memory_layer(BASE.tar, BASE.diff_id)
    assert layer.identity is None
    cache.read(layer, [quoter("texts", ".txt")])
    with pytest.raises(AssertionError, match="was opened"):
        cache.read(closed(layer), [quoter("texts", ".txt")])
