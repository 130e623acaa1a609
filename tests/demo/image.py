"""The demo image: an Alpine-style base, an application, an upgrade and a removal in later layers. Byte for byte the same at every build.

    python -m tests.demo.image FILE     writes it as a `docker save` archive

The packages are real names with real versions; their files are stand-ins. sbomgen is not told anything: it reads databases and metadata as
in any image.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from tests.support.images import Entry, HistorySpec, ImageSpec, LayerSpec, file, folder, whiteout, write_docker_archive

SITE = "usr/lib/python3.8/site-packages"

OS_RELEASE = """\
NAME="Alpine Linux"
ID=alpine
VERSION_ID=3.11.3
PRETTY_NAME="Alpine Linux v3.11"
"""

Apk = tuple[str, str, str]
"""Package, version, origin (the source package)."""

BASE_PACKAGES: tuple[Apk, ...] = (
    ("alpine-baselayout", "3.2.0-r3", "alpine-baselayout"),
    ("busybox", "1.31.1-r9", "busybox"),
    ("libcrypto1.1", "1.1.1d-r2", "openssl"),
    ("libssl1.1", "1.1.1d-r2", "openssl"),
    ("musl", "1.1.23-r1", "musl"),
    ("zlib", "1.2.11-r3", "zlib"),
)
PYTHON_PACKAGES: tuple[Apk, ...] = (("python3", "3.8.1-r0", "python3"), ("sqlite-libs", "3.30.1-r0", "sqlite"))
UPGRADED: tuple[Apk, ...] = (("musl", "1.1.24-r0", "musl"),)


def apk_database(packages: Iterable[Apk]) -> Entry:
    """The database that `apk add` leaves behind."""
    stanzas = (f"P:{name}\nV:{version}\nA:x86_64\no:{origin}\nL:MIT\n" for name, version, origin in sorted(packages))
    return file("lib/apk/db/installed", "".join(f"{stanza}\n" for stanza in stanzas))


def upgraded(packages: Iterable[Apk], upgrades: Iterable[Apk]) -> tuple[Apk, ...]:
    """The packages with the upgraded ones in their place."""
    return tuple(({package[0]: package for package in packages} | {package[0]: package for package in upgrades}).values())


def distribution(name: str, version: str) -> tuple[Entry, ...]:
    """What pip leaves behind."""
    info = f"{SITE}/{name}-{version}.dist-info"
    return (
        folder(info),
        file(f"{info}/INSTALLER", "pip\n"),
        file(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"),
        file(f"{info}/RECORD", f"{name.lower()}/__init__.py,,\n{name}-{version}.dist-info/METADATA,,\n"),
        file(f"{SITE}/{name.lower()}/__init__.py", ""),
    )


def demo_image() -> ImageSpec:
    """Five layers, seven history entries."""
    with_python = BASE_PACKAGES + PYTHON_PACKAGES
    layers = (
        LayerSpec((file("etc/os-release", OS_RELEASE), apk_database(BASE_PACKAGES))),
        LayerSpec((apk_database(with_python), folder(SITE))),
        LayerSpec(
            (
                *distribution("Jinja2", "2.10"),
                *distribution("PyYAML", "5.3"),
                *distribution("requests", "2.19.1"),
                *distribution("urllib3", "1.24.1"),
            )
        ),
        LayerSpec(
            (
                apk_database(upgraded(with_python, UPGRADED)),
                whiteout(f"{SITE}/PyYAML-5.3.dist-info"),
                whiteout(f"{SITE}/pyyaml"),
                whiteout(f"{SITE}/urllib3-1.24.1.dist-info"),
                *distribution("urllib3", "1.26.18"),
            )
        ),
        LayerSpec((folder("app"), file("app/main.py", "print('hello')\n"))),
    )
    history = (
        HistorySpec("/bin/sh -c #(nop) ADD file:demo-rootfs in / "),
        HistorySpec('/bin/sh -c #(nop)  CMD ["/bin/sh"]', empty_layer=True),
        HistorySpec("RUN /bin/sh -c apk add --no-cache python3 # buildkit"),
        HistorySpec("RUN |1 INDEX_TOKEN=s3cret /bin/sh -c pip install -r requirements.txt # buildkit"),
        HistorySpec("RUN /bin/sh -c apk upgrade musl && pip install -U urllib3 && pip uninstall -y pyyaml # buildkit"),
        HistorySpec("COPY app /app # buildkit"),
        HistorySpec('CMD ["python3" "/app/main.py"]', empty_layer=True),
    )
    return ImageSpec(layers, history, tags=("shop/web:1.4",))


if __name__ == "__main__":
    write_docker_archive(demo_image(), Path(sys.argv[1]), layout="docker25")
