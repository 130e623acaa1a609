"""The report for people: findings with the layer that brought them in, then what was checked and what was not.

    app.cdx.json: myapp 1.2, alpine 3.11.13

    SEVERITY  ID              PACKAGE  INSTALLED  FIXED IN   LAYER   INSTRUCTION
    high      CVE-2019-14697  musl     1.1.22-r3  1.1.24-r0  0 base  ADD file:9c…

The most severe come first, unknown ones last; packages of one source package that share a finding, version and layer share a line.
Nothing of the document or the feeds reaches the terminal unescaped.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from msgspec import Struct

from sbommatch.match.coverage import Coverage, counted_results, coverage_of
from sbommatch.match.model import ComponentResult, Finding, FindingStatus, Level, NotChecked, TargetResult
from sbommatch.match.policy import RANKS
from sbommatch.reports.report import ScanReport, Style
from sbommatch.reports.text import GAP, aligned, column_widths, counted, printable, shortened
from sbommatch.reports.words import REASON_WORDS, fix_in_words, suppressor
from sbommatch.sbom.component import ComponentLayer

HEADER = ("SEVERITY", "ID", "PACKAGE", "INSTALLED", "FIXED IN")
LAYER_HEADER = ("LAYER", "INSTRUCTION")
INSTRUCTION_WIDTH = 60
"""Columns for an instruction where no terminal says how many there are."""
MIN_INSTRUCTION_WIDTH = 12
"""Below that an instruction says nothing: lines rather wrap."""
NAMES_SHOWN = 3
"""Names on a line: a source package may have forty binaries, a document components of twenty namespaces."""

COLOURS = {Level.CRITICAL: "1;31", Level.HIGH: "31", Level.MEDIUM: "33", Level.LOW: "36"}
"""SGR parameters (ECMA-48, 8.3.117)."""

NOISE = re.compile(r"^(RUN (\|\d+ (\S+=\S* )*)?)?/bin/sh -c (#\(nop\)\s+)?|\s*# buildkit$")
"""What builders put around an instruction."""


class TableReport:
    """The report `table`."""

    name: ClassVar[str] = "table"
    title: ClassVar[str] = "for people: findings by severity, and what was not checked"
    suffix: ClassVar[str] = ".txt"
    between: ClassVar[bytes] = b"\n"

    def write(self, report: ScanReport, style: Style) -> bytes:
        """Plain text; colours and lines cut to the terminal only where `style` says so."""
        sections = [section for target in report.targets for section in _target_sections(target, style)]
        sections.append(_database_line(report))
        return ("\n\n".join(sections) + "\n").encode()


class Row(Struct, frozen=True):
    """A line of the table: findings that differ in the binary package only."""

    level: Level
    id: str
    source: str
    """Name of the source package; empty where there is no such thing."""
    version: str
    fix: str
    layer: int | None


def rows_of(findings: Iterable[Finding], results: Iterable[ComponentResult]) -> list[tuple[Row, list[str]]]:
    """The lines for some findings with the names of their packages, the most severe first."""
    by_ref = {result.component.ref: result.component for result in results}
    names: dict[Row, set[str]] = {}
    for finding in findings:
        component = by_ref[finding.ref]
        version = component.version or finding.match.version
        fix = fix_in_words(finding.fix)
        source = finding.match.name if ":" in finding.match.namespace else ""
        row = Row(finding.severity.level, finding.id, source, version, fix, component.layer)
        names.setdefault(row, set()).add(f"{component.group}/{component.name}" if component.group else component.name)
    lines = [(row, sorted(packages)) for row, packages in names.items()]
    return sorted(lines, key=_line_order)


def _line_order(line: tuple[Row, list[str]]) -> tuple[object, ...]:
    row, names = line
    return -RANKS.get(row.level, -1), row.source or names[0], names, row.id, row.version, -1 if row.layer is None else row.layer


def _target_sections(target: TargetResult, style: Style) -> list[str]:
    open_ = [finding for finding in target.findings if finding.status is FindingStatus.OPEN]
    shown = [finding for finding in open_ if not finding.hidden]
    hidden = [finding for finding in open_ if finding.hidden]
    sections = [_headline(target)]
    if shown:
        sections.append(_table(shown, target, style))
    if hidden:
        sections.append("In packages that a later layer removed, whose files still ship:")
        sections.append(_table(hidden, target, style))
    return [*sections, "\n".join([_count_line(shown, hidden), *_suppressed_line(target), *_coverage_lines(target)])]


def _headline(target: TargetResult) -> str:
    subject = target.document.subject
    name = " ".join(filter(None, (subject.name, subject.version)))
    distro = " ".join(filter(None, (target.distro_id, target.distro_version)))
    said = ", ".join(filter(None, (name, distro)))
    return printable(f"{target.document.path}: {said}" if said else target.document.path)


def _table(findings: Sequence[Finding], target: TargetResult, style: Style) -> str:
    lines = rows_of(findings, target.components)
    layers = {layer.index: layer for layer in target.document.layers}
    with_layers = any(row.layer is not None for row, _ in lines)
    header = (*HEADER, *LAYER_HEADER) if with_layers else HEADER
    cells = [header] + [_cells(row, names, layers)[: len(header)] for row, names in lines]
    widths = column_widths(cells)
    if with_layers:
        widths[-1] = _instruction_width(widths, style)
    text = [GAP.join(aligned([*line[:-1], shortened(line[-1], widths[-1])], widths)).rstrip() for line in cells]
    return "\n".join([text[0], *(_coloured(line, row.level, style) for line, (row, _) in zip(text[1:], lines, strict=True))])


def _cells(row: Row, names: Sequence[str], layers: Mapping[int, ComponentLayer]) -> tuple[str, ...]:
    shown = _some(names)
    package = f"{shown} ({row.source})" if row.source and row.source not in names else shown
    layer = layers.get(row.layer) if row.layer is not None else None
    index = "" if row.layer is None else f"{row.layer} {layer.origin or ''}".rstrip() if layer else str(row.layer)
    return tuple(printable(cell) for cell in (row.level.value, row.id, package, row.version, row.fix, index, _instruction(layer)))


def _instruction(layer: ComponentLayer | None) -> str:
    """What built a layer, without the words that every builder puts around it."""
    if layer is None:
        return ""
    instruction = " ".join(NOISE.sub("", layer.created_by or "").split())
    return f"{layer.dockerfile} {instruction}".rstrip() if layer.dockerfile else instruction


def _instruction_width(widths: Sequence[int], style: Style) -> int:
    if style.width is None:
        return INSTRUCTION_WIDTH
    return max(style.width - sum(widths[:-1]) - len(GAP) * (len(widths) - 1), MIN_INSTRUCTION_WIDTH)


def _coloured(line: str, level: Level, style: Style) -> str:
    if not style.colour or level not in COLOURS:
        return line
    return f"\x1b[{COLOURS[level]}m{level}\x1b[0m{line[len(level) :]}"


def _count_line(shown: Sequence[Finding], hidden: Sequence[Finding]) -> str:
    """As in `3 findings: 1 critical, 2 of unknown severity; 1 more in removed packages`."""
    levels = Counter(finding.severity.level for finding in shown)
    ordered = sorted(levels, key=lambda level: -RANKS.get(level, -1))
    count = counted(len(shown), "finding") if shown else "No findings"
    by_level = ", ".join(f"{levels[level]} {'of unknown severity' if level is Level.UNKNOWN else level}" for level in ordered)
    removed = f"{len(hidden)} more in removed packages" if hidden else ""
    return "; ".join(filter(None, (f"{count}: {by_level}" if by_level else count, removed)))


def _suppressed_line(target: TargetResult) -> list[str]:
    """As in `3 more suppressed: 2 by covered_by, 1 by kernel_headers`."""
    rules = Counter(suppressor(finding.suppressed_by[0]) for finding in target.findings if finding.status is FindingStatus.SUPPRESSED)
    said = ", ".join(f"{number} by {printable(rule)}" for rule, number in sorted(rules.items()))
    return [f"{counted(rules.total(), 'finding')} suppressed: {said}"] if rules else []


def _coverage_lines(target: TargetResult) -> list[str]:
    coverage = coverage_of(target)
    if not coverage.counted:
        return ["Nothing was checked: the document has no packages"]
    lines = [f"Checked {coverage.checked} of {counted(coverage.counted, 'component')}{_verdict_words(coverage)}"]
    if coverage.not_checked:
        lines.append(f"Not checked {sum(coverage.not_checked.values())}:")
        namespaces = _namespaces(target)
        lines += [f"{number:6}  {_reason(reason, namespaces.get(reason, ()))}" for reason, number in coverage.not_checked.items()]
    return lines


def _verdict_words(coverage: Coverage) -> str:
    words = ((coverage.affected, "affected"), (coverage.cleared, "cleared"), (coverage.no_match, "without a match"))
    said = ", ".join(f"{number} {word}" for number, word in words if number)
    return f": {said}" if said else ""


def _reason(reason: NotChecked, namespaces: Iterable[str]) -> str:
    names = _some(sorted(namespaces))
    return printable(f"{reason.value}: {REASON_WORDS[reason]}" + (f": {names}" if names else ""))


def _namespaces(target: TargetResult) -> dict[NotChecked, set[str]]:
    """Where that says more than the reason: the namespaces, else the types of the PURLs, of what was not checked."""
    found: dict[NotChecked, set[str]] = {}
    for result in counted_results(target):
        if result.reason in {NotChecked.NO_FEED, NotChecked.NO_SCHEME} and result.component.purl:
            purl_type = result.component.purl.partition(":")[2].partition("/")[0]
            found.setdefault(result.reason, set()).update({lookup.namespace for lookup in result.lookups} or {purl_type})
    return found


def _database_line(report: ScanReport) -> str:
    feeds = ", ".join(f"{feed.name} of {feed.captured_at[:10] if feed.captured_at else 'an unknown day'}" for feed in report.database.feeds)
    as_of = f", as of {report.database.as_of[:10]}" if report.database.as_of else ""
    return printable(f"Database {report.database.digest[:12]}, built {report.database.built_at[:10]}{as_of}: {feeds or 'no feeds'}")


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" +{more}" if more > 0 else "")
