"""Why another tool answers a component and a record otherwise than the standard: each cause computed from the record and the version.

Where a tool has another order of versions, that order is written out here, and the cause holds where the standard's algorithm on that
order gives the tool's answer.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, zip_longest

from msgspec import Struct

from tests.contract.osv_judge import COMPARISONS, Compare, NoVersionError, Record, _php_form, compare_semver, is_affected


class Answer(Struct, frozen=True):
    """That a tool finds a record for a component, or does not."""

    ecosystem: str
    record: str
    name: str
    """As the component has it."""
    version: str
    entries: Sequence[Record]
    """What the record says of this package."""
    found: bool


def judged(answer: Answer, compare: Compare | None = None) -> bool:
    """By the standard's algorithm; Go's own ranges in place of the standard's where there are any.

    Raises `NoVersionError` where a bound has no place in the order.
    """
    order = compare or COMPARISONS[answer.ecosystem]
    return any(is_affected(answer.version, _with_own_ranges(entry), order) for entry in answer.entries)


def _with_own_ranges(entry: Record) -> Record:
    """The Go database's ranges stand beside the standard's where those say no more than `introduced: 0`, and replace them."""
    own = entry.get("ecosystem_specific", {}).get("custom_ranges")
    is_placeholder = [event for one in entry["ranges"] for event in one["events"]] == [{"introduced": "0"}] if own else False
    return {**entry, "ranges": own} if is_placeholder else entry


def _bounds(answer: Answer, *kinds: str) -> Iterator[str]:
    for entry in answer.entries:
        for one in entry.get("ranges", ()):
            if one["type"] != "GIT":
                yield from (bound for event in one["events"] for kind, bound in event.items() if not kinds or kind in kinds)


def several_last_affected(answer: Answer) -> bool:
    """The loader writes the first of several ends of a range, and all of a range's ends count."""
    ranges = [one["events"] for entry in answer.entries for one in entry.get("ranges", ())]
    return any(sum("last_affected" in event for event in events) > 1 for events in ranges)


def first_range_of_commits(answer: Answer) -> bool:
    """A range of commits comes first: those after it are not read, and only the listed versions count."""
    first = all(entry["ranges"][0]["type"] == "GIT" for entry in answer.entries)
    return first and not answer.found and all(answer.version not in entry.get("versions", ()) for entry in answer.entries)


def letter_case(answer: Answer) -> bool:
    """A module's path has upper case in the record, and lower case in the PURL, as the PURL specification wants."""
    stated = {entry["package"]["name"] for entry in answer.entries}
    return not answer.found and answer.name not in stated and answer.name in {name.lower() for name in stated}


def other_letter_case(answer: Answer) -> bool:
    """The record is of a package whose name differs in letter case: another one."""
    return answer.found and not answer.entries


def no_own_ranges(answer: Answer) -> bool:
    """Go's own ranges are not read: the answer is that of the placeholder."""
    if all(_with_own_ranges(entry) is entry for entry in answer.entries):
        return False
    return any(is_affected(answer.version, entry, compare_semver) for entry in answer.entries) is answer.found


def own_ranges_beside_real_ones(answer: Answer) -> bool:
    """Go's own ranges are taken although the standard's are no placeholder."""
    own = [{**entry, "ranges": entry.get("ecosystem_specific", {}).get("custom_ranges")} for entry in answer.entries]
    if not all(entry["ranges"] for entry in own) or any(_with_own_ranges(entry) is not entry for entry in answer.entries):
        return False
    return any(is_affected(answer.version, entry, compare_semver) for entry in own) is answer.found


def equal_to_a_fix(answer: Answer) -> bool:
    """A version equal to any end of the record counts as fixed, though a later window begins there."""
    order = COMPARISONS[answer.ecosystem]
    return not answer.found and any(bound != "0" and order(answer.version, bound) == 0 for bound in _bounds(answer, "fixed"))


def below_zero(answer: Answer) -> bool:
    """`introduced: 0` is read as `>=0`, which leaves out what precedes 0 itself: `0.0.0-2020…`, `0.dev0`."""
    order = COMPARISONS[answer.ecosystem]
    zero = "0" if answer.ecosystem in {"Packagist", "PyPI", "RubyGems"} else "0.0.0"
    return not answer.found and "0" in _bounds(answer, "introduced") and order(answer.version, zero) < 0


