"""The report for pull requests."""

import re

import pytest
from msgspec.structs import replace

from sbommatch.match.model import TargetResult
from sbommatch.reports._markdown import code, escaped
from sbommatch.reports.markdown import MAX_CHARACTERS, MarkdownReport
from sbommatch.reports.report import Style
from tests.sbommatch.match.made import component, finding, result, target
from tests.sbommatch.reports.made import HOSTILE, hostile_target, scan_report, silenced_target, upgrade

FULL = """\
### 3 findings in `registry/app 1.0`

1 high, 2 of unknown severity.

| what to do | package | installed | layer | fixes |
|---|---|---|---|---|
| upgrade to `1.1.1d-r3` | `curl` | `7.66.0-r0` | 1 own `Dockerfile:3-4` `apk add curl && rm -rf /var/cache` | \
🟠 [CVE\\-2019\\-5482](https://nvd.nist.gov/vuln/detail/CVE-2019-5482) |
| rebuild on a newer base, or upgrade to `1.1.1d-r3` | `libcrypto1.1`, `libssl1.1` | `1.1.1d-r2` | 0 base `ADD file:9c1b2e in /` | \
⚪ [CVE\\-2019\\-1551](https://nvd.nist.gov/vuln/detail/CVE-2019-1551) |

<details><summary>All findings (3)</summary>
"""


def written(shown: TargetResult) -> str:
    return MarkdownReport().write(scan_report(shown), Style()).decode()


def test_what_to_do_comes_first_and_all_else_is_folded() -> None:
    text = written(silenced_target())
    assert text.startswith(FULL)
    assert re.findall(r"<summary>(.*)</summary>", text) == [
        "All findings (3)",
        "In packages that a later layer removed, whose files still ship (1)",
        "Suppressed, and why (4)",
    ]
    assert "| `curl` | `7.66.0-r0` | kernel\\_headers: is built from the kernel's source" in text
    assert "- 1 not checked, `no_feed`: no loaded feed covers it" in text


def test_a_comment_of_github_holds_it() -> None:
    components = [component(None, ref=f"r{number}", name=f"package-{number}", version="1") for number in range(3_000)]
    matches = [replace(finding().match, name=one.name, version="1", namespace="npm") for one in components]
    found = [finding(ref=one.ref, match=match) for one, match in zip(components, matches, strict=True)]
    upgrades = tuple(upgrade(one, fixes=("CVE-2019-1551",), name=one.name, version="1", namespace="npm") for one in components)
    text = written(target([result(one) for one in components], found, upgrades=upgrades))
    assert MAX_CHARACTERS // 3 < len(text) < 65_536
    assert re.search(r"and \d+ more upgrades: the reports `html` and `csv` have them all", text)
    assert re.search(r"and \d+ more findings: the reports", text)


def test_nothing_found_is_short() -> None:
    assert written(target()).startswith("### No findings in `app 1.0`\n\nChecked 0 of 0 components.")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_code_span_cannot_be_left(text: str) -> None:
    span = code(text)
    fence = re.match(r"`+", span)
    assert fence
    inside = span[len(fence[0]) : -len(fence[0])]
    assert fence[0] not in re.findall(r"`+", inside)
    assert "\n" not in span
    assert not re.search(r"(?<!\\)\|", span)


@pytest.mark.parametrize("text", HOSTILE)
def test_prose_has_no_markup_of_strangers(text: str) -> None:
    prose = escaped(text)
    assert not re.search(r"(?<!\\)(?:\\\\)*[<>|`\[\]*_]", prose)
    assert not re.search(r"[@#]\w", prose)
    assert "\n" not in prose


def test_links_that_github_would_make_by_itself_are_none() -> None:
    assert not re.search(r"https?:|www\\?\.", escaped("see https://evil.example and www.evil.example"))


def test_every_line_of_a_table_has_its_cells() -> None:
    lines = [line for line in written(hostile_target()).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} <= {5, 6, 8}
