"""The report to look at in a browser: one file that asks for nothing else, in light and dark.

What was found, what to do, and the layers stand in the markup; the table of findings is built by `page.js` from the data in the page, so
that tens of thousands can be searched, sorted and filtered. A content security policy lets this one script and this one style sheet run, by
their digests, and nothing else; what strangers wrote is text in the markup and a string in the data, never markup or code.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import msgspec

from sbommatch import __version__
from sbommatch.match.model import TargetResult
from sbommatch.reports._page import LEVELS, element, levels_of, raw, summary, to_do, unchecked, view_of_layers
from sbommatch.reports._shown import (
    Shown,
    advice,
    best_cvss,
    exploitation,
    instruction,
    is_safe_link,
    link_of,
    shown,
)
from sbommatch.reports.report import ScanReport, Style
from sbommatch.reports.text import printable, shortened
from sbommatch.reports.words import fix_in_words, rule_in_words
from sbommatch.store.model import Told

MAX_SUMMARY = 600
"""Characters of what a vulnerability is; its links have the rest."""

MAX_LINKS = 5
"""Of a vulnerability."""

MAX_PATHS = 5
"""Of a package."""


class HtmlReport:
    """The report `html`."""

    name: ClassVar[str] = "html"
    title: ClassVar[str] = "one page to look at, filter and search"
    suffix: ClassVar[str] = ".html"
    between: ClassVar[bytes] = b""
    head: ClassVar[bytes] = b""
    tells: ClassVar[bool] = True

    def write(self, report: ScanReport, style: Style) -> bytes:
        """A whole document, self-contained."""
        found = [shown(target) for target in report.targets]
        names = [_name(target) for target in report.targets]
        sections: list[str] = []
        for number, (target, of_target) in enumerate(zip(report.targets, found, strict=True)):
            sections += _target(target, of_target, number, names[number] if len(names) > 1 else "")
        levels = levels_of(one for of_target in found for one in of_target)
        body = _header(report, names) + element("main", *sections, _findings(names, levels)) + _footer(report)
        return _document(", ".join(names) or "nothing", body, _data(report, found, names)).encode()


def _document(title: str, body: str, data: bytes) -> str:
    folder = Path(__file__).parent
    style, script = ((folder / name).read_text("utf-8") for name in ("page.css", "page.js"))
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'"
    head = "".join(
        [
            '<meta charset="utf-8">',
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">',
            element("title", f"{title}: vulnerabilities"),
            f"<style>{style}</style>",
        ]
    )
    # `<` ends a script element however it is quoted; in JSON it can be written otherwise.
    embedded = data.decode().replace("<", "\\u003c")
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}'
        f'<script type="application/json" id="data">{embedded}</script><script>{script}</script></body></html>\n'
    )


def _digest(text: str) -> str:
    """As a content security policy names what may run."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _name(target: TargetResult) -> str:
    subject = target.document.subject
    return printable(" ".join(filter(None, (subject.name, subject.version))) or target.document.path)


def _header(report: ScanReport, names: Sequence[str]) -> str:
    title = names[0] if len(names) == 1 else f"{len(names)} documents"
    what = [printable(target.document.path) for target in report.targets[:1]] if len(names) == 1 else []
    if len(report.targets) == 1:
        target = report.targets[0]
        what += filter(None, [" ".join(filter(None, (target.distro_id, target.distro_version))), target.document.producer])
    what.append(f"evaluated on {report.evaluated_on}")
    return element(
        "header",
        element("a", "Skip to the findings", href="#findings", class_="skip"),
        element("p", "Vulnerability report", class_="kicker"),
        element("h1", title),
        element("p", " · ".join(what), class_="muted"),
    )


def _target(target: TargetResult, found: Sequence[Shown], number: int, name: str) -> Iterator[str]:
    """The sections of a document; its name where there are several."""
    if name:
        yield element("h2", name, class_="target")
    yield summary(target, found)
    yield to_do(found, number)
    yield view_of_layers(target, found, number)
    yield unchecked(target)


FILTERS = raw(
    '<label>Show<select id="status"><option value="open">open</option><option value="hidden">in removed packages</option>'
    '<option value="suppressed">suppressed</option><option value="all">all</option></select></label>'
    '<label class="check"><input type="checkbox" id="fixable">with a fix</label>'
    '<label class="check"><input type="checkbox" id="kev">known exploited</label>'
)
SEARCH = raw('<label>Search<input type="search" id="search" autocomplete="off" placeholder="package, identifier, path, words"></label>')
TABLE = raw(
    '<p id="count" role="status" aria-live="polite"></p><div class="scroll"><table id="table">'
    '<caption class="visually-hidden">Findings</caption><thead></thead><tbody></tbody></table></div>'
    '<nav id="pages" aria-label="Pages"></nav>'
)


