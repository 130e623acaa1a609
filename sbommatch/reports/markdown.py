"""The report for pull requests and release notes: GitHub's Markdown, short enough for a comment.

What to do comes first: a table of upgrades by layer. All findings stand folded below it, the worst first, as many as fit. Names, versions
and identifiers of strangers are code spans; nothing in them is markup.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from sbommatch.match.coverage import coverage_of, unserved
from sbommatch.match.model import FindingStatus, Level, TargetResult
from sbommatch.reports._markdown import code, escaped, layer_cell
from sbommatch.reports._shown import Shown, exploitation, link_of, shown, shown_by_upgrade
from sbommatch.reports.report import ScanReport, Style
from sbommatch.reports.text import counted
from sbommatch.reports.words import fix_in_words, levels_in_words, rule_in_words, unserved_in_words

MAX_CHARACTERS = 60_000
"""Of a document's part; GitHub takes comments of 65,536 characters."""

MARKS = {Level.CRITICAL: "🔴", Level.HIGH: "🟠", Level.MEDIUM: "🟡", Level.LOW: "🔵"}

IDS_SHOWN = 3
"""Identifiers in a cell."""


class MarkdownReport:
    """The report `markdown`."""

    name: ClassVar[str] = "markdown"
    title: ClassVar[str] = "for a comment on a change, or release notes"
    suffix: ClassVar[str] = ".md"
    between: ClassVar[bytes] = b"\n"
    head: ClassVar[bytes] = b""
    tells: ClassVar[bool] = False

    def write(self, report: ScanReport, style: Style) -> bytes:
        """One part for each target."""
        parts = ["\n".join(_part(target, report)) for target in report.targets]
        return ("\n\n".join(parts) + "\n").encode()


def _part(target: TargetResult, report: ScanReport) -> list[str]:
    found = shown(target)
    seen = [one for one in found if one.is_open and not one.finding.hidden]
    subject = " ".join(filter(None, (target.document.subject.name, target.document.subject.version)))
    lines = [f"### {counted(len(seen), 'finding') if seen else 'No findings'} in {code(subject or target.document.path)}", ""]
    if seen:
        lines += [f"{levels_in_words(one.finding for one in seen)}.", "", *_fitting(_to_do(seen), MAX_CHARACTERS // 3, "upgrades"), ""]
    footer = [*_coverage(target), "", _database(report)]
    others = [
        *_folded("All findings", "findings", _findings(seen), found=len(seen)),
        *_folded(
            "In packages that a later layer removed, whose files still ship",
            "findings",
            _findings([one for one in found if one.is_open and one.finding.hidden]),
            found=sum(one.is_open and one.finding.hidden for one in found),
        ),
        *_folded("Suppressed, and why", "findings", _suppressed(found), found=sum(not one.is_open for one in found)),
    ]
    return [*lines, *others, *footer]


def _to_do(seen: Sequence[Shown]) -> list[str]:
    """The table of upgrades, by layer."""
    rows = (_upgrade_cells(group) for groups in shown_by_upgrade(seen) for group in groups)
    return ["| what to do | package | installed | layer | fixes |", "|---|---|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]


def _upgrade_cells(group: Sequence[Shown]) -> Iterable[str]:
    first = group[0]
    upgrade = next((one.upgrade for one in group if one.upgrade and one.upgrade.to), None)
    ids = list(dict.fromkeys(one.finding.id for one in group if upgrade is None or one.finding.id in upgrade.fixes))
    names = sorted({one.name for one in group})
    if upgrade is None:
        yield "no fix is known"
    else:
        base = "rebuild on a newer base, or " if first.layer.origin == "base" else ""
        yield f"{base}upgrade to {code(upgrade.to or '')}"
    yield ", ".join(map(code, names[:IDS_SHOWN])) + (f" +{len(names) - IDS_SHOWN}" if len(names) > IDS_SHOWN else "")
    yield code(first.version)
    yield layer_cell(first.layer)
    more = f" +{len(ids) - IDS_SHOWN}" if len(ids) > IDS_SHOWN else ""
    yield f"{MARKS.get(first.finding.severity.level, '⚪')} {'' if upgrade else 'open: '}{', '.join(map(_linked, ids[:IDS_SHOWN]))}{more}"


def _linked(identifier: str) -> str:
    link = link_of(identifier)
    return f"[{escaped(identifier)}]({link})" if link and identifier.replace("-", "").isalnum() else code(identifier)


def _findings(found: Sequence[Shown]) -> Iterator[str]:
    if found:
        yield "| severity | vulnerability | package | installed | fixed in | layer | notes |"
        yield "|---|---|---|---|---|---|---|"
    for one in found:
        finding = one.finding
        cells = (
            f"{MARKS.get(finding.severity.level, '⚪')} {finding.severity.level}",
            _linked(finding.id),
            code(one.name),
            code(one.version),
            code(fix_in_words(finding.fix)),
            str(one.layer.index) if one.layer.index >= 0 else "",
            exploitation(finding),
        )
        yield f"| {' | '.join(cells)} |"


def _suppressed(found: Sequence[Shown]) -> Iterator[str]:
    silenced = [one for one in found if one.finding.status is FindingStatus.SUPPRESSED]
    if silenced:
        yield "| vulnerability | package | installed | why |"
        yield "|---|---|---|---|"
    for one in silenced:
        why = "; ".join(map(rule_in_words, one.finding.suppressed_by))
        yield f"| {_linked(one.finding.id)} | {code(one.name)} | {code(one.version)} | {escaped(why)} |"


def _folded(title: str, what: str, lines: Iterable[str], *, found: int) -> list[str]:
    if not found:
        return []
    inner = _fitting(list(lines), MAX_CHARACTERS // 5, what)
    return [f"<details><summary>{title} ({found})</summary>", "", *inner, "", "</details>", ""]


def _fitting(lines: Sequence[str], characters: int, what: str) -> list[str]:
    """As many lines as fit; the first two are a table's head. What does not fit is counted."""
    kept: list[str] = []
    length = 0
    for place, line in enumerate(lines):
        length += len(line) + 1
        if length > characters:
            return [*kept, "", f"and {len(lines) - place} more {what}: the reports `html` and `csv` have them all"]
        kept.append(line)
    return kept


def _coverage(target: TargetResult) -> list[str]:
    coverage = coverage_of(target)
    lines = [f"Checked {coverage.checked} of {counted(coverage.counted, 'component')}."]
    lines += [f"- {one.count} not checked, {code(one.reason.value)}: {escaped(unserved_in_words(one))}" for one in unserved(target)]
    return lines


def _database(report: ScanReport) -> str:
    feeds = ", ".join(f"{code(feed.name)} of {(feed.captured_at or 'an unknown day')[:15].split('T')[0]}" for feed in report.database.feeds)
    return f"<sub>Database {code(report.database.digest[:12])}: {feeds or 'no feeds'}; evaluated on {report.evaluated_on}.</sub>"
