"""Several fixes of one vulnerability in one package, as feeds that list fixed versions only have them."""

import re
from collections.abc import Sequence
from functools import cmp_to_key

from sbommatch.advisory import Event, EventKind, Range

REVISIONS = {"apk": re.compile(r"-r\d+$"), "rpm": re.compile(r"-[^-]+$")}
"""What follows the upstream part of a version."""


def upstream_of(scheme: str, version: str) -> str:
    """A version without the distribution's own revision.

    >>> upstream_of("apk", "1.30.1-r2"), upstream_of("rpm", "3:10.3.32-2.module_el8.5.0+2632+14ced695")
    ('1.30.1', '3:10.3.32')
    """
    return REVISIONS[scheme].sub("", version)


def range_of_fixes(scheme: str, fixes: Sequence[str], rule: str | None = None) -> Range:
    """Affected below the lowest fix, and from the next upstream version on below the next one.

    >>> range_of_fixes("apk", ["1.30.1-r2", "1.29.3-r10"]).raw
    '<1.29.3-r10 || >1.29.3,<1.30.1-r2'
    """
    lowest, *higher = _ascending(scheme, fixes)
    events = [Event(EventKind.INTRODUCED, "0"), Event(EventKind.FIXED, lowest)]
    raw = [f"<{lowest}"]
    for fix in higher:
        below = events[-1].version
        events += (Event(EventKind.INTRODUCED_AFTER_UPSTREAM, below), Event(EventKind.FIXED, fix))
        raw.append(f">{upstream_of(scheme, below)},<{fix}")
    return Range(scheme, tuple(events), " || ".join(raw), rule)


def _ascending(scheme: str, fixes: Sequence[str]) -> Sequence[str]:
    """Sorted; of several with one upstream part the lowest, for it clears the others' revisions too.

    As they come where one is no version: placing it says so.
    """
    if len(fixes) == 1:
        return fixes
    from sbommatch.versions import SCHEME_BY_NAME
    from sbommatch.versions.scheme import InvalidVersion

    try:
        ordered = sorted(fixes, key=cmp_to_key(SCHEME_BY_NAME[scheme].compare))
    except InvalidVersion:
        return fixes
    lowest: dict[str, str] = {}
    for fix in ordered:
        lowest.setdefault(upstream_of(scheme, fix), fix)
    return list(lowest.values())
