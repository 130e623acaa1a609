"""The report to look at: as markup, and in a real browser."""

import base64
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sbommatch.advisory import Epss, Kev
from sbommatch.match.model import Level, TargetResult
from sbommatch.reports._page import LEVELS, UPGRADES_SHOWN
from sbommatch.reports.html_report import HtmlReport
from sbommatch.reports.report import Style
from sbommatch.store.model import Told
from tests.sbommatch.match.made import component, document, finding, result, target
from tests.sbommatch.reports.made import (
    HOSTILE,
    HOSTILE_TOLD,
    LAYERS,
    TOLD,
    full_target,
    hostile_target,
    scan_report,
    silenced_target,
    upgrade,
)
from tests.support.browser import Page, opened

VOID = {"meta", "input", "br", "rect", "circle"}
MANY = 10_000
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "script", "body", "header", "main", "section", "div", "nav", "footer", "noscript"),
    *("h1", "h2", "h3", "p", "a", "ul", "li", "span", "strong", "code", "details", "summary"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "form", "fieldset", "legend", "label", "input", "select", "option", "button"),
    *("svg", "circle", "rect", "text"),
}


def written(*targets: TargetResult, told: dict[str, Told] | None = None) -> str:
    return HtmlReport().write(scan_report(*targets, told=told or TOLD), Style()).decode()


