"""The parts of the HTML report that stand in its markup: figures, charts, what to do, layers."""

from collections import Counter
from collections.abc import Iterable, Sequence

from sbommatch.match.coverage import coverage_of, unserved
from sbommatch.match.model import Level, TargetResult
from sbommatch.match.policy import RANKS
from sbommatch.reports._shown import Shown, instruction, shown_by_upgrade
from sbommatch.reports.text import counted, printable
from sbommatch.reports.words import unserved_in_words
from sbommatch.sbom.component import ComponentLayer

LEVELS = tuple(level.value for level in sorted(Level, key=lambda level: -RANKS.get(level, -1)))
"""The worst first, the unknown last; also the names of CSS classes."""

UPGRADES_SHOWN = 300
"""In *What to do*: the table of findings has all."""

BARS_SHOWN = 8
"""Packages in the chart of those with the most findings."""


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def raw(markup: str) -> Markup:
    """Takes a text for markup: of ours, or made by `element`."""
    return Markup(markup)


_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def escaped(text: str) -> str:
    """Text that is no markup, also in a quoted attribute; control characters can be seen.

    >>> escaped("<script>'x'")
    '&lt;script&gt;&#39;x&#39;'
    """
    return text if isinstance(text, Markup) else printable(text).translate(_ESCAPES)


_VOID = frozenset({"meta", "input", "rect", "circle"})


def element(tag: str, /, *children: str, **attributes: str | float) -> Markup:
    """An element; children that are no markup are escaped, attributes always. `class_`, `aria_label` are `class`, `aria-label`.

    >>> element("a", "x < y", href="#", class_="b")
    '<a href="#" class="b">x &lt; y</a>'
    """
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escaped(str(value))}"' for key, value in attributes.items())
    end = "" if tag in _VOID else f"{''.join(map(escaped, children))}</{tag}>"
    return Markup(f"<{tag}{written}>{end}")


def summary(target: TargetResult, found: Sequence[Shown]) -> str:
    """Four panels: findings by severity, what upgrades end, what attackers use, what was checked."""
    seen = [one for one in found if one.is_open and not one.finding.hidden]
    hidden = sum(one.is_open and one.finding.hidden for one in found)
    silenced = sum(not one.is_open for one in found)
    levels = levels_of(seen)
    ended = sum(one.to is not None for one in seen)
    upgrades = sum(one.to is not None and not one.hidden for one in target.upgrades)
    exploited = sum(one.finding.kev is not None for one in seen)
    coverage = coverage_of(target)
    also = ", ".join(filter(None, (f"{hidden} more in removed packages" if hidden else "", f"{silenced} suppressed" if silenced else "")))
    return element(
        "section",
        element("div", element("h2", "Severity"), donut(levels), legend(levels), _note(also), class_="panel severity"),
        element(
            "div",
            element("h2", "Remedy"),
            _figure(f"{ended:,}", f"of {counted(len(seen), 'finding')} end with {counted(upgrades, 'upgrade')}"),
            bar({"done": ended, "rest": len(seen) - ended}, "findings with and without a fix"),
            _note(f"{exploited:,} known to be exploited (KEV)" if exploited else "none of them known to be exploited (KEV)"),
            class_="panel",
        ),
        element(
            "div",
            element("h2", "Coverage"),
            _figure(f"{coverage.checked:,}", f"of {counted(coverage.counted, 'component')} checked"),
            bar(
                {"affected": coverage.affected, "done": coverage.cleared + coverage.no_match, "rest": sum(coverage.not_checked.values())},
                "components that are affected, without a match, and not checked",
            ),
            _note(f"{coverage.affected} affected, {coverage.cleared} cleared, {coverage.no_match} without a match"),
            class_="panel",
        ),
        element("div", element("h2", "Most findings"), _most(seen), class_="panel"),
        class_="summary",
        aria_label="Summary",
    )


def levels_of(found: Iterable[Shown]) -> dict[str, int]:
    """How many findings have which severity, the worst first."""
    numbers = Counter(one.finding.severity.level.value for one in found)
    return {level: numbers[level] for level in LEVELS if numbers[level]}


def _figure(number: str, words: str) -> str:
    return element("p", element("strong", number), f" {words}", class_="figure")


