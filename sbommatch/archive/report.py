"""The summary of a match for people: as text, Markdown or HTML; and all findings as rows, in CSV or Parquet."""

import html
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from sbommatch.archive.reader import Reader
from sbommatch.archive.summary import LEVELS, DocumentSummary, Levels, Summary
from sbommatch.match.model import NotChecked, Verdict
from sbommatch.reports.text import counted, printable, table_lines
from sbommatch.reports.words import REASON_WORDS
from sbommatch.store.model import DatabaseStatus

VERDICT_WORDS = {
    Verdict.AFFECTED: "affected",
    Verdict.CLEARED: "cleared",
    Verdict.NO_MATCH: "without a match",
    Verdict.NOT_CHECKED: "not checked",
}


class Section(Struct, frozen=True):
    """A table with its title."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Page(Struct, frozen=True):
    """What all three forms say."""

    title: str
    lines: tuple[str, ...]
    sections: tuple[Section, ...]
    foot: str


def page(archive: str, summary: Summary, database: DatabaseStatus) -> Page:
    """What there is to say; sections without rows are left out."""
    sections = (_vulnerabilities(summary), _packages(summary), _documents(summary), _labels(summary), _not_checked(summary))
    feeds = ", ".join(f"{feed.name} of {feed.captured_at[:10] if feed.captured_at else 'an unknown day'}" for feed in database.feeds)
    as_of = f", as of {database.as_of[:10]}" if database.as_of else ""
    return Page(
        title=f"{archive}: {counted(summary.documents, 'document')}, {summary.affected_documents} affected",
        lines=tuple(_lines(summary)),
        sections=tuple(section for section in sections if section.rows),
        foot=f"Database {database.digest[:12]}, built {database.built_at[:10]}{as_of}: {feeds or 'no feeds'}",
    )


LEVELS_HEADER = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "OTHER", "KEV")


def _vulnerabilities(summary: Summary) -> Section:
    header = ("ID", "SEVERITY", "KEV SINCE", "EPSS", "DOCUMENTS", "PACKAGES")
    rows = []
    for one in summary.vulnerabilities:
        epss = "" if one.epss is None else f"{one.epss:.2f}"
        rows.append((one.id, one.level, one.kev_added or "", epss, str(one.documents), str(one.packages)))
    return Section("Vulnerabilities, the exploited and gravest first", header, tuple(rows))


def _packages(summary: Summary) -> Section:
    header = ("PACKAGE", "VERSIONS", "DOCUMENTS", "VULNERABILITIES", "WORST", "KEV")
    rows = []
    for one in summary.packages:
        numbers = (str(one.versions), str(one.documents), str(one.vulnerabilities))
        rows.append((f"{one.namespace}/{one.name}", *numbers, one.worst, _some(one.kev)))
    return Section("Packages, by the documents that they make affected", header, tuple(rows))


def _documents(summary: Summary) -> Section:
    rows = tuple(((one.sha256 or "")[:12], one.name, *_levels(one)) for one in summary.worst_documents)
    return Section("Documents, the worst first", ("DIGEST", "SUBJECT", *LEVELS_HEADER), rows)


def _labels(summary: Summary) -> Section:
    rows = tuple((one.name, str(one.documents), str(one.affected), *_levels(one)) for one in summary.labels)
    return Section("Labels", ("LABEL", "DOCUMENTS", "AFFECTED", *LEVELS_HEADER), rows)


def _not_checked(summary: Summary) -> Section:
    rows = tuple((str(number), reason, REASON_WORDS[NotChecked(reason)]) for reason, number in summary.not_checked.items())
    return Section("Not checked", ("COMPONENTS", "REASON", ""), rows)


def _levels(one: DocumentSummary) -> tuple[str, ...]:
    levels = one.levels
    other = levels.negligible + levels.none + levels.unknown
    return tuple(map(_some, (levels.critical, levels.high, levels.medium, levels.low, other, one.kev)))


def _some(number: int) -> str:
    return str(number) if number else ""


def _lines(summary: Summary) -> Iterable[str]:
    if not summary.documents:
        yield "Nothing was matched: there are no documents"
        return
    yield f"{counted(summary.findings, 'finding')}{_by_level(summary.levels)}"
    if summary.kev or summary.epss_high:
        yield f"{summary.kev} of known exploited vulnerabilities (KEV), {summary.epss_high} with an EPSS of 0.1 or more"
    if summary.hidden:
        yield f"{counted(summary.hidden, 'finding')} more in removed packages, whose files still ship"
    if summary.suppressed:
        yield f"{counted(summary.suppressed, 'finding')} suppressed by rules of matching"
    checked = sum(number for verdict, number in summary.verdicts.items() if verdict != Verdict.NOT_CHECKED)
    words = ", ".join(f"{summary.verdicts[verdict]} {word}" for verdict, word in VERDICT_WORDS.items() if verdict in summary.verdicts)
    yield f"Checked {checked} of {counted(sum(summary.verdicts.values()), 'component')}{f': {words}' if words else ''}"
    yield f"{summary.components} occurrences of {summary.coordinates} distinct components"
    if summary.lossy_documents:
        yield f"Of {counted(summary.lossy_documents, 'document')} a part could not be read when added: what is in it is not known"


def _by_level(levels: Levels) -> str:
    said = (f"{number} {'of unknown severity' if level == 'unknown' else level}" for level in LEVELS if (number := getattr(levels, level)))
    text = ", ".join(said)
    return f": {text}" if text else ""


def as_table(content: Page) -> bytes:
    """Plain text."""
    blocks = ["\n".join(map(printable, (content.title, *content.lines)))]
    blocks += ["\n".join([f"{one.title}:", "", *table_lines([one.header, *one.rows])]) for one in content.sections]
    return ("\n\n".join([*blocks, printable(content.foot)]) + "\n").encode()


def as_markdown(content: Page) -> bytes:
    """GitHub's Markdown."""
    lines = [f"# {_marked(content.title)}", "", *(f"- {_marked(line)}" for line in content.lines)]
    for section in content.sections:
        cells = [section.header, ("---",) * len(section.header), *(tuple(map(_marked, row)) for row in section.rows)]
        lines += ["", f"## {section.title}", "", *(f"| {' | '.join(row)} |" for row in cells)]
    return ("\n".join([*lines, "", _marked(content.foot)]) + "\n").encode()


