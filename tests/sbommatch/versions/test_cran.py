"""Versions that are rows of numbers: R's, against what R says of them, and Haskell's."""

import shutil
from pathlib import Path

import pytest

from sbommatch.versions.cran import CranScheme
from sbommatch.versions.hackage import HackageScheme
from sbommatch.versions.scheme import InvalidVersion, Scheme

from .natives import hold_answers, pairs
from .test_vectors import answers, vectors
from .truths import hold_ascending, hold_same

CRAN, HACKAGE = CranScheme(), HackageScheme()

every_row = pytest.mark.parametrize("scheme", [CRAN, HACKAGE], ids=lambda scheme: scheme.name)


@every_row
@pytest.mark.parametrize(
    "versions",
    ["0 0.0 0.1 0.1.0 0.1.1 0.2 0.9 0.75 0.100 1 1.0 1.0.0 1.0.1 2 10", "0.99999999999999999999 0.100000000000000000000"],
)
def test_versions_stand_in_the_order_of_their_numbers(scheme: Scheme, versions: str) -> None:
    hold_ascending(scheme, versions)
    hold_same(scheme, "1.2", "01.002")


def test_dots_and_hyphens_are_the_same_to_r() -> None:
    hold_same(CRAN, "1.2-3", "1.2.3")
    hold_ascending(CRAN, "0.1 0.1-0 0.1-1 0.1.1.1 0.1-4 0.2-2")


@every_row
@pytest.mark.parametrize("version", ["1.", ".1", "1..2", "1.2a", "1_2", "v1.2", " 1.2", "1.2\n", "1.-2", "1.2-alpha", "1.2-"])
def test_what_is_no_row_of_numbers_is_no_version(scheme: Scheme, version: str) -> None:
    for refuse in (scheme.key, scheme.end_of, scheme.end_of_upstream, lambda text: scheme.compare("1", text)):
        with pytest.raises(InvalidVersion, match=f"is no {scheme.name} version"):
            refuse(version)


def test_tags_of_cabal_are_refused_since_it_drops_them() -> None:
    with pytest.raises(InvalidVersion, match="character 2, '-'"):
        HACKAGE.key("1-20-0")


@every_row
def test_a_version_takes_in_itself_and_no_more(scheme: Scheme) -> None:
    assert scheme.end_of_upstream("1.2") == scheme.end_of("1.2") == scheme.key("1.2") + b"\x00" < scheme.key("1.2.0")


DEVIATIONS = {("1-20-0", ">", "1.20.0"): "none"}
"""A row of the vectors that Cabal takes for `1 < 1.20.0`, with a warning."""


@every_row
def test_vectors_are_answered_as_they_stand(scheme: Scheme, shared_data: Path) -> None:
    for left, wanted, right in vectors(shared_data, scheme.name):
        expected = DEVIATIONS.get((left, wanted, right), wanted)
        assert answers(scheme, left, right) == (expected, expected), (left, right)


NATIVE = """
asked <- strsplit(readLines(file("stdin")), "\\t")
cat(vapply(asked, function(pair) utils::compareVersion(pair[[1]], pair[[2]]), 0), sep = "\\n")
"""


@pytest.mark.long
@pytest.mark.peer
def test_r_orders_versions_alike() -> None:
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("R is absent: Debian's r-base-core")
    tokens = ".0 .1 -0 -1 .2 .9 .10 .00 -01 .224 .225 .65536 .2147483647"
    hold_answers(CRAN, [rscript, "-e", NATIVE], pairs("0 1 1.0 2-1 10 01.1", tokens))