def prerelease_of_another_release(answer: Answer) -> bool:
    """npm's rule for `package.json`, which is none of advisories: a pre-release meets only bounds of its own release,
    and here it has to meet both."""
    if answer.found or answer.ecosystem != "npm" or "-" not in answer.version:
        return False
    core = answer.version.partition("-")[0]
    windows = [
        {**entry, "versions": (), "ranges": [{**one, "events": list(pair)}]}
        for entry in answer.entries
        for one in entry["ranges"]
        for pair in pairwise(one["events"])
        if "introduced" in pair[0]
    ]
    bounds = [
        bound
        for window in windows
        if is_affected(answer.version, window, compare_semver)
        for event in window["ranges"][0]["events"]
        for bound in event.values()
    ]
    return bool(bounds) and not all("-" in bound and bound.partition("-")[0] == core for bound in bounds if bound != "0")


def gem_hyphens(left: str, right: str) -> int:
    """`Gem::Version`'s order, but a hyphen is a letter and not `.pre.`."""
    for one, two in zip_longest(_segments(left), _segments(right), fillvalue=0):
        first, second = ((0, 0, part) if isinstance(part, str) else (1, part, "") for part in (one, two))
        if first != second:
            return 1 if first > second else -1
    return 0


def _segments(version: str) -> list[int | str]:
    parts: list[int | str] = [int(part) if part.isdigit() else part for part in re.findall(r"\d+|[A-Za-z-]+", version)]
    first_text = next((index for index, part in enumerate(parts) if isinstance(part, str)), len(parts))
    numbers, rest = parts[:first_text], parts[first_text:]
    for half in (numbers, rest):
        while half and half[-1] == 0:
            half.pop()
    return numbers + rest


def composer_as_written(left: str, right: str) -> int:
    """PHP's `version_compare` of versions that were not normalised: `2.0` is below `2.0.0`."""
    one, two = (re.findall(r"\d+|[A-Za-z]+", version.lower().lstrip("v").replace("rc", "RC")) for version in (left, right))
    for a, b in zip_longest(one, two, fillvalue=""):
        order = int(a) - int(b) if a.isdigit() and b.isdigit() else _php_form(a) - _php_form(b)
        if order or not (a and b):
            return 1 if order > 0 or (not order and a) else -1
    return 0


def composer_as_semver(left: str, right: str) -> int:
    """SemVer's order, in which a patch `2.3.2-p2` is below its release."""
    return compare_semver(_three(left), _three(right))


def _three(version: str) -> str:
    core, hyphen, rest = version.partition("-")
    parts = core.split(".")
    if not all(part.isdigit() for part in parts) or len(parts) > 3:
        raise NoVersionError(version)
    return ".".join([*parts, "0", "0"][:3]) + hyphen + rest


def in_order(ecosystem: str, compare: Compare) -> Callable[[Answer], bool]:
    """That the tool's answer is the standard's in this other order."""

    def holds(answer: Answer) -> bool:
        try:
            return answer.ecosystem == ecosystem and judged(answer, compare) is answer.found
        except NoVersionError:
            return False

    return holds


CAUSES: dict[str, dict[str, Callable[[Answer], bool]]] = {
    "grype": {
        "several last_affected": several_last_affected,
        "another letter case": other_letter_case,
        "own ranges beside real ones": own_ranges_beside_real_ones,
        "patch below its release": in_order("Packagist", composer_as_semver),
    },
    "osv-scanner": {
        "range of commits first": first_range_of_commits,
        "letter case": letter_case,
        "own ranges not read": no_own_ranges,
        "hyphen as a letter": in_order("RubyGems", gem_hyphens),
        "missing parts are no zeros": in_order("Packagist", composer_as_written),
    },
    "trivy": {
        "several last_affected": several_last_affected,
        "letter case": letter_case,
        "another letter case": other_letter_case,
        "own ranges not read": no_own_ranges,
        "equal to a fix": equal_to_a_fix,
        "below zero": below_zero,
        "pre-release of another release": prerelease_of_another_release,
        "patch below its release": in_order("Packagist", composer_as_semver),
    },
}


def cause(tool: str, answer: Answer) -> str:
    """The first cause that holds; `?` where none does."""
    return next((name for name, holds in CAUSES[tool].items() if holds(answer)), "?")
