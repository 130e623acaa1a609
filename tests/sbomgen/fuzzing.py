"""An image that has something for every cataloger, and ways to damage it.

The same seed gives the same damage, so that a failure is found again by its number.
"""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from sbomgen.catalogers._executables import CARGO_AUDITABLE, GO_BUILD_INFO, PACKAGE_NOTE
from sbomgen.image.manifest import HistoryEntry, Image, ImageConfig
from sbomgen.image.tar import BLOCK_BYTES, checksum_holds
from tests.sbomgen.image.fakes import memory_layer
from tests.sbomgen.rpmdb.encoders import RpmdbSqlite, bdb, files, header, ndb
from tests.support.dotnet import deps_json
from tests.support.executables import audit_list, elf, go_inline, macho, package_note, pe
from tests.support.images import sha256
from tests.support.jars import jar, manifest, pom
from tests.support.yarn import place, state, yarn_4, zipped

TOKENS = (
    b"\0", b"\n", b"\r\n\r\n", b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0", bytes(8), b"\xff" * 8, b"../" * 40,
    b"[" * 2000, b'{"a":' * 500, b"9" * 400,
    b"1e999", b"\xed\xa0\x80", b"\xc3\x28", b"%00", b"\x1f\x8b\x08", b"PK\x03\x04", b"PK\x01\x02", b"-1", b"A" * 5000,
)  # fmt: skip
"""What parsers stumble over: ends of text, the borders of numbers, depth, length, and bytes that are no UTF-8."""


def evidence() -> dict[str, bytes]:
    """Bodies by path: at least one for each cataloger, each of them read without a problem."""
    crates: list[dict[str, Any]] = [
        {"name": "app", "version": "1.0.0", "source": "local", "root": True, "dependencies": [1]},
        {"name": "x", "version": "2.0.0"},
    ]
    modules = "path\texample.com/app\nmod\texample.com/app\tv1.4.0\th1:main\ndep\tgithub.com/pkg/errors\tv0.9.1\th1:sum\n"
    note = {"type": "alpm", "os": "arch", "name": "bash", "version": "5.2.026-2", "architecture": "x86_64"}
    inner = jar(pom("org.inner:inner:2.0") | manifest(Implementation_Title="inner"))
    headers = {1: header("glibc", "2.35", "6", files("/usr/lib64/libc.so.6")), 2: header("bash", "5.2", "1")}
    texts = {
        "etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n',
        "var/lib/dpkg/status": "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc (2.36-9)\n"
        "Version: 2.36-9\nDepends: libgcc-s1 (>= 3), a | b\nDescription: x\n y\n\n",
        "var/lib/dpkg/info/libc6:amd64.list": "/.\n/usr\n/usr/lib/x.so\n",
        "var/lib/dpkg/info/libc6:amd64.md5sums": "d41d8cd98f00b204e9800998ecf8427e  usr/lib/x.so\n",
        "lib/apk/db/installed": "P:musl\nV:1.2.5-r0\nA:x86_64\no:musl\nL:MIT\nD:so:libc.so\np:so:libc=1\nF:lib\nR:ld.so\nZ:Q1abc=\n\n",
        "srv/c/var/lib/pacman/local/zlib-1:1.3-2/desc": "%NAME%\nzlib\n\n%VERSION%\n1:1.3-2\n\n%BASE%\nzlib\n\n%LICENSE%\nZlib\n\n"
        "%DEPENDS%\nglibc>=2.27\nlibz.so=1-64\n\n%PROVIDES%\nlibz.so=1-64\n\n",
        "srv/c/var/lib/pacman/local/zlib-1:1.3-2/files": "%FILES%\nusr/\nusr/lib/libz.so.1\n\n%BACKUP%\netc/a\td41d8\n\n",
        "usr/lib/python3/dist-packages/idna-3.7.dist-info/METADATA": "Name: idna\nVersion: 3.7\nRequires-Dist: x>=1; extra == 'y'\n\n",
        "usr/lib/python3/dist-packages/old.egg-info": "Metadata-Version: 1.0\nName: old\nVersion: 1\n",
        "app/venv/pyvenv.cfg": "home = /usr/bin\ninclude-system-site-packages = true\nversion = 3.11.2\n",
        "app/node_modules/a/package.json": json.dumps({"name": "a", "version": "1.0.0", "license": "MIT", "dependencies": {"b": "^1"}}),
        "app/node_modules/a/node_modules/b/package.json": json.dumps({"name": "b", "version": "1.2.3", "author": {"name": "x"}}),
        "app/app.deps.json": deps_json(
            {"a/1.0.0": {"dependencies": {"b": "2.0.0"}, "runtime": {"lib/net8.0/a.dll": {}}}, "b/2.0.0": {"native": {"b.so": {}}}}
        ),
        "app/a.dll": "",
        "app/b.so": "",
        "opt/jdk/bin/java": "",
        "opt/jdk/release": 'JAVA_VERSION="17.0.9"\nIMPLEMENTOR="Eclipse Adoptium"\nOS_ARCH="x86_64"\n',
        "var/lib/rpmmanifest/container-manifest-2": "glibc\t2.35-6.cm2\t1712182042\t1712153735\tMicrosoft\t(none)\t10269049\tx86_64\t"
        "0\tglibc-2.35-6.cm2.src.rpm\n",
    }  # fmt: skip
    return {path: text.encode() for path, text in texts.items()} | {
        "srv/.pnp.cjs": yarn_4(state(("a", "npm:1.0.0", place("a"), {"b": "npm:1.0.0"}), ("b", "npm:1.0.0", place("b"), {}))),
        **zipped("a", cache="srv/.yarn/cache"),
        **zipped("b", cache="srv/.yarn/cache"),
        "opt/outer.war": jar({**pom("org.outer:outer:1.0"), **manifest(Bundle_Version="1.0"), "WEB-INF/lib/inner.jar": inner}),
        "usr/bin/go": elf({GO_BUILD_INFO: go_inline("go1.21.3", modules)}),
        "usr/bin/go.exe": pe({".data": go_inline("go1.21.3", modules)}),
        "usr/bin/go.macho": macho({"__go_buildinfo": go_inline("go1.21.3", modules)}),
        "usr/bin/rust": elf({CARGO_AUDITABLE: audit_list(crates)}),
        "usr/bin/bash": elf({PACKAGE_NOTE: package_note(json.dumps(note), ">")}, ">", wide=False),
        "var/lib/rpm/Packages": bdb(headers),
        "srv/a/usr/lib/sysimage/rpm/Packages.db": ndb(headers),
        **_sqlite(headers),
    }


