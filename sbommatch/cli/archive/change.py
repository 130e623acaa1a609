"""`sbommatch archive export`, `remove`, `compact`."""

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import click

from sbommatch.archive.documents import Label, StoredDocument
from sbommatch.cli import base
from sbommatch.cli.archive.options import archive_argument, where_option
from sbommatch.errors import UsageError
from sbommatch.reports.text import counted, sized

if TYPE_CHECKING:
    from sbommatch.archive.reader import Reader

documents_argument = click.argument("documents", nargs=-1, metavar="DOCUMENT...")


def _chosen(reader: "Reader", names: Sequence[str], where: Sequence[Label]) -> list[StoredDocument]:
    """The documents of these names, or with these labels; each once. Raises UsageError where nothing is chosen."""
    from sbommatch.archive.documents import documents, named

    if bool(names) == bool(where):
        raise UsageError("name documents by digest, path or subject, or choose them with --where LABEL=VALUE; not both")
    found = documents(reader, where) if where else [named(reader, name) for name in names]
    if not found:
        raise UsageError(f"no document has the labels asked for: {', '.join(f'{name}={value}' for name, value in where)}")
    return list({one.sha256: one for one in found}.values())


@base.command("export")
@archive_argument
@documents_argument
@where_option
@base.option("-o", "--output", metavar="FILE", help="To a file, or a folder (ends in /) where there are several.  [default: stdout]")
def export(archive: Path, documents: tuple[str, ...], where: Sequence[Label], output: str | None) -> None:
    """Give documents back, byte for byte; what they were packed in when they were added is not kept.

    DOCUMENT is a digest or the beginning of it, a path, or what the document is about. In a folder a file is called by the document's
    digest and its own name.
    """
    from sbommatch.archive.archive import open_archive
    from sbommatch.archive.documents import contents
    from sbommatch.archive.reader import open_reader

    with open_archive(archive) as opened, open_reader(opened) as reader:
        chosen = _chosen(reader, documents, where)
        folder = Path(output) if output and output.endswith("/") else None
        if len(chosen) > 1 and folder is None:
            raise UsageError(f"{len(chosen)} documents and one place for them; name a folder: `-o out/`")
        if folder:
            _make_folder(folder)
        for document, data in contents(reader, chosen):
            target = folder / _file_name(document) if folder else Path(output) if output and output != "-" else None
            base.emit(data, target)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UsageError(f"{folder}: cannot be made: {exc.strerror}") from exc


def _file_name(document: StoredDocument) -> str:
    """What a document says of its name must not lead out of the folder."""
    name = PurePath(document.path).name.removesuffix(".gz").removesuffix(".zst")
    kept = "".join(character if character.isalnum() or character in "._-" else "_" for character in name)[-100:]
    return f"{document.sha256}-{kept or 'sbom'}"


@base.command("remove")
@archive_argument
@documents_argument
@where_option
@base.quiet_option
def remove(archive: Path, documents: tuple[str, ...], where: Sequence[Label], quiet: bool) -> None:
    """Remove documents. Their bytes stay on the disk until `archive compact`.

    DOCUMENT is a digest or the beginning of it, a path, or what the document is about.
    """
    from sbommatch.archive.archive import open_archive
    from sbommatch.archive.commits import Commits
    from sbommatch.archive.reader import open_reader

    with open_archive(archive) as opened:
        with open_reader(opened) as reader:
            chosen = _chosen(reader, documents, where)
        with Commits(opened) as commits:
            removed = commits.remove([one.sha256 for one in chosen])
    if not quiet:
        click.echo(base.printable(f"{archive}: {counted(removed, 'document')} removed"), err=True)


@base.command("compact")
@archive_argument
@base.quiet_option
def compact(archive: Path, quiet: bool) -> None:
    """Join what was added bit by bit, and delete what is dead.

    Documents stored by an older release of other rules are looked at again. Nothing is deleted while others are at work in the archive.
    """
    from sbommatch.archive.archive import open_archive
    from sbommatch.archive.compact import compact as join

    with open_archive(archive) as opened:
        done = join(opened)
    if quiet:
        return
    parts = [f"{counted(done.segments_before, 'segment')} before, {done.segments} now"]
    parts += [f"the lookups of {counted(done.renewed, 'document')} made again"] if done.renewed else []
    parts.append(f"{sized(done.freed_bytes)} freed" if done.is_swept else "nothing deleted: others are at work in it")
    click.echo(base.printable(f"{archive}: {', '.join(parts)}"), err=True)
