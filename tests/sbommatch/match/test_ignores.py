"""Ignore rules."""

import re
from pathlib import Path
from typing import Any

import pytest

from sbommatch.advisory import FixState
from sbommatch.errors import UnreadableError
from sbommatch.match.ignores import Rules, path_pattern, read_rules
from sbommatch.match.model import FindingStatus, Fix, Verdict
from sbommatch.sbom.component import ComponentLayer
from tests.sbommatch.match.made import component, document, finding, result, target

TODAY = "2026-08-22"
LAYERS = (ComponentLayer(0, "sha256:aa", "sha256:zz"), ComponentLayer(1, "sha256:bb"))
LIBSSL = component("pkg:apk/alpine/libssl1.1@1.1.1d-r2?arch=x86_64", ref="r", layer=1, paths=("/lib/apk/db/installed", "usr/lib/libssl.so"))


def rules(tmp_path: Path, text: str, today: str = TODAY) -> Rules:
    path = tmp_path / "policy.toml"
    path.write_text(text, "utf-8")
    return read_rules(path, today)


def suppressed(made: Rules, **fields: Any) -> tuple[str, ...]:
    defaults: dict[str, Any] = {"ids": ("CVE-2019-1551", "GHSA-1"), "fix": Fix(FixState.WONT_FIX, ())}
    one = finding(**defaults | fields)
    found = made.applied(target([result(LIBSSL, Verdict.AFFECTED)], [one], document=document(LIBSSL, layers=LAYERS)))
    assert (found.findings[0].status is FindingStatus.SUPPRESSED) is bool(found.findings[0].suppressed_by)
    assert found.components[0].verdict is Verdict.AFFECTED
    return tuple(re.sub(r".*?(rule \d+)", r"\1", words) for words in found.findings[0].suppressed_by)


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        ('id = "CVE-2019-1551"', True),
        ('id = "ghsa-1"', True),
        ('id = "CVE-2019-1"', False),
        ('purl = "pkg:apk/alpine/libssl1.1"', True),
        ('purl = "pkg:apk/alpine/lib*@1.1.*"', True),
        ('purl = "pkg:apk/*"', True),
        ('purl = "pkg:apk/lib*"', False),
        ('purl = "pkg:deb/*"', False),
        ('purl = "pkg:apk/alpine/libssl1.1@2"', False),
        ('purl = "pkg:apk/alpine/*?arch=x86_*"', True),
        ('purl = "pkg:apk/alpine/*?arch=arm"', False),
        ('path = "**"', True),
        ('path = "**/lib/**"', True),
        ('path = "**/*.so"', False),
        ('path = "usr/lib/*"', False),
        ("layer = 1", True),
        ("layer = 0", False),
        ('layer = "sha256:bb"', True),
        ('layer = "sha256:aa"', False),
        ('fix = "wont_fix"', True),
        ('fix = "fixed"', False),
        ('id = "GHSA-1"\nlayer = 1', True),
        ('id = "GHSA-1"\nlayer = 0', False),
    ],
)
def test_all_conditions_of_a_rule_must_hold(tmp_path: Path, condition: str, is_met: bool) -> None:
    assert suppressed(rules(tmp_path, f"[[ignore]]\n{condition}\n")) == (("rule 1",) if is_met else ())


@pytest.mark.parametrize(
    ("pattern", "path", "is_met"),
    [
        ("a/*.jar", "a/b.jar", True),
        ("a/*.jar", "a/b/c.jar", False),
        ("/a/**/c.jar", "a/c.jar", True),
        ("a/**/c.jar", "a/b/b/c.jar", True),
        ("a/**", "a/b/c", True),
        ("a/?.jar", "a/b.jar", True),
        ("a/?.jar", "a/bb.jar", False),
        ("a.b", "axb", False),
        ("[a]", "[a]", True),
        ("***", "a/b", True),
    ],
)
def test_a_glob_stops_at_folders_but_for_two_stars(pattern: str, path: str, is_met: bool) -> None:
    assert bool(re.fullmatch(path_pattern(pattern), path)) is is_met


def test_a_rule_says_who_until_when_and_why(tmp_path: Path) -> None:
    made = rules(tmp_path, '[[ignore]]\nid = "GHSA-1"\nreason = "not reachable"\nowner = "alice"\nexpires = 2026-12-31\n')
    assert suppressed(made) == ("rule 1 (alice, until 2026-12-31): not reachable",)


@pytest.mark.parametrize(("expires", "works"), [("2026-08-21", False), ("2026-08-22", True), ('"2026-08-23"', True)])
def test_a_rule_works_on_its_last_day_and_not_after(tmp_path: Path, expires: str, works: bool) -> None:
    made = rules(tmp_path, f'[[ignore]]\nid = "GHSA-1"\nexpires = {expires}\n')
    assert bool(suppressed(made)) is works
    assert [words.rpartition("policy.toml: ")[2] for words in made.expired] == (
        [] if works else ["rule 1 expired on 2026-08-21: what it ignored is reported again"]
    )


def test_every_rule_that_is_met_is_named_beside_what_silenced_before(tmp_path: Path) -> None:
    made = rules(tmp_path, '[[ignore]]\nid = "GHSA-1"\n[[ignore]]\nlayer = 7\n[[ignore]]\nlayer = 1\n')
    found = suppressed(made, status=FindingStatus.SUPPRESSED, suppressed_by=("kernel_headers",))
    assert found == ("kernel_headers", "rule 1", "rule 3")
    assert [words.rpartition("policy.toml: ")[2] for words in made.unused] == ["rule 2 ignores nothing"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[ignore]\n", "no file of ignore rules"),
        ('[[ignores]]\nid = "a"\n', "no file of ignore rules: Object contains unknown field `ignores`"),
        ('[[ignore]]\nid = "a"\n[[ignore]]\ncve = "a"\n', "rule 2: Object contains unknown field `cve`; keys are id, purl"),
        ('[[ignore]]\nreason = "because"\n', "rule 1: has no condition and would ignore everything"),
        ('[[ignore]]\npurl = "npm/a"\n', "rule 1: 'npm/a' does not begin with `pkg:`"),
        ('[[ignore]]\nfix = "maybe"\n', "rule 1: Invalid enum value 'maybe'"),
        ('[[ignore]]\nid = "a"\nexpires = "soon"\n', "rule 1: Invalid RFC3339 encoded date"),
        ('[[ignore]]\nid = "a"\njustification = "no"\n', "rule 1: the justification is none of component_not_present"),
        ("[[ignore]]\nlayer = true\n", "rule 1: "),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UnreadableError, match=re.escape(message)) as raised:
        rules(tmp_path, text)
    assert "policy.toml" in str(raised.value)


def test_a_file_that_is_too_large_or_missing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sbommatch.match.ignores.MAX_POLICY_BYTES", 10)
    with pytest.raises(UnreadableError, match="larger than 10 bytes"):
        rules(tmp_path, '[[ignore]]\nid = "a"\n')
    with pytest.raises(UnreadableError, match="No such file or directory; --policy names a file of ignore rules"):
        read_rules(tmp_path / "none.toml", TODAY)


def test_an_empty_file_ignores_nothing(tmp_path: Path) -> None:
    assert suppressed(rules(tmp_path, "")) == ()