def _findings(names: Sequence[str], levels: Iterable[str]) -> str:
    """The frame that the script fills; without it the other sections stand as they are."""
    documents = element("label", "Document", _select("document", names)) if len(names) > 1 else raw("")
    boxes = (
        element("label", element("input", type="checkbox", name="severity", value=level), element("span", level, class_=f"badge {level}"))
        for level in levels
    )
    return element(
        "section",
        element("h2", "Findings", id="findings-title"),
        element("noscript", element("p", "The table of findings needs JavaScript; the reports csv and markdown do without.")),
        element(
            "form",
            SEARCH,
            documents,
            element("label", "Layer", _select("layer", ())),
            FILTERS,
            element("fieldset", element("legend", "Severity"), *boxes),
            element("button", "Reset", type="reset"),
            id="filter",
            role="search",
        ),
        TABLE,
        id="findings",
        aria_labelledby="findings-title",
        class_="panel",
    )


def _select(name: str, options: Sequence[str]) -> str:
    listed = (element("option", option, value=number) for number, option in enumerate(options))
    return element("select", element("option", "all", value=""), *listed, id=name)


def _footer(report: ScanReport) -> str:
    database = report.database
    rows = "".join(
        element("tr", element("td", feed.name), element("td", (feed.captured_at or "unknown")[:10]), element("td", f"{feed.advisories:,}"))
        for feed in database.feeds
    )
    return element(
        "footer",
        element(
            "details",
            element("summary", f"sbommatch {__version__}, database {database.digest[:12]} of {database.built_at[:10]}"),
            element("table", raw("<thead><tr><th>Feed</th><th>Of</th><th>Advisories</th></tr></thead>"), element("tbody", raw(rows))),
        ),
    )


def _data(report: ScanReport, found: Sequence[Sequence[Shown]], names: Sequence[str]) -> bytes:
    """What the script builds the table from: packages and vulnerabilities once, findings as short rows that point to them."""
    packages: dict[tuple[int, str], int] = {}
    listed: list[dict[str, object]] = []
    vulnerabilities: dict[str, int] = {}
    rows = []
    for number, of_target in enumerate(found):
        for one in of_target:
            key = (number, one.component.ref)
            if key not in packages:
                packages[key] = len(listed)
                listed.append(_package(one, number))
            place = vulnerabilities.setdefault(one.finding.id, len(vulnerabilities))
            rows.append(_row(one, packages[key], place))
    told = [_vulnerability(name, report.told.get(name)) for name in vulnerabilities]
    data = {"levels": LEVELS, "documents": names, "packages": listed, "vulnerabilities": told, "findings": rows}
    return msgspec.json.encode(data)


def _package(one: Shown, number: int) -> dict[str, object]:
    component, layer = one.component, one.layer
    return {
        "document": number,
        "name": printable(one.name),
        "version": printable(one.version),
        "source": printable(one.source),
        "purl": printable(component.purl or ""),
        "paths": [printable(path) for path in component.paths[:MAX_PATHS]],
        "layer": layer.index,
        "origin": printable(layer.origin or ""),
        "dockerfile": printable(layer.dockerfile or ""),
        "instruction": printable(instruction(layer)),
    }


def _vulnerability(name: str, told: Told | None) -> dict[str, object]:
    links = [link for link in (told.links if told else ()) if is_safe_link(link)][:MAX_LINKS]
    summary_ = shortened(" ".join(told.summary.split()), MAX_SUMMARY) if told else ""
    return {"id": printable(name), "link": link_of(name) or (links[0] if links else ""), "summary": printable(summary_), "links": links}


def _row(one: Shown, package: int, vulnerability: int) -> list[object]:
    """In the order that `page.js` reads it in."""
    finding = one.finding
    status = "open" if one.is_open and not finding.hidden else "hidden" if one.is_open else "suppressed"
    match = finding.match
    return [
        LEVELS.index(finding.severity.level.value),
        vulnerability,
        package,
        status,
        printable(fix_in_words(finding.fix)),
        bool(finding.fix.versions),
        printable(one.to or ""),
        finding.risk,
        best_cvss(finding),
        exploitation(finding),
        finding.kev is not None,
        printable(advice(one)),
        [printable(other) for other in finding.ids if other != finding.id],
        printable(f"{match.feed} {match.record}: {match.version} in {match.range} ({match.rule})"),
        printable("; ".join(map(rule_in_words, finding.suppressed_by))),
    ]
