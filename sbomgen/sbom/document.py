"""SBOM documents from files: what they are is found by looking; everything is bounded, and what is broken is named by its place."""

import hashlib
import re
import sys
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from sbomgen.errors import UnreadableError
from sbomgen.sbom.xml import Element, xml_root

MAX_DOCUMENT_BYTES = 256 * 2**20
"""The largest known SBOMs are around 200 MB; as Python's objects they take ten times that."""

MAX_JSON_DEPTH = 200
"""Of arrays and objects in one another: real documents have less than 40, and their readers go down by recursion."""

STDIN = "-"
BEGINNING_BYTES = 65_536
"""How much of a text is looked at: comments and licence texts may stand before what tells."""

CYCLONEDX_JSON, CYCLONEDX_XML = "cyclonedx-json", "cyclonedx-xml"
SPDX_JSON, SPDX_TAG_VALUE, SPDX_YAML, SPDX_XML, SPDX_RDF = "spdx-json", "spdx-tag-value", "spdx-yaml", "spdx-xml", "spdx-rdf"
SPDX3_JSON = "spdx3-json"

_UTF8_MARK = b"\xef\xbb\xbf"
_TAG_VALUE = re.compile(rb"^[ \t]*SPDXVersion[ \t]*:[ \t]*(?:<text>)?SPDX-([\d.]+)", re.MULTILINE)
_YAML = re.compile(rb"""^["']?spdxVersion["']?[ \t]*:[ \t]*["']?SPDX-([\d.]+)""", re.MULTILINE)
_RDF_VERSION = re.compile(rb"specVersion[^>]*>\s*SPDX-([\d.]+)|specVersion=[\"']SPDX-([\d.]+)")
_CYCLONEDX_NAMESPACE = re.compile(r"http://cyclonedx\.org/schema/bom/(\d+\.\d+)")
_SPDX3_CONTEXT = re.compile(r"https://spdx\.(?:org|github\.io)/.*?(3\.\d+(?:\.\d+)?)/")
_BYTE = re.compile(r"\(byte (\d+)\)")


class Document(Struct, frozen=True):
    """A file that is an SBOM."""

    path: str
    text: bytes
    """UTF-8, without a byte order mark."""
    sha256: str
    """Of the file."""
    format: str
    """As `-o` names it, or `spdx-yaml`, `spdx-xml`, `spdx-rdf`."""
    version: str
    """Of the format: `1.6`, `2.3`, `3.0.1`; empty where it states none."""
    tree: Any = None
    """What JSON says; the root `Element` of XML; None for texts."""


def read_document(path: str) -> Document:
    """The document in a file, or on standard input (`-`). Raises `UnreadableError`: missing, malformed, or no SBOM."""
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(MAX_DOCUMENT_BYTES + 1)
        else:
            with Path(path).open("rb") as stream:
                data = stream.read(MAX_DOCUMENT_BYTES + 1)
    except FileNotFoundError as exc:
        raise UnreadableError(f"{path}: there is no such file; name an SBOM, or - for standard input") from exc
    except OSError as exc:
        raise UnreadableError(f"{path}: {exc.strerror or exc}") from exc
    return document_of(data, path)


def document_of(data: bytes, path: str) -> Document:
    """The document in these bytes; `path` names it in messages. Raises `UnreadableError`."""
    if len(data) > MAX_DOCUMENT_BYTES:
        raise UnreadableError(f"{path}: larger than {MAX_DOCUMENT_BYTES} bytes")
    text = data.removeprefix(_UTF8_MARK)
    try:
        text.decode()
    except UnicodeDecodeError as exc:
        line = text.count(b"\n", 0, exc.start) + 1
        raise UnreadableError(f"{path}: line {line}: is no UTF-8 ({exc.reason}, byte {exc.start})") from exc
    digest = hashlib.sha256(data).hexdigest()
    start = text[:BEGINNING_BYTES].lstrip()
    if start.startswith(b"{"):
        tree = decoded(text, path)
        return Document(path, text, digest, *_of_json(tree, path), tree)
    root = xml_root(text, path) if start.startswith(b"<") else None
    form = _of_text(start) if root is None else _of_xml(root, text)
    if form is None:
        raise UnreadableError(f"{path}: is no SBOM in CycloneDX or SPDX; one of Syft or Trivy is converted by that tool first")
    return Document(path, text, digest, *form, root)


def decoded(text: bytes, path: str) -> Any:
    """What JSON says. Raises `UnreadableError` with the line and column of what is malformed, also where it is nested too deeply."""
    try:
        tree = msgspec.json.decode(text)
    except msgspec.DecodeError as exc:
        raise UnreadableError(f"{path}: {_place(text, str(exc))}") from exc
    except RecursionError as exc:
        raise UnreadableError(f"{path}: nested more than {MAX_JSON_DEPTH} deep") from exc
    if _deeper_than(tree, MAX_JSON_DEPTH):
        raise UnreadableError(f"{path}: nested more than {MAX_JSON_DEPTH} deep")
    return tree


def _deeper_than(tree: Any, limit: int) -> bool:
    level = [tree]
    for _ in range(limit + 1):
        level = [
            part for whole in level if isinstance(whole, (dict, list)) for part in (whole.values() if isinstance(whole, dict) else whole)
        ]
        if not level:
            return False
    return True


def _place(text: bytes, message: str) -> str:
    """Msgspec's message with the line and column of the byte that it names; input that ends too early names none: its last line."""
    found = _BYTE.search(message)
    position = int(found[1]) if found else len(text.rstrip())
    line = text.count(b"\n", 0, position) + 1
    column = position - (text.rfind(b"\n", 0, position) + 1) + 1
    return f"line {line}, column {column}: {message}"


def _of_json(tree: dict[str, Any], path: str) -> tuple[str, str]:
    if str(tree.get("bomFormat", "")) == "CycloneDX":
        return CYCLONEDX_JSON, str(tree.get("specVersion") or "")
    if "spdxVersion" in tree:
        return SPDX_JSON, str(tree["spdxVersion"]).removeprefix("SPDX-")
    context = tree.get("@context")
    for one in context if isinstance(context, list) else [context]:
        if isinstance(one, str) and (found := _SPDX3_CONTEXT.match(one)):
            return SPDX3_JSON, found[1]
    raise UnreadableError(f"{path}: a JSON object without `bomFormat`, `spdxVersion` or SPDX 3's `@context`: no SBOM in CycloneDX or SPDX")


def _of_xml(root: Element, text: bytes) -> tuple[str, str] | None:
    if found := _CYCLONEDX_NAMESPACE.fullmatch(root.namespace):
        return CYCLONEDX_XML, found[1]
    if root.name == "RDF" and b"http://spdx.org/rdf/terms" in text:
        return SPDX_RDF, _first(_RDF_VERSION, text)
    return (SPDX_XML, _xml_version(root)) if root.name == "Document" and root.child("SPDXID") else None


def _xml_version(root: Element) -> str:
    stated = root.child("spdxVersion")
    return stated.text.strip().removeprefix("SPDX-") if stated else ""


def _of_text(beginning: bytes) -> tuple[str, str] | None:
    if found := _TAG_VALUE.search(beginning):
        return SPDX_TAG_VALUE, found[1].decode()
    found = _YAML.search(beginning)
    return (SPDX_YAML, found[1].decode()) if found else None


def _first(pattern: re.Pattern[bytes], text: bytes) -> str:
    found = pattern.search(text)
    return next((group.decode() for group in found.groups() if group), "") if found else ""