def _sqlite(headers: Mapping[int, bytes]) -> dict[str, bytes]:
    """A database with a log that has not been written back."""
    folder = "srv/b/usr/lib/sysimage/rpm/rpmdb.sqlite"
    with TemporaryDirectory() as place, RpmdbSqlite(Path(place)) as database:
        database.create()
        database.checkpoint()
        database.put(headers)
        return {folder: database.body, f"{folder}-wal": database.log}


def damaged(content: bytes, random: Random) -> bytes:
    """A copy with one to four changes: a byte, a token over or between what is there, a piece twice, gone or from elsewhere, no end."""
    copy = bytearray(content)
    for _ in range(random.randint(1, 4)):
        place, length = random.randrange(len(copy) + 1), random.randrange(1, 200)
        kind, token = random.randrange(7), random.choice(TOKENS)
        if kind == 0:
            copy[place : place + 1] = bytes([random.randrange(256)])
        elif kind == 1:
            copy[place : place + len(token)] = token
        elif kind == 2:
            copy[place:place] = token
        elif kind == 3:
            del copy[place : place + length]
        elif kind == 4:
            copy[place:place] = copy[place : place + length] * random.randrange(1, 20)
        elif kind == 5:
            other = random.randrange(len(copy) + 1)
            copy[place : place + length] = copy[other : other + length]
        else:
            number = random.choice((0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, random.getrandbits(32)))
            copy[place : place + 4] = struct.pack(random.choice("<>") + "I", number)
    if random.randrange(8) == 0:
        del copy[random.randrange(len(copy) + 1) :]
    return bytes(copy)


def with_checksums(tar: bytes, whole: bytes) -> bytes:
    """A damaged tar whose headers, where the whole one had any, have the checksums that they need to be read."""
    copy = bytearray(tar)
    for start in range(0, min(len(tar), len(whole)) - BLOCK_BYTES + 1, BLOCK_BYTES):
        if any(whole[start : start + BLOCK_BYTES]) and checksum_holds(whole[start : start + BLOCK_BYTES]):
            copy[start + 148 : start + 156] = b" " * 8
            copy[start + 148 : start + 156] = f"{sum(copy[start : start + BLOCK_BYTES]):06o}\0 ".encode()
    return bytes(copy)


def image_of(*tars: bytes) -> Image:
    """An image of these layers, whose digests fit whatever they hold."""
    diff_ids = tuple(sha256(tar) for tar in tars)
    entry = HistoryEntry(created_by="RUN |1 TOKEN=x /bin/sh -c make")
    return Image(
        source="fuzzed.tar",
        references=(),
        manifest_digest=None,
        config_digest=sha256(b""),
        config=ImageConfig(os="linux", architecture="amd64", diff_ids=diff_ids, history=(entry,) * len(tars)),
        annotations={},
        layers=tuple(memory_layer(tar, diff_id, index=index) for index, (tar, diff_id) in enumerate(zip(tars, diff_ids, strict=True))),
    )
