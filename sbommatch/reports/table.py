"""The report for people: findings by what to do about them, then what is silenced, what was checked, and what was not.

    app.cdx.json: myapp 1.2, alpine 3.11.13

    Layer 2, own, Dockerfile:5: apk add curl
      curl 7.66.0-r0: upgrade to 7.67.0-r1
        high      CVE-2019-5482   fixed in 7.66.0-r1   KEV  Heap buffer overflow in the TFTP protocol handler

Layers with the most severe findings come first, and packages within them; packages of one source package stand together. Nothing of the
document or the feeds reaches the terminal unescaped.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import ClassVar

from sbommatch.match.coverage import Coverage, coverage_of, unserved
from sbommatch.match.model import Finding, Level, TargetResult
from sbommatch.reports._shown import Shown, exploitation, instruction, shown, shown_by_upgrade
from sbommatch.reports.report import ScanReport, Style
from sbommatch.reports.text import GAP, aligned, column_widths, counted, printable, shortened
from sbommatch.reports.words import fix_in_words, levels_in_words, rule_in_words, some, suppressor, unserved_in_words
from sbommatch.store.model import Told

INDENT = "    "
WIDTH = 120
"""Columns of what need not be read whole (instructions, summaries) where no terminal says how many there are."""
MIN_WIDTH = 12
"""Columns below which an instruction or a summary says nothing: a line is rather too long, or goes without."""

COLOURS = {Level.CRITICAL: "1;31", Level.HIGH: "31", Level.MEDIUM: "33", Level.LOW: "36"}
"""SGR parameters (ECMA-48, 8.3.117)."""
BOLD = "1"


class TableReport:
    """The report `table`."""

    name: ClassVar[str] = "table"
    title: ClassVar[str] = "for people: findings by what to do, what is silenced, and what was not checked"
    suffix: ClassVar[str] = ".txt"
    between: ClassVar[bytes] = b"\n"
    head: ClassVar[bytes] = b""
    tells: ClassVar[bool] = True

    def write(self, report: ScanReport, style: Style) -> bytes:
        """Plain text; colours and lines cut to the terminal only where `style` says so."""
        sections = [section for target in report.targets for section in _target_sections(target, report.told, style)]
        sections.append(_database_lines(report, style))
        return ("\n\n".join(sections) + "\n").encode()


def _target_sections(target: TargetResult, told: Mapping[str, Told], style: Style) -> list[str]:
    found = shown(target)
    seen = [one for one in found if one.is_open and not one.finding.hidden]
    hidden = [one for one in found if one.is_open and one.finding.hidden]
    silenced = [one for one in found if not one.is_open]
    sections = [_painted(_headline(target), BOLD, style)]
    if seen:
        sections += _findings(seen, told, style)
    if hidden:
        sections.append("In packages that a later layer removed, whose files still ship:")
        sections += _findings(hidden, told, style)
    if silenced:
        sections.append("\n".join(["Suppressed, and why:", *_suppressed_lines(silenced)]))
    return [*sections, "\n".join([_count_line(seen, hidden), *_suppressed_count(silenced), *_coverage_lines(target, style)])]


def _headline(target: TargetResult) -> str:
    subject = target.document.subject
    name = " ".join(filter(None, (subject.name, subject.version)))
    distro = " ".join(filter(None, (target.distro_id, target.distro_version)))
    said = ", ".join(filter(None, (name, distro)))
    return printable(f"{target.document.path}: {said}" if said else target.document.path)


def _findings(found: Sequence[Shown], told: Mapping[str, Told], style: Style) -> list[str]:
    """A section for each layer: its instruction, and for each upgrade in it a line and those of its findings."""
    layers = [[(group, _rows(group)) for group in groups] for groups in shown_by_upgrade(found)]
    widths = column_widths([cells for groups in layers for _, rows in groups for _, cells in rows])
    sections = []
    for groups in layers:
        lines = _layer_lines(groups[0][0], style)
        for group, rows in groups:
            lines += [_painted(_heading(group), BOLD, style), *_lines(rows, widths, told, style)]
        sections.append("\n".join(lines))
    return sections


def _layer_lines(group: Sequence[Shown], style: Style) -> list[str]:
    """As in `Layer 2, own, Dockerfile:5: apk add curl`; nothing where the layer is not known."""
    layer = group[0].layer
    if layer.index < 0:
        return []
    place = printable(", ".join(filter(None, (f"Layer {layer.index}", layer.origin, layer.dockerfile))))
    width = max((style.width or WIDTH) - len(place) - 2, MIN_WIDTH)
    words = shortened(printable(instruction(layer)), width)
    line = f"{place}: {words}" if words else place
    remedy = ["Rebuild on a newer base image, or upgrade in a layer of your own:"] if layer.origin == "base" else []
    return [_painted(line, BOLD, style), *remedy]


def _heading(group: Sequence[Shown]) -> str:
    """What to do, as in `libcrypto1.1, libssl1.1 (openssl) 1.1.1d-r2: upgrade to 1.1.1d-r3`."""
    first = group[0]
    names = sorted({one.name for one in group})
    package = f"{some(names)} ({first.source})" if first.source and first.source not in names else some(names)
    upgrade = next((one.upgrade for one in group if one.upgrade and one.upgrade.to), None)
    if upgrade is None:
        return printable(f"  {package} {first.version}: no fix is known")
    of = "" if upgrade.version == first.version else f"{upgrade.name} "
    return printable(f"  {package} {first.version}: upgrade to {of}{upgrade.to}")


_Cells = tuple[str, str, str]


def _rows(group: Sequence[Shown]) -> list[tuple[Shown, _Cells]]:
    """A line for each finding; findings that differ in the binary package alone share one."""
    rows: dict[_Cells, Shown] = {}
    for one in group:
        finding = one.finding
        cells = (finding.severity.level.value, printable(finding.id), printable(_fix(finding)))
        rows.setdefault(cells, one)
    return [(one, cells) for cells, one in rows.items()]


def _fix(finding: Finding) -> str:
    words = fix_in_words(finding.fix)
    return f"fixed in {words}" if finding.fix.versions else words


def _lines(rows: Sequence[tuple[Shown, _Cells]], widths: Sequence[int], told: Mapping[str, Told], style: Style) -> Iterable[str]:
    for one, cells in rows:
        finding = one.finding
        line = INDENT + GAP.join([*aligned(cells, widths)[:-1], cells[-1].ljust(widths[-1])])
        rule = "" if finding.match.exact else finding.match.rule
        notes = printable("; ".join(filter(None, (exploitation(finding), rule))))
        line = f"{line}{GAP}{notes}" if notes else line
        summary = told[finding.id].summary if finding.id in told else ""
        room = (style.width or WIDTH) - len(line) - len(GAP)
        if summary and room >= MIN_WIDTH:
            line += GAP + shortened(printable(" ".join(summary.split())), room)
        yield _coloured(line.rstrip(), finding.severity.level, style)


def _coloured(line: str, level: Level, style: Style) -> str:
    if not style.colour or level not in COLOURS:
        return line
    return f"{INDENT}\x1b[{COLOURS[level]}m{level}\x1b[0m{line[len(INDENT) + len(level) :]}"


def _painted(line: str, sgr: str, style: Style) -> str:
    return f"\x1b[{sgr}m{line}\x1b[0m" if style.colour else line


def _suppressed_lines(silenced: Sequence[Shown]) -> Iterable[str]:
    """As in `linux-libc-dev 6.1.4: CVE-1, CVE-2, CVE-3 +97`, and below it why: two lines for each package and rule."""
    by_rules: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for one in silenced:
        by_rules.setdefault((one.finding.suppressed_by, f"{one.name} {one.version}"), []).append(one.finding.id)
    for (rules, package), ids in sorted(by_rules.items()):
        yield printable(f"  {package}: {some(sorted(set(ids)))}")
        yield from (printable(f"{INDENT}{rule_in_words(rule)}") for rule in rules)


def _count_line(seen: Sequence[Shown], hidden: Sequence[Shown]) -> str:
    """As in `3 findings: 1 critical, 2 of unknown severity; 1 more in removed packages`."""
    count = counted(len(seen), "finding") if seen else "No findings"
    by_level = levels_in_words(one.finding for one in seen)
    removed = f"{len(hidden)} more in removed packages" if hidden else ""
    return "; ".join(filter(None, (f"{count}: {by_level}" if by_level else count, removed)))


def _suppressed_count(silenced: Sequence[Shown]) -> list[str]:
    """As in `3 findings suppressed: 2 by covered_by, 1 by kernel_headers`."""
    rules = Counter(suppressor(one.finding.suppressed_by[0]) for one in silenced if one.finding.suppressed_by)
    said = ", ".join(f"{number} by {rule}" for rule, number in sorted(rules.items()))
    return [printable(f"{counted(len(silenced), 'finding')} suppressed: {said}")] if silenced else []


def _coverage_lines(target: TargetResult, style: Style) -> list[str]:
    coverage = coverage_of(target)
    if not coverage.counted:
        return ["Nothing was checked: the document has no packages"]
    lines = [f"Checked {coverage.checked} of {counted(coverage.counted, 'component')}{_verdict_words(coverage)}"]
    if coverage.not_checked:
        lines.append(f"Not checked {sum(coverage.not_checked.values())}:")
        for one in unserved(target):
            said = printable(f"{one.count:6}  {one.reason}: {unserved_in_words(one)}")
            lines += wrap(said, style.width or len(said), subsequent_indent=" " * 8, break_long_words=False, break_on_hyphens=False)
    return lines


def _verdict_words(coverage: Coverage) -> str:
    words = ((coverage.affected, "affected"), (coverage.cleared, "cleared"), (coverage.no_match, "without a match"))
    said = ", ".join(f"{number} {word}" for number, word in words if number)
    return f": {said}" if said else ""


def _database_lines(report: ScanReport, style: Style) -> str:
    feeds = [f"{feed.name} of {feed.captured_at[:10] if feed.captured_at else 'an unknown day'}" for feed in report.database.feeds]
    as_of = f", as of {report.database.as_of[:10]}" if report.database.as_of else ""
    words = [f"Database {report.database.digest[:12]}, built {report.database.built_at[:10]}{as_of}: {feeds[0] if feeds else 'no feeds'}"]
    for feed in feeds[1:]:
        if style.width and len(words[-1]) + len(feed) + 3 > style.width:
            words[-1] += ","
            words.append("  " + feed)
        else:
            words[-1] += f", {feed}"
    return "\n".join(map(printable, words))
