"""Ignore rules: findings that the user has decided on, in a file of TOML.

    [[ignore]]
    id = "CVE-2019-1551"                # an identifier of the finding, of whatever kind
    purl = "pkg:apk/alpine/lib*"        # type exactly, name and version with `*` and `?`; what is left out may be any
    path = "usr/lib/python3/**"         # all paths of the component; `*` and `?` stop at `/`, `**` does not
    layer = 0                           # its position, or a diff_id
    fix = "wont_fix"                    # the fix state
    reason = "not reachable: no TLS"
    owner = "alice@example.com"
    expires = 2026-12-31                # the last day on which it works
    justification = "vulnerable_code_not_in_execute_path"   # for `sbommatch vex`: OpenVEX's word for a finding that is none

All conditions of a rule must hold. A rule without condition is refused: it would ignore everything.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sbommatch.advisory import FixState
from sbommatch.errors import UnreadableError
from sbommatch.match.model import Finding, FindingStatus, TargetResult
from sbommatch.match.products import identity
from sbommatch.purl import InvalidPurl, Purl, parse_purl
from sbommatch.sbom.component import Component, ComponentLayer, Document

MAX_POLICY_BYTES = 16 * 2**20
"""Of the file: rules are written by hand, a thousand take 200 kB."""

CONDITIONS = ("id", "purl", "path", "layer", "fix")

JUSTIFICATIONS = (
    "component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist",
)  # fmt: skip
"""OpenVEX's."""


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[ignore]]`."""

    id: str | None = None
    purl: str | None = None
    path: str | None = None
    layer: int | str | None = None
    fix: FixState | None = None
    reason: str | None = None
    owner: str | None = None
    expires: date | None = None
    justification: str | None = None


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    ignore: tuple[dict[str, Any], ...] = ()


class Rules:
    """The rules of one file, and which of them have been of use."""

    def __init__(self, path: str, rules: Sequence[Rule], today: str) -> None:
        """`today`: `YYYY-MM-DD`, by which rules expire."""
        self._standing = [_Standing(rule, f"{path}: rule {number}") for number, rule in enumerate(rules, 1)]
        self._working = [one for one in self._standing if not _is_expired(one.rule, today)]

    @property
    def expired(self) -> list[str]:
        """Those that no longer work, in words."""
        return [
            f"{one.place} expired on {one.rule.expires}: what it ignored is reported again"
            for one in self._standing
            if one not in self._working
        ]

    @property
    def unused(self) -> list[str]:
        """Those that have matched no finding so far, in words."""
        return [f"{one.place} ignores nothing" for one in self._working if not one.is_used]

    def rule_of(self, words: str) -> Rule | None:
        """The rule that a word of `suppressed_by` is of; None where it is of none."""
        return next((one.rule for one in self._working if one.words == words), None)

    def applied(self, target: TargetResult) -> TargetResult:
        """The result with those findings suppressed that a rule is about."""
        if not self._working:
            return target
        components = {result.component.ref: result.component for result in target.components}
        return replace(
            target, findings=tuple(self._applied(finding, components[finding.ref], target.document) for finding in target.findings)
        )

    def _applied(self, finding: Finding, component: Component, document: Document) -> Finding:
        met = [one for one in self._working if one.is_about(finding, component, document.layers)]
        if not met:
            return finding
        for one in met:
            one.is_used = True
        suppressed_by = (*finding.suppressed_by, *(one.words for one in met))
        return replace(finding, status=FindingStatus.SUPPRESSED, suppressed_by=suppressed_by)


class _Standing:
    """A rule, ready to be asked."""

    def __init__(self, rule: Rule, place: str) -> None:
        self.rule = rule
        self.place = place
        self.words = _words(rule, place)
        self.is_used = False
        self._id = rule.id.upper() if rule.id else None
        self._purl = parse_purl(rule.purl) if rule.purl else None
        self._path = re.compile(path_pattern(rule.path)) if rule.path else None

    def is_about(self, finding: Finding, component: Component, layers: Iterable[ComponentLayer]) -> bool:
        rule = self.rule
        return (
            (self._id is None or self._id in {identifier.upper() for identifier in finding.ids})
            and (rule.fix is None or rule.fix is finding.fix.state)
            and (self._purl is None or _is_matched(self._purl, component))
            and (self._path is None or _is_at(self._path, component.paths))
            and (rule.layer is None or _is_in(rule.layer, component.layer, layers))
        )


def read_rules(path: Path, today: str) -> Rules:
    """The rules of a file. Raises `UnreadableError` that names the place: no TOML, a key that is none, a rule without condition."""
    import tomllib

    try:
        text = path.read_bytes()
        if len(text) > MAX_POLICY_BYTES:
            raise UnreadableError(f"{path}: larger than {MAX_POLICY_BYTES} bytes")
        file = msgspec.convert(tomllib.loads(text.decode()), _File)
    except OSError as exc:
        raise UnreadableError(f"{path}: {exc.strerror or exc}; --policy names a file of ignore rules") from exc
    except (ValueError, RecursionError) as exc:
        raise UnreadableError(f"{path}: no file of ignore rules: {exc}; it holds tables [[ignore]]") from exc
    return Rules(str(path), [_rule(read, f"{path}: rule {number}") for number, read in enumerate(file.ignore, 1)], today)


def _rule(read: dict[str, Any], place: str) -> Rule:
    try:
        rule = msgspec.convert(read, Rule)
        if rule.purl:
            parse_purl(rule.purl)
    except (msgspec.ValidationError, InvalidPurl) as exc:
        raise UnreadableError(f"{place}: {exc}; keys are {', '.join(Rule.__struct_fields__)}") from exc
    if all(getattr(rule, name) is None for name in CONDITIONS):
        raise UnreadableError(f"{place}: has no condition and would ignore everything; give one of {', '.join(CONDITIONS)}")
    if rule.justification is not None and rule.justification not in JUSTIFICATIONS:
        raise UnreadableError(f"{place}: the justification is none of {', '.join(JUSTIFICATIONS)}")
    return rule


def _is_expired(rule: Rule, today: str) -> bool:
    return rule.expires is not None and rule.expires.isoformat() < today


def _words(rule: Rule, place: str) -> str:
    """As `suppressed_by` has it: `policy.toml: rule 3 (alice, until 2026-12-31): not reachable`."""
    until = f"until {rule.expires}" if rule.expires else None
    terms = ", ".join(filter(None, (rule.owner, until)))
    return f"{place}{f' ({terms})' if terms else ''}{f': {rule.reason}' if rule.reason else ''}"


def _is_matched(pattern: Purl, component: Component) -> bool:
    try:
        own = parse_purl(component.purl or "")
    except InvalidPurl:
        return False
    wanted, found = identity(pattern), identity(own)
    version = own.version or component.version
    return (
        wanted[0] == found[0]
        and fnmatchcase("/".join(filter(None, found[1:])), "/".join(filter(None, wanted[1:])))
        and (pattern.version is None or (version is not None and fnmatchcase(version, pattern.version)))
        and all(fnmatchcase(own.qualifiers.get(key, ""), value) for key, value in pattern.qualifiers.items())
    )


def _is_at(pattern: re.Pattern[str], paths: Sequence[str]) -> bool:
    """Whether all paths of a component match: what is elsewhere, too, is no reason to look away."""
    return bool(paths) and all(pattern.fullmatch(path.lstrip("/")) for path in paths)


def path_pattern(text: str) -> str:
    r"""A regular expression for a glob.

    >>> path_pattern("/opt/**/*.jar")
    'opt/(?:.*/)?[^/]*\\.jar'
    """
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.sub(r"\*\*/|\*\*|\*|\?|[^*?]+", lambda part: words.get(part[0], re.escape(part[0])), text.lstrip("/"))


def _is_in(wanted: int | str, index: int | None, layers: Iterable[ComponentLayer]) -> bool:
    if index is None or isinstance(wanted, int):
        return index == wanted
    return any(layer.index == index and layer.diff_id == wanted for layer in layers)