def _note(words: str) -> str:
    return element("p", words, class_="muted") if words else Markup("")


def donut(levels: dict[str, int]) -> str:
    """A ring of severities with their sum in it."""
    total = sum(levels.values())
    rings = ['<circle class="ring" cx="60" cy="60" r="46" pathLength="100"/>']
    start = 0.0
    for level, number in levels.items():
        share = 100 * number / total
        rings.append(
            f'<circle class="ring {level}" cx="60" cy="60" r="46" pathLength="100" stroke-dasharray="{share:.3f} {100 - share:.3f}" '
            f'stroke-dashoffset="{-start:.3f}" transform="rotate(-90 60 60)"/>'
        )
        start += share
    said = ", ".join(f"{number} {level}" for level, number in levels.items()) or "no findings"
    words = f'<text class="total" x="60" y="60">{total:,}</text><text class="unit" x="60" y="76">finding{"" if total == 1 else "s"}</text>'
    return Markup(f'<svg class="donut" viewBox="0 0 120 120" role="img" aria-label="{said}">{"".join(rings)}{words}</svg>')


def legend(levels: dict[str, int]) -> str:
    """The severities with their numbers."""
    return element(
        "ul",
        *(element("li", element("span", level, class_=f"badge {level}"), f" {number:,}") for level, number in levels.items()),
        class_="legend",
    )


def bar(parts: dict[str, int], words: str, of: int | None = None) -> str:
    """A bar of parts, each in the colour of its class; `of` is the length that fills it, their sum unless stated."""
    total = max(of or sum(parts.values()), 1)
    drawn, start = [], 0.0
    for name, number in parts.items():
        width = 100 * number / total
        if number:
            drawn.append(f'<rect class="{name}" x="{start:.3f}" y="0" width="{width:.3f}" height="8"/>')
        start += width
    said = ", ".join(f"{number} {name}" for name, number in parts.items() if number)
    return Markup(
        f'<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{escaped(words)}: {said or "none"}">'
        f'<rect class="track" width="100" height="8"/>{"".join(drawn)}</svg>'
    )


def _most(seen: Sequence[Shown]) -> str:
    """The packages with the most findings."""
    packages: dict[str, list[Shown]] = {}
    for one in seen:
        packages.setdefault(one.source or one.name, []).append(one)
    ranked = sorted(packages.items(), key=lambda package: (-len(package[1]), package[0]))[:BARS_SHOWN]
    longest = len(ranked[0][1]) if ranked else 0
    rows = (
        element(
            "tr", element("th", name, scope="row"), element("td", bar(levels_of(found), name, longest)), element("td", f"{len(found):,}")
        )
        for name, found in ranked
    )
    return element("table", element("tbody", *rows), class_="bars") if ranked else _note("Nothing was found.")


def to_do(found: Sequence[Shown], number: int) -> str:
    """For each layer the upgrades that end findings in it, the worst first."""
    seen = [one for one in found if one.is_open and not one.finding.hidden]
    layers = shown_by_upgrade(one for one in seen if one.to)
    if not layers:
        return Markup("")
    most = max(len(group) for groups in layers for group in groups)
    blocks, left = [], UPGRADES_SHOWN
    for groups in layers:
        rows = [_upgrade(group, most) for group in groups[:left]]
        left -= len(rows)
        if rows:
            blocks.append(_layer_block(groups[0][0].layer, rows))
    more = sum(map(len, layers)) - (UPGRADES_SHOWN - left)
    rest = len({one.finding.id for one in seen if not one.to})
    uncut = f"{more:,} more upgrades in the table of findings" if more else ""
    unfixed = f"{counted(rest, 'vulnerability', 'vulnerabilities')} without a known fix" if rest else ""
    notes = ", ".join(filter(None, (uncut, unfixed)))
    title = f"to-do-{number}"
    return element("section", element("h2", "What to do", id=title), *blocks, _note(notes), class_="panel", aria_labelledby=title)


def _layer_block(layer: ComponentLayer, rows: Sequence[str]) -> str:
    head = Markup("<thead><tr><th>Upgrade</th><th>From</th><th>To</th><th>Ends</th><th>Vulnerabilities</th></tr></thead>")
    table = element("div", element("table", head, element("tbody", *rows)), class_="scroll")
    remedy = " Rebuild on a newer base image, or upgrade in a layer of your own." if layer.origin == "base" else ""
    return element("div", _layer_title(layer), element("p", remedy.strip(), class_="muted") if remedy else "", table, class_="block")


