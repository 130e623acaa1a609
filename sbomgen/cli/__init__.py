"""The command line of sbomgen: one file per command, imported when it is called."""

from typing import NoReturn

import click

from sbomgen import __version__
from sbomgen.cli.base import DEFAULT_COMMAND, PROGRAM, CommandEntry, LazyGroup, leave, run

COMMANDS = (
    CommandEntry("scan", "sbomgen.cli.scan:scan", "Write the SBOM of a container image."),
    CommandEntry("layers", "sbomgen.cli.layers:layers", "Show what each layer added, upgraded and removed."),
    CommandEntry("diff", "sbomgen.cli.diff:diff", "Show which packages differ between two images."),
    CommandEntry("inspect", "sbomgen.cli.inspect:inspect", "Show index, manifest, config, digests and layers; read no layer."),
    CommandEntry("validate", "sbomgen.cli.validate:validate", "Hold SBOM documents against their standards."),
    CommandEntry("check", "sbomgen.cli.check:check", "Hold an SBOM against a list of minimum elements."),
    CommandEntry("convert", "sbomgen.cli.convert:convert_", "Write an SBOM in another format, and say what is lost."),
    CommandEntry("catalogers", "sbomgen.cli.catalogers:catalogers", "List what is looked for in an image."),
    CommandEntry("java-index", "sbomgen.cli.java_index:java_index", "Build an index by which jars without coordinates are known."),
    CommandEntry("cache", "sbomgen.cli.cache:cache", "Look after what is kept between runs."),
)

EPILOG = """\
The first word that is no command is an argument of scan: sbomgen alpine.tar

Every option has an environment variable (--platform: SBOMGEN_PLATFORM) and may stand in sbomgen.toml (platform = "linux/arm64").

Exit codes: 0 done, 1 a document failed, 2 wrong usage, 3 input unreadable, 5 done but a part of the input could not be read,
6 a digest is wrong, 7 a network step failed, 70 an error of our own.
"""


class SbomgenGroup(LazyGroup):
    """The top of the command line."""

    entries = COMMANDS
    default_command = DEFAULT_COMMAND


@click.group(PROGRAM, cls=SbomgenGroup, epilog=EPILOG, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=PROGRAM)
def sbomgen() -> None:
    """Turn container images into SBOMs: every package, with the layer and the build instruction that brought it in."""


def main() -> NoReturn:
    """Entry point of the console script."""
    leave(run(sbomgen))