class Elements(HTMLParser):
    """The elements of a page, which must be closed in their order, and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert not self.stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def data_of(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize(
    "shown", [full_target(), silenced_target(), hostile_target(), target()], ids=["full", "silenced", "hostile", "empty"]
)
def test_every_element_is_closed_and_nothing_is_fetched(shown: TargetResult) -> None:
    elements = Elements(written(shown, told=HOSTILE_TOLD | TOLD)).found
    assert {tag for tag, _ in elements} <= ELEMENTS
    for _, attributes in elements:
        assert not {name for name in attributes if name.startswith("on") or name in {"src", "style", "srcset", "action", "data"}}
        assert (attributes.get("href") or "#").startswith("#")


def test_only_this_script_and_this_style_run() -> None:
    page = written(full_target())
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    [script] = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = [f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}" for text in (script, style)]
    assert policy.replace("&#39;", "'") == (
        f"default-src 'none'; style-src '{digests[1]}'; script-src '{digests[0]}'; base-uri 'none'; form-action 'none'"
    )


def test_what_strangers_wrote_is_text() -> None:
    page = written(hostile_target(), told=HOSTILE_TOLD)
    assert page.count("<script") == 2
    assert "<img" not in page
    assert "<b onmouseover" not in page
    listed = data_of(page)["packages"]
    assert f"{HOSTILE[2]}/{HOSTILE[2]}" in [one["name"] for one in listed]


def test_a_link_that_is_not_of_the_web_is_none() -> None:
    [told] = [one for one in data_of(written(full_target()))["vulnerabilities"] if one["id"] == "CVE-2019-5482"]
    assert told["links"] == ["https://curl.se/docs/CVE-2019-5482.html"]


def test_what_to_do_and_the_layers_stand_without_javascript() -> None:
    texts = " ".join(" ".join(Elements(written(silenced_target())).texts).split())
    assert "Layer 1 own Dockerfile:3-4 apk add curl && rm -rf /var/cache" in texts
    assert "curl openssl 7.66.0-r0 1.1.1d-r3 1 CVE-2019-5482" in texts
    assert "Rebuild on a newer base image, or upgrade in a layer of your own." in texts
    assert "1 more in removed packages, 4 suppressed" in texts
    assert "no loaded feed covers it" in texts


def test_more_upgrades_than_are_shown_are_counted() -> None:
    shown = many(UPGRADES_SHOWN + 7)
    assert f"{7:,} more upgrades in the table of findings" in written(shown)


def many(number: int) -> TargetResult:
    """So many packages with a finding each, of all severities, in two layers."""
    levels = list(Level)
    components, found, upgrades = [], [], []
    for place in range(number):
        one = component(f"pkg:npm/p{place}@1", ref=f"r{place}", version="1", layer=place % 2, paths=(f"app/{place}/package.json",))
        match = replace(finding().match, namespace="npm", name=one.name, version="1", feed="osv-npm")
        kev = Kev("2024-01-01") if place % 1000 == 0 else None
        id_ = f"CVE-2024-{place:05}"
        components.append(one)
        found.append(
            finding(
                levels[place % 7], ref=one.ref, id=id_, ids=(id_,), match=match, kev=kev, epss=Epss(place / number), risk=float(place % 100)
            )
        )
        upgrades.append(upgrade(one, fixes=(id_,), namespace="npm", name=one.name, version="1"))
    made = document(*components, layers=LAYERS)
    return target([result(one) for one in components], found, document=made, upgrades=tuple(upgrades))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """10,000 findings, in a browser."""
    file = tmp_path_factory.mktemp("page") / "many.html"
    told = {"CVE-2024-00003": Told("A flaw of the <b>third</b> kind", ("https://example.org/3",))}
    file.write_text(written(many(MANY), told=told), "utf-8")
    with opened(file.as_uri()) as page:
        yield page


def rows(page: Page) -> list[list[str]]:
    found: list[list[str]] = page.evaluate(
        "[...document.querySelectorAll('#table tbody tr:not(.more)')].map(row => [...row.cells].map(cell => cell.innerText))"
    )
    return found


def counted(page: Page) -> str:
    text: str = page.evaluate("document.getElementById('count').textContent")
    return text


def choose(page: Page, script: str) -> None:
    """Changes the form as a user does."""
    page.evaluate(f"document.querySelector('#filter button[type=reset]').click(); {script}; "
                  "document.getElementById('filter').dispatchEvent(new Event('input'))")  # fmt: skip


def test_a_browser_shows_it_and_asks_for_nothing_else(page: Page) -> None:
    assert counted(page) == "10,000 findings"
    assert len(rows(page)) == 100
    assert rows(page)[0][0] == "critical"
    assert [url for url in page.requests if not url.startswith(("file:", "about:"))] == []
    assert page.complaints == []


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ("document.getElementById('search').value = 'p4711'", "1 of 10,000 findings"),
        ("document.getElementById('search').value = 'CVE-2024-00003'", "1 of 10,000 findings"),
        ("document.getElementById('search').value = 'third kind'", "1 of 10,000 findings"),
        ("document.querySelector('[name=severity][value=critical]').checked = true", "1,428 of 10,000 findings"),
        ("document.getElementById('layer').value = '0:1'", "5,000 of 10,000 findings"),
        ("document.getElementById('kev').checked = true", "10 of 10,000 findings"),
        ("document.getElementById('status').value = 'suppressed'", "0 of 10,000 findings"),
    ],
)
def test_findings_are_searched_and_filtered(page: Page, script: str, count: str) -> None:
    choose(page, script)
    assert counted(page) == count
    assert len(rows(page)) == min(100, int(count.partition(" ")[0].replace(",", "")))


def test_columns_sort_both_ways_and_back(page: Page) -> None:
    choose(page, "0")
    click = "document.querySelector('[data-column=package] button').click()"
    page.evaluate(click)
    assert rows(page)[0][2].startswith("p0")
    assert rows(page)[10][2].startswith("p10")
    page.evaluate(click)
    assert rows(page)[0][2].startswith("p9999")
    assert page.evaluate("document.querySelector('[data-column=package]').getAttribute('aria-sort')") == "descending"
    page.evaluate(click)
    assert rows(page)[0][0] == "critical"


def test_pages_are_turned(page: Page) -> None:
    choose(page, "document.getElementById('layer').value = '0:1'")
    page.evaluate("document.querySelector('#pages button:last-child').click()")
    assert page.evaluate("document.getElementById('pages').innerText").split() == ["←", "Previous", "page", "2", "of", "50", "Next", "→"]
    assert page.evaluate("location.hash") == "#layer=0%3A1&page=2"


def test_a_layer_shows_its_findings(page: Page) -> None:
    choose(page, "0")
    page.evaluate("document.querySelectorAll('button[data-layer]')[1].click()")
    assert counted(page) == "5,000 of 10,000 findings"
    assert {row[5] for row in rows(page)} == {"1 own"}


def test_a_finding_opens_and_its_words_are_text(page: Page) -> None:
    choose(page, "document.getElementById('search').value = 'CVE-2024-00003'")
    page.evaluate("document.querySelector('.toggle').click()")
    details = page.evaluate("document.querySelector('tr.more').innerText")
    assert "A flaw of the <b>third</b> kind" in details
    assert "upgrade p3 1 to 1.1.1d-r3 in layer 1 (Dockerfile:3-4)" in details
    assert "apk add curl && rm -rf /var/cache" in details
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    assert page.evaluate("document.querySelector('tr.more a').href") == "https://example.org/3"


def test_a_view_can_be_kept_as_an_address(page: Page) -> None:
    page.evaluate("location.hash = '#severity=high&sort=-package&layer=0%3A0'")
    page.evaluate("window.dispatchEvent(new Event('hashchange'))")
    shown = rows(page)
    assert {row[0] for row in shown} == {"high"}
    assert shown[0][2] > shown[-1][2]
    assert page.evaluate("document.querySelector('[value=high]').checked")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_in_light_and_dark(page: Page, scheme: str) -> None:
    """Contrast of at least 4.5 (WCAG 2.2, 1.4.3) for text and severities, on the panels that they stand on."""
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    colours = page.evaluate(
        "(() => { const style = getComputedStyle(document.documentElement);"
        " const of = (name) => style.getPropertyValue('--' + name).trim();"
        f" return Object.fromEntries({json.dumps(['panel', 'text', 'muted', 'accent', *LEVELS])}.map((name) => [name, of(name)])); }})()"
    )
    page.call("Emulation.setEmulatedMedia", features=[])
    assert len(set(colours.values())) >= 9
    for name, colour in colours.items():
        if name != "panel":
            assert contrast(colour, colours["panel"]) >= 4.5, (scheme, name)


def contrast(one: str, other: str) -> float:
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_what_can_be_reached_by_keyboard_has_a_name(page: Page) -> None:
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, input, select, a, svg')].filter((one) => !(one.innerText || one.labels?.length ||"
        " one.getAttribute('aria-label') || one.closest('svg')?.getAttribute('aria-label'))).map((one) => one.outerHTML)"
    )
    assert nameless == []


def test_hostile_words_do_nothing_in_a_browser(tmp_path: Path) -> None:
    file = tmp_path / "hostile.html"
    file.write_text(written(hostile_target(), told=HOSTILE_TOLD), "utf-8")
    with opened(f"{file.as_uri()}#status=all") as page:
        assert counted(page) == f"{2 * len(HOSTILE)} findings"
        page.evaluate("document.querySelectorAll('.toggle').forEach((one) => one.click())")
        assert page.evaluate("document.querySelectorAll('#table img, #table b, #table script').length") == 0
        assert page.evaluate("[...document.links].filter((one) => !/^(https?|file):/.test(one.protocol)).length") == 0
        assert page.complaints == []
        assert [event for event in page.events if event.get("method") == "Page.javascriptDialogOpening"] == []


def test_several_documents_share_a_page(tmp_path: Path) -> None:
    file = tmp_path / "two.html"
    file.write_text(written(full_target(), silenced_target()), "utf-8")
    with opened(f"{file.as_uri()}#document=1&status=all") as page:
        assert counted(page) == "8 of 12 findings"
        assert page.complaints == []
