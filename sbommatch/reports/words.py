"""Words for people, where several reports say the same."""

from collections import Counter
from collections.abc import Iterable, Sequence

from sbommatch.advisory import FixState
from sbommatch.match.coverage import Unserved
from sbommatch.match.model import Finding, Fix, Level, NotChecked
from sbommatch.match.policy import RANKS

FIX_WORDS = {
    FixState.FIXED: "fixed",
    FixState.NOT_FIXED: "no fix",
    FixState.WONT_FIX: "won't fix",
    FixState.EOL: "end of life",
    FixState.UNKNOWN: "-",
}

REASON_WORDS = {
    NotChecked.NO_FEED: "no loaded feed covers it",
    NotChecked.NO_VERSION: "no version is stated",
    NotChecked.NO_IDENTITY: "no readable PURL says what it is",
    NotChecked.NO_DISTRO: "no release of its distribution is stated (--distro ID:VERSION names one)",
    NotChecked.NO_SCHEME: "a type of package whose versions sbommatch cannot order",
    NotChecked.INVALID_VERSION: "its version is none in its ecosystem",
    NotChecked.UNPLACED_BOUND: "no record of it has a range that can be placed",
    NotChecked.NOT_READ: "it could not be read",
}

NAMES_SHOWN = 3
"""Names on a line: a source package may have forty binaries, a document components of twenty namespaces."""

RULE_WORDS = {
    "covered_by": "the OS package that delivers it has its own verdict",
    "kernel_headers": "is built from the kernel's source and has none of its code",
    "debug_package": "holds symbols and sources for debuggers only",
    "only_fixed": "has no fix, and only those that have count (--only-fixed)",
    "ignore_base": "came with the base image, which does not count (--ignore-base)",
}
"""Rules that silence findings; others explain themselves."""


def some(names: Sequence[str]) -> str:
    """The first names, and how many more.

    >>> some(["a", "b", "c", "d"])
    'a, b, c +1'
    """
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" +{more}" if more > 0 else "")


def unserved_in_words(one: Unserved) -> str:
    """Why it was not checked, what it is of, and what to do where it is a distribution that has no feeds.

    >>> unserved_in_words(Unserved(NotChecked.NO_FEED, 2, ("maven",), ("pureos 10",)))
    'no loaded feed covers it: maven; no feed speaks of pureos 10 (--distro ID:VERSION asks those of another)'
    """
    words = REASON_WORDS[one.reason]
    if one.reason is NotChecked.NO_FEED:
        loaded = [f"{words}: {some(one.namespaces)}"] if one.namespaces else [] if one.distros else [words]
        known = [f"no feed speaks of {some(one.distros)} (--distro ID:VERSION asks those of another)"] if one.distros else []
        return "; ".join(loaded + known)
    names = some(one.namespaces or one.distros)
    return f"{words}: {names}" if names else words


def rule_in_words(rule: str) -> str:
    """A rule with what it means: `covered_by REF: the OS package …`."""
    words = RULE_WORDS.get(rule.partition(" ")[0])
    return f"{rule}: {words}" if words else rule


def levels_in_words(findings: Iterable[Finding]) -> str:
    """As in `1 critical, 2 of unknown severity`."""
    levels = Counter(finding.severity.level for finding in findings)
    ordered = sorted(levels, key=lambda level: -RANKS.get(level, -1))
    return ", ".join(f"{levels[level]} {'of unknown severity' if level is Level.UNKNOWN else level}" for level in ordered)


def fix_in_words(fix: Fix) -> str:
    """The versions that fix it, else the state; and what only a channel of updates has, with its name."""
    said = ", ".join(fix.versions) or FIX_WORDS[fix.state]
    return ", ".join([said, *(f"{version} ({channel.channel})" for channel in fix.channels for version in channel.versions)])


def suppressor(words: str) -> str:
    """The rule or file that a word of `suppressed_by` is of.

    >>> suppressor("covered_by pkg:deb/debian/python3-requests@2.28.1"), suppressor("policy.toml: rule 3 (alice): not reachable")
    ('covered_by', 'policy.toml')
    """
    file, colon, _ = words.partition(": ")
    return file if colon else words.partition(" ")[0]
