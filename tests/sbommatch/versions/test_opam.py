"""opam's versions, against what dpkg, whose order they have, says of them."""

import shutil

import pytest

from sbommatch.versions.opam import OpamScheme
from sbommatch.versions.scheme import InvalidVersion

from .natives import COUNT, hold_answers, pairs
from .truths import hold_ascending, hold_same

SCHEME = OpamScheme()


@pytest.mark.parametrize(
    "versions",
    [
        # From opam's manual, "Version ordering".
        "~beta2 ~beta10 0.1 1.0~beta 1.0 1.0-test 1.0.1 1.0.10 dev1 trunk1",
        "0.8.1 4.14.0~beta1 4.14.0 4.14.0+options 113.00.00 v0.9.0 v0.16.0 v0.16.1",
        "2.0.0~alpha5 2.0.0~rc2 2.0.0 2.0.0-1 2.0.0-1.1 2.0.0-2 2.0.0+1 2.0.0-1-1",
        "8.4pl2 8.4pl10 8.4.5 20140301 Neon-20140301",
        "-1 a1 a.1 .1",
    ],
)
def test_versions_stand_in_the_order_of_opam(versions: str) -> None:
    hold_ascending(SCHEME, versions)


@pytest.mark.parametrize(
    ("left", "right"), [("1.0", "01.00"), ("1.0", "1.0-0"), ("1.0", "1.0-"), ("1.0--1", "1.0--01"), ("v1", "v01"), ("1a", "1a0")]
)
def test_spellings_of_one_version_are_the_same(left: str, right: str) -> None:
    hold_same(SCHEME, left, right)


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("base", "character 1, 'b'"),
        ("dev", "character 1, 'd'"),
        ("~~", "character 1, '~'"),
        ("1:1.0", "character 2, ':'"),
        ("1.0 ", "character 4, ' '"),
        ("1.0\n", "character 4, '\\n'"),
        ("1.0/1", "character 4, '/'"),
    ],
)
def test_what_opam_does_not_accept_and_mere_words_are_no_versions(version: str, reason: str) -> None:
    for refuse in (SCHEME.key, SCHEME.end_of, SCHEME.end_of_upstream, lambda text: SCHEME.compare("1", text)):
        with pytest.raises(InvalidVersion) as refused:
            refuse(version)
        assert reason in str(refused.value)


def test_a_version_takes_in_itself_and_no_more() -> None:
    assert SCHEME.end_of_upstream("1.0") == SCHEME.end_of("1.0") == SCHEME.key("1.0") + b"\x00" < SCHEME.key("1.0-1")


NATIVE = """
while IFS="\t" read -r left right; do
  if dpkg --compare-versions "$left" lt "$right"; then echo -1
  elif dpkg --compare-versions "$left" eq "$right"; then echo 0
  else echo 1; fi
done
"""
PER_PROCESS = 10
"""dpkg is started twice for most pairs: so many times fewer are asked."""


@pytest.mark.long
@pytest.mark.peer
def test_dpkg_orders_versions_alike() -> None:
    if shutil.which("dpkg") is None:
        pytest.skip("dpkg is absent")
    # An empty revision (`1.0-`) is an error to dpkg and none to opam.
    tokens = "0 1 2 10 00 01 225 99999999999999999999 a b Z ~ ~~ . + _ .1 ~rc1 -1 -a -0 -~1"
    hold_answers(SCHEME, ["sh", "-c", NATIVE], pairs("1 1.0 v0.1 a1 ~1 .1 2-1", tokens)[: COUNT // PER_PROCESS])
