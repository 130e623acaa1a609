"""What the advisory repositories of language ecosystems have in common: ranges in the ecosystem's own syntax, affected or patched."""

from collections.abc import Sequence

from sbommatch.advisory import Affected, Event, EventKind, FixState, NameKind, Range, Severity
from sbommatch.ecosystems import LANGUAGE_BY_PURL_TYPE

LEVELS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"), (0.0, "none"))
"""CVSS 3.1, section 5: the word for a score."""


class Unusable(ValueError):  # noqa: N818  beside InvalidRange
    """A range that cannot be said; the message says which and why."""


def affected_in(purl_type: str, name: str, ranges: Sequence[str]) -> Affected:
    """A package that is affected in any of the ranges. Raises Unusable."""
    from sbommatch.ranges import InvalidRange, Unsayable, events, syntaxes_of
    from sbommatch.versions import SCHEME_BY_NAME

    scheme = LANGUAGE_BY_PURL_TYPE[purl_type].scheme
    try:
        parsed = tuple(
            Range(scheme, events(syntaxes_of(scheme)[0].parse(text).without_rules(), SCHEME_BY_NAME[scheme]), text) for text in ranges
        )
    except (InvalidRange, Unsayable) as exc:
        raise Unusable(f"{name}: {exc}") from exc
    return _row(purl_type, name, parsed)


def affected_outside(purl_type: str, name: str, patched: Sequence[str], unaffected: Sequence[str] = ()) -> Affected:
    """A package that is affected in all versions that are neither patched nor unaffected. Raises Unusable."""
    from sbommatch.ranges import InvalidRange, Unsayable, events_outside, syntaxes_of
    from sbommatch.versions import SCHEME_BY_NAME
    from sbommatch.versions.scheme import InvalidVersion, KeyDeclined

    scheme = LANGUAGE_BY_PURL_TYPE[purl_type].scheme
    raw = "; ".join(f"{word} {', '.join(ranges)}" for word, ranges in (("patched", patched), ("unaffected", unaffected)) if ranges)
    if not raw:
        return _row(purl_type, name, (Range(scheme, (Event(EventKind.INTRODUCED, "0"),), "*"),), FixState.NOT_FIXED)
    try:
        natives = [syntaxes_of(scheme)[0].parse(text).without_rules() for text in (*patched, *unaffected)]
        found = events_outside(natives, SCHEME_BY_NAME[scheme])
    except (InvalidRange, InvalidVersion, KeyDeclined, Unsayable) as exc:
        raise Unusable(f"{name}: {raw}: {exc}") from exc
    return _row(purl_type, name, (Range(scheme, found, raw),) if found else (), None if patched else FixState.NOT_FIXED)


def _row(purl_type: str, name: str, ranges: tuple[Range, ...], fix_state: FixState | None = None) -> Affected:
    language = LANGUAGE_BY_PURL_TYPE[purl_type]
    return Affected(
        namespace=language.purl_type,
        name=language.normalise(name),
        name_kind=NameKind.SELF,
        scheme=language.scheme,
        ranges=ranges,
        fix_state=fix_state,
    )


def severity_of_score(score: float, source: str) -> Severity:
    """The word for a score that is stated without its vector.

    >>> severity_of_score(7.5, "rubysec").value
    'high'
    """
    return Severity("label", next(word for least, word in LEVELS if score >= least), source)
