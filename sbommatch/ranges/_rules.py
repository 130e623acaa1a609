"""What each named rule lets in."""

from sbommatch.ranges._model import Rule, RuleName
from sbommatch.ranges._semver import release_of_pre_release
from sbommatch.ranges.pypi import parts
from sbommatch.versions.scheme import Scheme

_WORDS = {
    RuleName.PRE_RELEASES_OF: "no pre-releases but those of {}",
    RuleName.PRE_RELEASE_LABELS: "no pre-releases but those with a label {}*",
    RuleName.NO_POST_RELEASES_OF: "no post-releases of {}",
    RuleName.SAME_TEXT: "the text {} only",
    RuleName.BEGINS_WITH: "what begins with {}",
    RuleName.SOFT_REQUIREMENT: "{} is a wish only",
}
_WITHOUT_TEXTS = "no pre-releases"


def described(rule: Rule) -> str:
    """The rule in a few words.

    >>> described(Rule(RuleName.PRE_RELEASES_OF, ("1.2.3", "2.0.0")))
    'no pre-releases but those of 1.2.3 and 2.0.0'
    """
    return _WORDS[rule.name].format(" and ".join(rule.texts)) if rule.texts else _WITHOUT_TEXTS


def admits(rule: Rule, scheme: Scheme, version: str) -> bool:
    """Whether the rule lets the version in, which is one of the scheme. Raises InvalidVersion where a text of the rule is none."""
    match rule.name:
        case RuleName.PRE_RELEASES_OF:
            release = release_of_pre_release(version)
            return release is None or any(scheme.compare(release, admitted) == 0 for admitted in rule.texts)
        case RuleName.PRE_RELEASE_LABELS:
            label = version.partition("+")[0].partition("-")[2].lower()
            return not label or any(label.startswith(wanted.lower()) for wanted in rule.texts)
        case RuleName.NO_POST_RELEASES_OF:
            return not any(_is_post_release(scheme, version, released) for released in rule.texts)
        case RuleName.SAME_TEXT:
            return version.lower() in {text.lower() for text in rule.texts}
        case RuleName.BEGINS_WITH:
            return any(_begins_with(version, start) for start in rule.texts)
        case RuleName.SOFT_REQUIREMENT:
            return True


def _is_post_release(scheme: Scheme, version: str, released: str) -> bool:
    match = parts(version.strip())
    if match is None or match["post"] is None:
        return False
    return scheme.compare(match[0][: match.start("post")], released) == 0


def _begins_with(version: str, start: str) -> bool:
    """At the end of a part, so that 1.20 does not begin with 1.2 (`match_from_list` of Portage, `apk_version_compare_fuzzy`)."""
    version, start = _unpadded(version), _unpadded(start)
    following = version[len(start) : len(start) + 1]
    return version.startswith(start) and (not following.isalnum() or start[-1:].isdigit() is not following.isdigit())


def _unpadded(version: str) -> str:
    """Without the leading zeros of its first number."""
    stripped = version.lstrip("0")
    return stripped if stripped[:1].isdigit() else f"0{stripped}"
