"""Where reports go: `--output FORMAT[=FILE]`, and a file's name for each document."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePath

from msgspec import Struct

from sbommatch.errors import UsageError
from sbommatch.reports import REPORT_BY_NAME
from sbommatch.reports.report import Report
from sbommatch.sbom.component import Document

STDOUT = "-"
PLACEHOLDER = re.compile(r"\{(\w*)\}")
PLACEHOLDERS = frozenset({"name", "digest", "platform"})

SBOM_SUFFIXES = (".gz", ".zst", ".json", ".cdx", ".spdx", ".bom")
"""What a document's name loses, from the end: `app.cdx.json` is called `app`."""


class Output(Struct, frozen=True):
    """A report, and where it goes."""

    report: Report
    file: str | None
    """A path, perhaps with placeholders; a folder where it ends in `/`; None for stdout."""

    def path_for(self, document: Document) -> Path | None:
        """The file for a document's report; None for stdout."""
        if self.file is None:
            return None
        template = f"{self.file}{{name}}{self.report.suffix}" if self.file.endswith("/") else self.file
        platform = (document.subject.platform or "unknown").replace("/", "-")
        words = {"name": _name(document), "digest": document.sha256, "platform": _in_one_segment(platform)}
        return Path(PLACEHOLDER.sub(lambda found: words[found[1]], template))


def parse_outputs(texts: Sequence[str], *, several: bool) -> tuple[Output, ...]:
    """The outputs that `--output` asks for.

    Raises UsageError: an unknown format or placeholder, stdout twice, one file for several documents.
    """
    outputs = tuple(_parse(text) for text in texts)
    if sum(output.file is None for output in outputs) > 1:
        raise UsageError("--output: only one report can go to stdout; name a file for the others, as in json=report.json")
    for output in outputs:
        if several and output.file is not None and not output.file.endswith("/") and not PLACEHOLDER.search(output.file):
            remedy = "end it in `/`, or put {name} or {digest} in it"
            raise UsageError(f"--output {output.report.name}={output.file}: one file for several documents; {remedy}")
    return outputs


def _parse(text: str) -> Output:
    name, _, file = text.partition("=")
    report = REPORT_BY_NAME.get(name)
    if report is None:
        raise UsageError(f"--output {name}: no such format; there are {', '.join(REPORT_BY_NAME)}")
    unknown = sorted(set(PLACEHOLDER.findall(file)) - PLACEHOLDERS)
    if unknown:
        raise UsageError(f"--output {text}: no such placeholder: {{{unknown[0]}}}; there are {{name}}, {{digest}} and {{platform}}")
    if "=" in text and not file:
        raise UsageError(f"--output {text}: names no file after `=`")
    return Output(report, None if file in {"", STDOUT} else file)


def _name(document: Document) -> str:
    if document.path == STDOUT:
        return "stdin"
    name = PurePath(document.path).name
    while name.endswith(SBOM_SUFFIXES) and not name.startswith("."):
        name = name.rpartition(".")[0]
    return name or "sbom"


def _in_one_segment(text: str) -> str:
    """What a document says of itself must not lead out of the folder that the user named."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", text).lstrip(".") or "unknown"
