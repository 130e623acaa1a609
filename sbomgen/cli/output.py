"""`-o FORMAT[@VERSION][=FILE]`: what to write, and where."""

import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from sbomgen.documents import WRITERS, Writer
from sbomgen.errors import UsageError
from sbomgen.inventory import Inventory

_SPECIFICATION = re.compile(r"(?P<format>[a-z0-9-]+)(?:@(?P<version>[^=]+))?(?:=(?P<file>.*))?", re.DOTALL)
_UNFIT_FOR_FILE_NAMES = re.compile(r"[^A-Za-z0-9._+-]+")


class Output(Struct, frozen=True):
    """One document to write."""

    writer: Writer
    version: str | None
    file: str | None
    """None: stdout. A folder ends in `/`; `{name}`, `{digest}` and `{platform}` are filled in for each image."""
    by_platform: bool = False
    """The files of a folder are called by their platforms, too."""

    def target(self, inventory: Inventory) -> Path | None:
        """The file for one image; None for stdout."""
        if self.file is None:
            return None
        parts = _file_name_parts(inventory)
        name = "{name}-{platform}" if self.by_platform else "{name}"
        file = self.file + name + self.writer.suffix if self.file.endswith("/") else self.file
        for key, value in parts.items():
            file = file.replace("{" + key + "}", value)
        return Path(file)


def _file_name_parts(inventory: Inventory) -> dict[str, str]:
    image = inventory.image
    parts = {
        "name": inventory.name,
        "digest": (image.manifest_digest or image.config_digest or inventory.content_id).removeprefix("sha256:"),
        "platform": image.config.platform,
    }
    return {key: _UNFIT_FOR_FILE_NAMES.sub("_", value).lstrip(".") or "_" for key, value in parts.items()}


def parse_outputs(specifications: Sequence[str], several_images: bool) -> list[Output]:
    """The outputs asked for; raises `UsageError` for an unknown format or version, two on stdout, or one file for several images."""
    outputs = [_parse(specification) for specification in specifications or ("table",)]
    places = [_place(output) for output in outputs]
    for output, place in zip(outputs, places, strict=True):
        file = output.file
        if places.count(place) > 1:
            raise UsageError(f"two outputs go to {file or 'stdout'}: give each a file of its own, as in `-o spdx-json=FILE`")
        if several_images and file is None and output.writer.suffix.endswith((".xml", ".spdx")):
            name = output.writer.name
            raise UsageError(f"several images cannot go to stdout as {name}, one to a document: name a folder, as in `-o {name}=out/`")
        if several_images and file is not None and not file.endswith("/") and not re.search(r"\{(name|digest|platform)\}", file):
            raise UsageError(
                f"{file}: several images cannot go to one file: name a folder (`{file}/`) or use {{name}}, {{digest}}, {{platform}}"
            )
    return outputs


def _place(output: Output) -> str | None:
    """What two outputs must not share, however they spell it: a file, stdout (None), or the names of one kind in a folder."""
    if output.file is None:
        return None
    place = Path(output.file).resolve()
    return str(place / output.writer.suffix if output.file.endswith("/") else place)


def _parse(specification: str) -> Output:
    match = _SPECIFICATION.fullmatch(specification)
    writer = next((writer for writer in WRITERS if match and writer.name == match["format"]), None)
    if match is None or writer is None:
        raise UsageError(f"-o {specification}: no such format; there are: {', '.join(writer.name for writer in WRITERS)}")
    version, file = match["version"], match["file"]
    if version is not None and version not in writer.versions:
        known = ", ".join(writer.versions) or "none"
        raise UsageError(f"-o {specification}: {writer.name} is not written in version {version}; there are: {known}")
    if file == "":
        raise UsageError(f"-o {specification}: a file name is missing after `=`")
    return Output(writer, version, None if file == "-" else file)