def _marked(text: str) -> str:
    """Text that is none of Markdown's marks, nor HTML's."""
    escaped = html.escape(printable(text), quote=False)
    return "".join(f"\\{character}" if character in r"\`*_[]|#~" else character for character in escaped)


_STYLE = (
    "body{font:14px/1.5 system-ui,sans-serif;margin:2rem;color:#222;background:#fff}table{border-collapse:collapse;margin:0 0 2rem}"
    "th,td{padding:.25rem .75rem;border-bottom:1px solid #ddd;text-align:left}"
    "th{font-size:12px;color:#555}h1{font-size:20px}h2{font-size:16px}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}th,td{border-color:#444}th{color:#aaa}}"
)


def as_html(content: Page) -> bytes:
    """One page that loads nothing."""
    parts = ["<!doctype html>", '<html lang="en"><head><meta charset="utf-8">', f"<title>{_escaped(content.title)}</title>"]
    parts += [f"<style>{_STYLE}</style></head><body>", f"<h1>{_escaped(content.title)}</h1>"]
    parts += ["<ul>", *(f"<li>{_escaped(line)}</li>" for line in content.lines), "</ul>"]
    for section in content.sections:
        head = "".join(f"<th>{_escaped(name)}</th>" for name in section.header)
        rows = ("<tr>" + "".join(f"<td>{_escaped(cell)}</td>" for cell in row) + "</tr>" for row in section.rows)
        parts += [f"<h2>{_escaped(section.title)}</h2>", f"<table><thead><tr>{head}</tr></thead><tbody>", *rows, "</tbody></table>"]
    return ("\n".join([*parts, f"<p>{_escaped(content.foot)}</p>", "</body></html>"]) + "\n").encode()


def _escaped(text: str) -> str:
    return html.escape(printable(text))


PAGES: dict[str, Callable[[Page], bytes]] = {"table": as_table, "markdown": as_markdown, "html": as_html}

ROW_FORMATS = ("csv", "parquet")

SUBJECT = "coalesce(nullif(concat_ws(' ', subject_name, subject_version), ''), path)"
"""What a document is about, in words: its own, else its path."""

_TEXTS = (
    "d.sha256", f"{SUBJECT} AS subject", "path",
    "array_to_string(list_transform(map_entries(labels), lambda label: label.key || '=' || label.value), ' ') AS labels",
    "namespace", "name", "version", "id", "ids", "level", "fix_state", "fixed_in", "status", "suppressed_by", "feed", "record", "rule",
    "\"range\"",
)  # fmt: skip
_OTHERS = ("position", "hidden", "kev_added", "epss", "risk", "exact")


def write_rows(reader: Reader, format_: str, target: Path) -> None:
    """A row for each finding of each document, hidden and suppressed ones too, sorted. `position` is the component's in its document.

    Raises ArchiveError where the file cannot be written.
    """
    texts: Sequence[str] = [_harmless(text) for text in _TEXTS] if format_ == "csv" else _TEXTS
    path = str(target).replace("'", "''")
    options = "FORMAT csv, HEADER" if format_ == "csv" else "FORMAT parquet, COMPRESSION zstd"
    reader.execute(
        f"COPY (SELECT {', '.join((*texts, *_OTHERS))} FROM reached JOIN found USING (class) JOIN documents d USING (segment, document) "
        f"ORDER BY d.sha256, position, id) TO '{path}' ({options})"
    )


def _harmless(expression: str) -> str:
    """What a spreadsheet would run as a formula begins with an apostrophe."""
    value, _, name = expression.partition(" AS ")
    return rf"regexp_replace({value}, '^[=+\-@\t\r]', '''\0') AS {name or value.rpartition('.')[2]}"
