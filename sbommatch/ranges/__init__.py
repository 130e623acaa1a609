"""Native ranges of versions: one syntax a file, one common form, and what a range takes in by a scheme's order.

    native = SYNTAX_BY_NAME["npm"].parse("^1.2.3 || >=3.0.0-rc.1")
    contains(native, SCHEME_BY_NAME["npm"], "1.9.0")        # rules of npm included
    intervals_of(native.without_rules(), scheme)            # keys, as advisories mean it
    events(native.without_rules(), scheme)                  # OSV's events, where they can say it

A bound is no point where its scheme says so, and a rule is its ecosystem's own: advisories know none.
"""

from sbommatch.ranges._evaluate import Bound, Side, Span, contains, intervals_of, spans_of, spans_outside
from sbommatch.ranges._events import Unsayable, events, events_outside
from sbommatch.ranges._model import Clause, Comparator, InvalidRange, NativeRange, Op, Rule, RuleName, Syntax
from sbommatch.ranges._rules import described
from sbommatch.ranges.apk import ApkSyntax
from sbommatch.ranges.cargo import CargoSyntax
from sbommatch.ranges.comparators import ComparatorsSyntax
from sbommatch.ranges.composer import ComposerSyntax
from sbommatch.ranges.cpe import CpeSyntax
from sbommatch.ranges.deb import DebSyntax
from sbommatch.ranges.gem import GemSyntax
from sbommatch.ranges.gentoo import GentooSyntax
from sbommatch.ranges.maven import MavenSyntax
from sbommatch.ranges.npm import NpmSyntax
from sbommatch.ranges.nuget import NugetSyntax
from sbommatch.ranges.osv import OsvSyntax
from sbommatch.ranges.pypi import PypiSyntax
from sbommatch.ranges.semver import SemverSyntax
from sbommatch.ranges.vers import VersSyntax

__all__ = [
    "SYNTAXES", "SYNTAX_BY_NAME", "Bound", "Clause", "Comparator", "InvalidRange", "NativeRange", "Op", "Rule", "RuleName", "Side", "Span",
    "Syntax", "Unsayable", "contains", "described", "events", "events_outside", "intervals_of", "spans_of", "spans_outside", "syntaxes_of",
]  # fmt: skip

SYNTAXES: tuple[Syntax, ...] = (
    ApkSyntax(),
    CargoSyntax(),
    ComparatorsSyntax(),
    ComposerSyntax(),
    CpeSyntax(),
    DebSyntax(),
    GemSyntax(),
    GentooSyntax(),
    MavenSyntax(),
    NpmSyntax(),
    NugetSyntax(),
    OsvSyntax(),
    PypiSyntax(),
    SemverSyntax(),
    VersSyntax(),
)

SYNTAX_BY_NAME = {syntax.name: syntax for syntax in SYNTAXES}


def syntaxes_of(scheme: str) -> tuple[Syntax, ...]:
    """The syntaxes that ranges of a scheme, by its name, are written in; the first is the one that is meant where none is named.

    >>> [syntax.name for syntax in syntaxes_of("npm")], syntaxes_of("rpm")[0].name
    (['npm', 'comparators', 'cpe', 'osv', 'vers'], 'comparators')
    """
    own = tuple(syntax for syntax in SYNTAXES if scheme in syntax.schemes)
    return own + tuple(syntax for syntax in SYNTAXES if not syntax.schemes)
