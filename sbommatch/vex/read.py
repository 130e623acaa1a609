"""VEX documents from files and folders, a VEX repository (github.com/aquasecurity/vex-repo-spec) among them; formats by content, mixed."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import DecodeError, Struct
from msgspec.structs import replace

from sbommatch.errors import UnreadableError
from sbommatch.problem import Problem, ProblemCode
from sbommatch.sbom._reader import Source
from sbommatch.sbom._sniff import described, opening_of
from sbommatch.sbom._wrapped import MAX_WRAPPERS, unwrapped
from sbommatch.sbom.read import STDIN, NoSbomError, is_pattern, opened, source_of
from sbommatch.statement import VexDocument
from sbommatch.vex import VEX_FORMATS


class VexRead(Struct, frozen=True):
    """What was read of all documents."""

    documents: tuple[VexDocument, ...] = ()
    """In the order they were named, of a folder by path."""
    problems: tuple[Problem, ...] = ()


def read_vex(paths: Sequence[str]) -> VexRead:
    """The documents of files, folders and patterns.

    Raises `UnreadableError` for a file that was named and cannot be read: without it a scan would say something else. In a folder that
    is a loss, and a file that is no VEX document a note.
    """
    documents: list[VexDocument] = []
    problems: list[Problem] = []
    for path in paths:
        if path != STDIN and not is_pattern(path) and not Path(path).exists():
            raise UnreadableError(f"{path}: there is no such file; name a VEX document, or a folder of them")
        for found in opened([path], read_vex_document):
            if isinstance(found, VexDocument):
                documents.append(found)
                problems += found.problems
            elif isinstance(found, Problem):
                problems.append(found)
            elif Path(path).is_dir():
                problems.append(Problem(ProblemCode.INPUT_UNREADABLE, path, str(found), loss=True))
            else:
                raise found
    return VexRead(tuple(documents), tuple(problems))


def read_vex_document(data: bytes, path: str) -> VexDocument:
    """The document in these bytes. Raises `UnreadableError`; `NoSbomError` where it is no VEX document in any format known."""
    try:
        return _read(source_of(data, path))
    except DecodeError as error:
        raise UnreadableError(f"{path}: malformed JSON, perhaps cut short: {error}") from error
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{path}: is no UTF-8: {error.reason}") from error
    except RecursionError as error:
        raise UnreadableError(f"{path}: nested more deeply than any VEX document is") from error


def _read(source: Source, wrappers: int = 0) -> VexDocument:
    opening = opening_of(source.text)
    for format_ in VEX_FORMATS:
        if format_.recognises(opening):
            return format_.read(source)
    inner = unwrapped(opening.head, source) if opening.head and wrappers < MAX_WRAPPERS else None
    if inner is None:
        what = described(source.text, opening.head) if opening.beginning else "empty, perhaps cut short"
        raise NoSbomError(f"{source.path}: no VEX document (OpenVEX, CSAF, CycloneDX), but {what}")
    return _read(replace(source, text=inner), wrappers + 1)
