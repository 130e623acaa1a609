"""RubyGems' versions, against what `Gem::Version` says of them."""

import shutil

import pytest

from sbommatch.versions.gem import GemScheme
from sbommatch.versions.scheme import InvalidVersion

from .natives import hold_answers, pairs
from .truths import hold_ascending, hold_same

SCHEME = GemScheme()

ASCENDING = [
    "0.0.beta 0.beta.1 0 0.0.1 1.A 1.a 1.a.1 1.b 1.rc1 1.rc2 1.rc10 1 1.0.1 1.1.a 1.1 1.2 1.10 2.a 2",
    # What is missing is zero, and a text is below it: `1.a.0.b` is below `1.a`, which is below `1.a.0.1`.
    "1.a.a 1.a.b 1.a.0.a 1.a.0.b 1.a.0.0.a 1.a 1.a.0.0.1 1.a.0.1.b 1.a.0.1 1.a.0.2 1.a.1.b 1.a.1 1.b",
    "1.0.0.pr 1.0.0-a.a 1.0.0-a 1.0.0-a.0.1 1.0.0.pre.b 1.0.0.pre 1.0.0-1 1.0.0-2 1.0.0.rc1 1.0.0",
    "5.2.4.rc1 5.2.4 5.2.4.1 5.2.4.2 6.0.0.beta1 6.0.0",
    "1.8.2.a 1.8.2.a9 1.8.2.a10 1.8.2.b 1.8.2 1.9.0.dev 1.9.0 1.9.3a 1.9.3",
]


@pytest.mark.parametrize("versions", ASCENDING)
def test_versions_stand_in_the_order_of_rubygems(versions: str) -> None:
    hold_ascending(SCHEME, versions)


SAME = [
    ("1", "1.0 1.0.0 01 1.00"),
    ("1.2.b.1", "1.2.b1 1.2.0.b.1 1.2b.1 1.2.0b1 1.2.b.1.0 1.2.b.01 1.2.b1.0.0"),
    ("1.pre.2", "1-2 1.0-2 1.pre2 1-2.0"),
    ("1.pre.a.pre.3", "1-a-3 1.0.pre.a-3 1-a-3.0"),
    ("0", "0.0 00"),
]


@pytest.mark.parametrize("nothing", ["", " ", "\n"])
def test_an_empty_version_is_zero_as_rubygems_has_it(nothing: str) -> None:
    hold_same(SCHEME, "0", nothing)


@pytest.mark.parametrize(("version", "spellings"), SAME)
def test_spellings_of_one_version_are_the_same(version: str, spellings: str) -> None:
    for spelling in (*spellings.split(), f" {version}\n"):
        hold_same(SCHEME, version, spelling)


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("junk", "character 1, 'j'"),
        ("v3.1.1", "character 1, 'v'"),
        ("1a", "character 1, '1'"),
        ("1.", "character 2, '.'"),
        ("1..2", "character 2, '.'"),
        ("1.2 3.4", "character 5, '3'"),
        ("1.0-", "character 4, '-'"),
        ("1.0-a..b", "character 6, '.'"),
        ("1.13.0-x86_64-linux", "character 11, '_'"),
        ("1.0+1", "character 4, '+'"),
    ],
)
def test_what_rubygems_does_not_accept_is_no_version(version: str, reason: str) -> None:
    for refuse in (SCHEME.key, SCHEME.end_of, SCHEME.end_of_upstream, lambda text: SCHEME.compare("1", text)):
        with pytest.raises(InvalidVersion) as refused:
            refuse(version)
        assert reason in str(refused.value)


def test_a_pre_release_stands_below_its_release_and_above_the_release_before() -> None:
    assert SCHEME.end_of("1.2.3") < SCHEME.key("1.2.4.rc1") < SCHEME.key("1.2.4")
    assert SCHEME.end_of_upstream("1.2.3") == SCHEME.end_of("1.2.3") == SCHEME.key("1.2.3") + b"\x00"


NATIVE = """
STDIN.each_line(chomp: true) do |line|
  left, right = line.split("\\t", -1).map { |version| Gem::Version.new(version) rescue nil }
  puts(left && right ? (left <=> right) : "none")
end
"""


@pytest.mark.long
@pytest.mark.peer
def test_rubygems_orders_versions_alike() -> None:
    ruby = shutil.which("ruby")
    if ruby is None:
        pytest.skip("ruby is absent")
    tokens = "0 0 1 2 9 10 01 255 99999999999999999999 .0 .0 .1 .a .b a b A rc pre beta . . - z"
    hold_answers(SCHEME, [ruby, "-e", NATIVE], pairs("0 1 1.0 1.a 2.1 10", tokens))
