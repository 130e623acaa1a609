"""Composer's versions, against what `VersionParser` of composer/semver and PHP's `version_compare` say of them."""

import os
import shutil
from pathlib import Path

import pytest

from sbommatch.versions.composer import COMPONENTS, FIRST_COMPONENT_DIGITS, LARGEST_NUMBER, ComposerScheme
from sbommatch.versions.scheme import InvalidVersion

from .natives import hold_answers, pairs
from .truths import hold_ascending, hold_same

SCHEME = ComposerScheme()

ASCENDING = [
    # Where two versions part: stable in capitals, dev, alpha, beta, RC, the end, patch.
    "1.0-STABLE 1.0-dev 1.0-alpha-dev 1.0-alpha 1.0-alpha1-dev 1.0-alpha1 1.0-alpha1.1 1.0-alpha2 1.0-beta 1.0-RC 1.0",
    "1.0 1.0-p-dev 1.0-p 1.0-p1 1.0-patch2 1.0.0.1 1.0.1",
    "0.1.0-beta 0.1.0 1.0.0-beta1-dev 1.0.0-beta1 1.0.0-beta10 1.0.0 1.9.9 1.10 99999",
    "1.9 1.10 1.x-dev 2.0-dev 2.0 2.5 2.6 2.6.999 2.6.x-dev 2.7-dev",
    # Dates are not filled up with zeros.
    "2010-01 2010.1 2010-01-02 2010.1.2 20100102 20100102.1 20100102-p1 20100103 20100102203040",
    f"1.{LARGEST_NUMBER - 1} 1.{LARGEST_NUMBER}",
]  # fmt: skip


@pytest.mark.parametrize("versions", ASCENDING)
def test_versions_stand_in_the_order_of_composer(versions: str) -> None:
    hold_ascending(SCHEME, versions)


SAME = [
    ("1.0", "1 v1 V1.0.0 1.0.0.0 1.0- 1.0_ 1.0. 1.0+build 1.0.0+a.1-b 1.0-stable 1.0stable5 1.0-stable-dev 1.0@dev 1.0@RC 01.00"),
    ("1.0-beta3", "1.0b3 1.0.beta.3 1.0_B-3 1.0.0BETA3 1-beta3+5 v1.0-beta.03"),
    ("1.0-RC1", "1.0rc1 1-Rc.1"),
    ("1.0-alpha1.2-dev", "1.0a1-2dev 1.0.alpha-1.2.DEV"),
    ("1.0-p1", "1.0pl1 1.0-patch1 1.0.PATCH.1"),
    ("1.0-dev", "1.0.dev 1dev 1.0.0-DEV 1.0-dev@stable"),
    ("2.x-dev", "2.X-dev 2.*.dev v2.x.xdev 2.9999999.9999999.9999999-dev 2.x.x.x-dev"),
    ("2010-01-02", "2010:01:02 v2010.01-02"),
]


@pytest.mark.parametrize(("version", "spellings"), SAME)
def test_spellings_of_one_version_are_the_same(version: str, spellings: str) -> None:
    for spelling in (*spellings.split(), f" {version}\n", f"{version} as 7.0"):
        hold_same(SCHEME, version, spelling)


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("1.2.3-foo", "character 7, 'f'"),
        ("3.5.2.post1", "character 8, 'o'"),
        ("4.3-2", "character 5, '2'"),
        ("1.2.3.#", "character 7, '#'"),
        ("1.2.3.4.5", "character 9, '5'"),
        ("1.x", "character 3, 'x'"),
        ("string", "character 1, 's'"),
        ("^1.0", "character 1, '^'"),
        ("1.0+a b", "character 4, '+'"),
        ("1.0+\x00", "it holds a NUL byte"),
        ("1" * (FIRST_COMPONENT_DIGITS + 1) + ".0.0.0", "has no place there"),
        ("feature-dev", "character 1, 'f'"),
        ("dev-master", "'dev-master' is the name of a branch"),
        ("DEV-1.0", "'DEV-1.0' is the name of a branch"),
        ("master", "'master' is the name of a branch"),
        ("dev-main as 1.0", "'dev-main' is the name of a branch"),
    ],
)
def test_what_composer_does_not_accept_or_order_is_no_version(version: str, reason: str) -> None:
    for refuse in (SCHEME.key, SCHEME.end_of, SCHEME.end_of_upstream, lambda text: SCHEME.compare("1", text)):
        with pytest.raises(InvalidVersion) as refused:
            refuse(version)
        assert reason in str(refused.value)


def test_php_takes_all_numbers_beyond_64_bits_for_one() -> None:
    hold_same(SCHEME, f"1.{LARGEST_NUMBER}", f"1.{'9' * 5000}")


def test_a_fifth_component_is_no_classical_version() -> None:
    assert SCHEME.key("1" + ".0" * (COMPONENTS - 1)) == SCHEME.key("1")
    with pytest.raises(InvalidVersion):
        SCHEME.key("1" + ".0" * COMPONENTS)


def test_a_pre_release_stands_below_its_release_and_above_the_release_before() -> None:
    assert SCHEME.end_of("1.2.3") < SCHEME.key("1.2.4-dev") < SCHEME.key("1.2.4")
    assert SCHEME.end_of_upstream("1.2.3") == SCHEME.end_of("1.2.3") == SCHEME.key("1.2.3") + b"\x00"


NATIVE = """
require getenv('COMPOSER_SEMVER');
$parser = new Composer\\Semver\\VersionParser();
while (($line = fgets(STDIN)) !== false) {
    try {
        [$left, $right] = array_map([$parser, 'normalize'], explode("\\t", rtrim($line, "\\n")));
        $branch = strpos($left, 'dev-') === 0 || strpos($right, 'dev-') === 0;
        echo $branch ? 'none' : version_compare($left, $right), "\\n";
    } catch (UnexpectedValueException $exception) {
        echo "none\\n";
    }
}
"""


@pytest.mark.long
@pytest.mark.peer
def test_composer_orders_versions_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    library = os.environ.get("SBOMPAIR_COMPOSER_SEMVER", "/usr/share/php/Composer/Semver/autoload.php")
    php = shutil.which("php")
    if php is None or not Path(library).exists():
        pytest.skip("php or composer/semver is absent: SBOMPAIR_COMPOSER_SEMVER names its autoload.php; Debian's php-composer-semver")
    monkeypatch.setenv("COMPOSER_SEMVER", library)
    tokens = (
        "0 1 2 10 01 .0 .1 .1 .2 . - _ a alpha b beta B rc RC p pl patch dev -dev .dev DEV stable STABLE -beta1 -RC.2 x .x .* x-dev +b @dev"
    )
    hold_answers(SCHEME, [php, "-r", NATIVE], pairs("0 1 1.0 v1.0 1.0.0 1.0.0.0 2.1 1.0-beta 1.x", tokens))
