import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbomgen import javaindex
from sbomgen.catalogers.java import JavaCataloger
from sbomgen.errors import UnreadableError
from sbomgen.javaindex import FIELD_LIMIT_CHARS, Built, JavaIndex, build_index
from tests.support.evidence import MemoryView, packages_of
from tests.support.images import ImageSpec, LayerSpec, file, write_docker_archive
from tests.support.jars import jar, pom
from tests.support.run import run

A, B = "a" * 40, "0b" * 20


def built(folder: Path, *rows: str) -> tuple[Path, Built]:
    path = folder / "jars.idx"
    with path.open("w+b") as target:
        return path, build_index((f"{row}\n" for row in rows), target)


def test_what_was_put_in_is_found_and_nothing_else(tmp_path: Path) -> None:
    path, counts = built(tmp_path, "sha1,group,artifact,version", f"{A},org.a,a,1", f"{B.upper()},org.b, b ,2", "")
    assert counts == Built(2, 0, 0, None)
    with JavaIndex(path) as index:
        assert index.find(A) == ("org.a", "a", "1")
        assert index.find(B) == ("org.b", "b", "2")
        assert index.find("f" * 40) is None


def test_the_first_of_two_rows_counts_and_what_is_no_row_is_counted(tmp_path: Path) -> None:
    bad = ["x,a,b,1", f"{B},a,b", f"{B},a,,1", f'{B},"a\tb",b,1', f"{B},a,b,{'1' * (FIELD_LIMIT_CHARS + 1)}", f"{B},{'a' * 200_000},b,1"]
    path, counts = built(tmp_path, f"{A},org.a,a,1", f"{A},other,a,1", *bad)
    assert counts == Built(1, 1, len(bad), 3)
    with JavaIndex(path) as index:
        assert (index.find(A), index.find(B)) == (("org.a", "a", "1"), None)


def test_texts_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javaindex, "TEXTS_LIMIT_BYTES", 10)
    with pytest.raises(UnreadableError, match="more than 10 bytes"):
        built(tmp_path, f"{A},org.a,a,1", f"{B},org.a,a,1")


@given(st.sets(st.binary(min_size=20, max_size=20), max_size=60))
def test_an_index_of_any_digests_finds_each_and_is_the_same_for_every_order(digests: set[bytes]) -> None:
    rows = [f"{digest.hex()},g,a{digest.hex()},1\n" for digest in digests]
    one, other = io.BytesIO(), io.BytesIO()
    build_index(rows, one)
    build_index(reversed(rows), other)
    assert one.getvalue() == other.getvalue()


def test_many_are_found_again(tmp_path: Path) -> None:
    digests = [hashlib.sha1(b"%d" % number).hexdigest() for number in range(2_000)]
    path, _ = built(tmp_path, *(f"{digest},g,a,{number}" for number, digest in enumerate(digests)))
    with JavaIndex(path) as index:
        assert [index.find(digest) for digest in digests] == [("g", "a", str(number)) for number in range(2_000)]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda body: b"", "cannot be read"),
        (lambda body: b"PK" + body, "no Java index"),
        (lambda body: body[:-1], "damaged or cut short"),
        (lambda body: body[:-3] + b"9" + body[-2:], "damaged or cut short"),
        (lambda body: body + b"x", "damaged or cut short"),
    ],
)
def test_a_damaged_index_is_refused(tmp_path: Path, damage: object, said: str) -> None:
    assert callable(damage)
    path, _ = built(tmp_path, f"{A},org.a,a,1")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UnreadableError, match=said):
        JavaIndex(path)


def test_an_index_names_jars_without_a_pom_and_never_those_with_one() -> None:
    plain, stated = jar({"A.class": ""}), jar(pom("org.own:b:2"))
    known = {hashlib.sha1(body).hexdigest(): ("org.index", "x", "9") for body in (plain, stated)}
    view = MemoryView({"opt/a-1.jar": plain, "opt/b-2.jar": stated})
    found = packages_of(JavaCataloger(known.get), view)
    assert [(package.name, package.raw_version) for package in found] == [("org.index:x", "9"), ("org.own:b", "2")]


def test_the_commands_build_an_index_and_scan_with_it(tmp_path: Path) -> None:
    body = jar({"A.class": ""})
    image = write_docker_archive(ImageSpec(layers=(LayerSpec((file("opt/a-1.jar", body),)),)), tmp_path / "image.tar")
    table, index = tmp_path / "jars.csv", tmp_path / "jars.idx"
    table.write_text(f"sha1,group,artifact,version\n{hashlib.sha1(body).hexdigest()},org.a,a,1.2\n")
    assert run("sbomgen", "java-index", "build", table, "-o", index).stderr == f"sbomgen: {index}: 1 jars\n"
    assert run("sbomgen", image, "-o", "purls").text == "pkg:maven/a@1\n"
    assert run("sbomgen", image, "-o", "purls", "--java-index", index).text == "pkg:maven/org.a/a@1.2\n"
    assert run("sbomgen", image, "-o", "purls", env={"SBOMGEN_JAVA_INDEX": str(index)}).text == "pkg:maven/org.a/a@1.2\n"
    assert run("sbomgen", image, "--java-index", table).code == 3
    table.write_text("nothing\n")
    ran = run("sbomgen", "java-index", "build", table, "-o", index)
    assert (ran.code, ran.stderr) == (5, f"sbomgen: {index}: 0 jars, 1 rows are none (the first in line 1)\n")
    assert run("sbomgen", "java-index", "build", tmp_path / "absent.csv", "-o", index).code == 3
