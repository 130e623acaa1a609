"""`sbommatch archive`: keep SBOMs, and match them as a set; one file per group of commands, imported when it is called."""

import click

from sbommatch.cli.base import CommandEntry, LazyGroup


class ArchiveGroup(LazyGroup):
    """The commands on archives."""

    entries = (
        CommandEntry("add", "sbommatch.cli.archive.add:add", "Store SBOMs."),
        CommandEntry("list", "sbommatch.cli.archive.look:list_documents", "List the documents."),
        CommandEntry("show", "sbommatch.cli.archive.look:show", "Show a document and its components."),
        CommandEntry("stats", "sbommatch.cli.archive.look:stats", "Say how much an archive holds."),
        CommandEntry("match", "sbommatch.cli.archive.match:match", "Match all documents with the feed database."),
        CommandEntry("changes", "sbommatch.cli.archive.changes:changes", "Say what became affected or resolved, and why."),
        CommandEntry("history", "sbommatch.cli.archive.changes:history", "Tell since when something is known here, and what became of it."),
        CommandEntry("notify", "sbommatch.cli.archive.notify:notify", "Bring recorded changes to people: webhooks, folders, or a list."),
        CommandEntry(
            "watch",
            "sbommatch.cli.archive.watch:watch",
            "Update the database, record what changed, and notify: round after round.",
        ),
        CommandEntry("sql", "sbommatch.cli.archive.sql:sql", "Ask the tables by SQL: one SELECT."),
        CommandEntry("files", "sbommatch.cli.archive.look:files", "List the Parquet files of a table."),
        CommandEntry("export", "sbommatch.cli.archive.change:export", "Give documents back, byte for byte."),
        CommandEntry("remove", "sbommatch.cli.archive.change:remove", "Remove documents."),
        CommandEntry("compact", "sbommatch.cli.archive.change:compact", "Join what was added bit by bit, and delete what is dead."),
    )


@click.group("archive", cls=ArchiveGroup, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
def archive() -> None:
    """Keep SBOMs, and match them as a set."""
