"""`--vex` and `--policy`: what is already decided on findings."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sbommatch.cli import base
from sbommatch.match.model import TargetResult
from sbommatch.problem import Problem

if TYPE_CHECKING:  # most runs need neither
    from sbommatch.match.ignores import Rule, Rules
    from sbommatch.match.vex import Statements

vex_option = base.option(
    "--vex",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    help="VEX statements to apply: OpenVEX, CSAF, CycloneDX, or a folder of them; repeatable.",
)
policy_option = base.option(
    "--policy", type=click.Path(path_type=Path), metavar="FILE", help="Ignore rules to apply: tables [[ignore]] in TOML."
)


class Decisions:
    """The statements and rules of one run."""

    def __init__(self, statements: "Statements | None" = None, rules: "Rules | None" = None, problems: tuple[Problem, ...] = ()) -> None:
        """`problems` are those of the VEX documents: they bear on every document matched."""
        self.statements = statements
        self.problems = problems
        self._rules = rules

    def applied(self, target: TargetResult) -> TargetResult:
        """The result with statements and rules applied, in this order."""
        if self.statements:
            target = self.statements.applied(target)
        return self._rules.applied(target) if self._rules else target

    def rule_of(self, words: str) -> "Rule | None":
        """The rule that a word of `suppressed_by` is of; None where it is of none."""
        return self._rules.rule_of(words) if self._rules else None

    def warn(self, *, quiet: bool, verbose: bool = False) -> None:
        """Says what of the VEX documents could not be read, and which rules have expired."""
        for problem in self.problems:
            if problem.loss or (verbose and not quiet):
                base.warn(f"{problem.where}: {problem.message}")
        for words in self._rules.expired if self._rules and not quiet else ():
            base.warn(words)

    def warn_of_unused(self) -> None:
        """Says which rules have ignored nothing."""
        for words in self._rules.unused if self._rules else ():
            base.warn(words)


def read_decisions(vex: tuple[str, ...], policy: Path | None, today: str) -> Decisions:
    """What the options name. Raises UnreadableError; `today` is the day by which rules expire."""
    rules = None
    if policy:
        from sbommatch.match.ignores import read_rules

        rules = read_rules(policy, today)
    if not vex:
        return Decisions(rules=rules)
    from sbommatch.match.vex import Statements
    from sbommatch.vex.read import read_vex

    read = read_vex(vex)
    return Decisions(Statements(read.documents), rules, read.problems)
