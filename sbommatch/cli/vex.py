"""`sbommatch vex`: OpenVEX from decisions."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from sbommatch.cli import base
from sbommatch.cli.decisions import policy_option, read_decisions, vex_option
from sbommatch.cli.scan import Inputs, Settings, batched, distro_option, report_problems
from sbommatch.match.model import TargetResult
from sbommatch.match.pipeline import MatchOptions, match_documents
from sbommatch.match.policy import Policy
from sbommatch.reports.report import evaluation_time
from sbommatch.sbom.component import DistroStatement
from sbommatch.store.open import open_database

UNKNOWN_AUTHOR = "Unknown Author"
"""As vexctl writes it where nobody is named."""


@base.command("vex")
@click.argument("sboms", nargs=-1, required=True, metavar="SBOM...")
@base.db_option
@base.option("--author", default=UNKNOWN_AUTHOR, show_default=True, help="Who states it: a person or an organisation.")
@distro_option
@base.as_of_option
@vex_option
@policy_option
@base.quiet_option
@base.verbose_option
def vex(
    sboms: tuple[str, ...],
    *,
    db: Path | None,
    author: str,
    distro: DistroStatement | None,
    as_of: datetime | None,
    vex: tuple[str, ...],
    policy: Path | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Write OpenVEX from what is decided on the findings in SBOMs.

    Decisions are VEX statements (--vex) and ignore rules (--policy); findings without one are stated as affected. One document for all
    SBOMs, on stdout.
    """
    from sbommatch.reports.vex_document import vex_document

    now = evaluation_time()
    decisions = read_decisions(vex, policy, now[:10])
    settings = Settings(
        outputs=(), policy=Policy(), options=MatchOptions(distro), as_of=as_of, decisions=decisions, evaluated_on=now[:10],
        strict=False, quiet=quiet, verbose=verbose,
    )  # fmt: skip
    inputs = Inputs(sboms, settings)
    decisions.warn(quiet=quiet, verbose=verbose)
    losses = [problem for problem in decisions.problems if problem.loss]

    def targets() -> Iterator[TargetResult]:
        with open_database(base.database_pointer(db), as_of=as_of) as database:
            for documents in batched(inputs):
                for target in map(decisions.applied, match_documents(documents, database, settings.options)):
                    report_problems(target.problems, settings)
                    losses.extend(problem for problem in target.problems if problem.loss)
                    yield target

    if written := vex_document(targets(), decisions.rule_of, author, now):
        base.emit(written, None)
    elif not quiet:
        base.warn("there is nothing to state: no finding, or none in a package that a PURL identifies")
    if verbose and not quiet:
        decisions.warn_of_unused()
    base.finish([inputs.code(), base.EXIT_LOSS if losses else 0])