def _layer_title(layer: ComponentLayer) -> str:
    if layer.index < 0:
        return Markup("")
    return element(
        "h3",
        f"Layer {layer.index} ",
        element("span", layer.origin, class_=f"tag {'base' if layer.origin == 'base' else 'own'}") if layer.origin else "",
        f" {layer.dockerfile}" if layer.dockerfile else "",
        element("code", instruction(layer)),
    )


IDS_SHOWN = 4
"""Vulnerabilities in a row."""


def _upgrade(group: Sequence[Shown], most: int) -> str:
    first = group[0]
    names = sorted({one.name for one in group})
    ids = list(dict.fromkeys(one.finding.id for one in group))
    more = f" +{len(ids) - IDS_SHOWN}" if len(ids) > IDS_SHOWN else ""
    package = ", ".join(names[:IDS_SHOWN]) + (f" +{len(names) - IDS_SHOWN}" if len(names) > IDS_SHOWN else "")
    source = element("span", f" {first.source}", class_="muted") if first.source else ""
    return element(
        "tr",
        element("th", package, source, scope="row"),
        element("td", first.version),
        element("td", element("strong", next((one.to for one in group if one.to), ""))),
        element("td", f"{len(ids):,}", bar(levels_of(group), package, most), class_="narrow"),
        element("td", *(element("span", one) for one in ids[:IDS_SHOWN]), more, class_="ids"),
    )


def view_of_layers(target: TargetResult, found: Sequence[Shown], number: int) -> str:
    """The layers, the lowest first, with their instructions, packages and findings."""
    layers = sorted(target.document.layers, key=lambda layer: layer.index)
    if not layers:
        return Markup("")
    packages = Counter(result.component.layer for result in target.components)
    by_layer: dict[int, list[Shown]] = {}
    for one in found:
        if one.is_open:
            by_layer.setdefault(one.layer.index, []).append(one)
    longest = max(map(len, by_layer.values()), default=1)
    rows = [_layer_row(layer, by_layer.get(layer.index, []), packages[layer.index], longest, number) for layer in layers]
    head = Markup("<thead><tr><th>Layer</th><th>Instruction</th><th>Packages</th><th>Findings</th><th></th></tr></thead>")
    title = f"layers-{number}"
    return element(
        "section",
        element("h2", "Layers", id=title),
        element("div", element("table", head, element("tbody", *rows), class_="layers"), class_="scroll"),
        class_="panel",
        aria_labelledby=title,
    )


def _layer_row(layer: ComponentLayer, found: Sequence[Shown], packages: int, longest: int, number: int) -> str:
    origin = element("span", layer.origin, class_=f"tag {'base' if layer.origin == 'base' else 'own'}") if layer.origin else ""
    place = element("span", f"{layer.dockerfile} ", class_="muted") if layer.dockerfile else ""
    count = (
        element(
            "button",
            f"{len(found):,}",
            type="button",
            data_document=number,
            data_layer=layer.index,
            aria_label=f"Show the {len(found)} findings of layer {layer.index}",
        )
        if found
        else "0"
    )
    return element(
        "tr",
        element("th", f"{layer.index} ", origin, scope="row"),
        element("td", place, element("code", instruction(layer)), title=layer.diff_id),
        element("td", f"{packages:,}"),
        element("td", count),
        element("td", bar(levels_of(found), f"findings of layer {layer.index}", longest), class_="narrow"),
    )


def unchecked(target: TargetResult) -> str:
    """What was not checked, and why."""
    reasons = unserved(target)
    if not reasons:
        return Markup("")
    rows = (
        element("tr", *(element("td", cell) for cell in (f"{one.count:,}", element("code", one.reason.value), unserved_in_words(one))))
        for one in reasons
    )
    table = element("table", Markup("<thead><tr><th>Components</th><th>Reason</th><th></th></tr></thead>"), element("tbody", *rows))
    return element("section", element("h2", "Not checked"), table, class_="panel", aria_label="Not checked")
