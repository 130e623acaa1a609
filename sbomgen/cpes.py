"""CPE names of well-known packages, from a table: the products under which NVD files what is known of them.

A name that is made up by rule (`vendor = name`) is wrong more often than right, and a matcher takes it for a fact: what is not in the table
has none. The table's pairs are those of the CPE Dictionary (https://nvd.nist.gov/products/cpe), as NVD's CVE records use them; they were
gathered by hand from records that name the project. The version is the upstream one: a distribution's revision is not in CPEs, and so none
of its fixes; matchers that read the distribution's own feeds must prefer these.
"""

import re

from sbomgen.model import Package

DISTRIBUTION_TYPES = frozenset({"alpm", "apk", "deb", "opkg", "rpm"})
"""Looked up by the name of the source package: `libssl3` is OpenSSL as `openssl` is."""

_BY_SOURCE = {
    "apache2": "apache:http_server", "bash": "gnu:bash", "bind9": "isc:bind", "busybox": "busybox:busybox", "bzip2": "bzip:bzip2",
    "coreutils": "gnu:coreutils", "curl": "haxx:curl haxx:libcurl", "expat": "libexpat_project:libexpat", "freetype": "freetype:freetype",
    "git": "git-scm:git", "glibc": "gnu:glibc", "gnupg2": "gnupg:gnupg", "gnutls28": "gnu:gnutls", "gzip": "gnu:gzip",
    "httpd": "apache:http_server", "krb5": "mit:kerberos_5", "libgcrypt20": "gnupg:libgcrypt", "libpng1.6": "libpng:libpng",
    "libssh2": "libssh2:libssh2", "libxml2": "xmlsoft:libxml2", "musl": "musl-libc:musl", "ncurses": "gnu:ncurses",
    "nghttp2": "nghttp2:nghttp2", "nginx": "f5:nginx nginx:nginx", "nodejs": "nodejs:node.js", "openldap": "openldap:openldap",
    "openssh": "openbsd:openssh", "openssl": "openssl:openssl", "perl": "perl:perl", "redis": "redis:redis", "sqlite": "sqlite:sqlite",
    "sqlite3": "sqlite:sqlite", "systemd": "systemd_project:systemd", "tar": "gnu:tar", "tiff": "libtiff:libtiff",
    "util-linux": "kernel:util-linux", "xz": "tukaani:xz", "xz-utils": "tukaani:xz", "zlib": "zlib:zlib",
}  # fmt: skip
_SOURCE_FAMILIES = (
    (re.compile(r"python3\.\d+|python3"), "python:python"),
    (re.compile(r"php\d[\d.]*"), "php:php"),
    (re.compile(r"ruby\d[\d.]*"), "ruby-lang:ruby"),
    (re.compile(r"postgresql-?\d[\d.]*"), "postgresql:postgresql"),
)
"""Sources that have the release in their name."""

_BY_NAME = {
    ("generic", "jdk"): "oracle:jdk", ("generic", "jre"): "oracle:jre",
    ("generic", "openjdk"): "oracle:openjdk", ("generic", "openssl"): "openssl:openssl",
    ("golang", "stdlib"): "golang:go",
    ("maven", "com.fasterxml.jackson.core:jackson-databind"): "fasterxml:jackson-databind",
    ("maven", "org.apache.commons:commons-text"): "apache:commons_text",
    ("maven", "org.apache.logging.log4j:log4j-core"): "apache:log4j",
    ("maven", "org.apache.tomcat.embed:tomcat-embed-core"): "apache:tomcat",
    ("maven", "org.springframework:spring-core"): "vmware:spring_framework",
}  # fmt: skip

_REPACKED = re.compile(r"[.+~]?(?:dfsg|ds|repack)[.\d]*$")
_VERSION = re.compile(r"(?P<version>\d+(?:\.\d+)*[a-z]?)(?:_?(?P<update>p\d+))?")
_JAVA_8 = re.compile(r"1\.8\.0_(?P<update>\d+)(?:-.*)?")


def cpes_of(package: Package) -> tuple[str, ...]:
    """CPE 2.3 names of the package; none of what is not in the table, and of versions that are not upstream's alone.

    >>> from sbomgen.model import SourcePackage
    >>> cpes_of(Package(type="apk", name="libssl1.1", raw_version="1.1.1d-r2", source=SourcePackage("openssl")))
    ('cpe:2.3:a:openssl:openssl:1.1.1d:*:*:*:*:*:*:*',)
    """
    products = _products(package)
    version = _version(package) if products else None
    return tuple(f"cpe:2.3:a:{product}:{version}:*:*:*:*:*:*" for product in products.split()) if version else ()


def _products(package: Package) -> str:
    if package.type not in DISTRIBUTION_TYPES:
        return _BY_NAME.get((package.type, package.name), "")
    source = package.source.name if package.source else package.name
    known = _BY_SOURCE.get(source)
    return known or next((product for pattern, product in _SOURCE_FAMILIES if pattern.fullmatch(source)), "")


def _version(package: Package) -> str | None:
    """Version and update, as they stand in the name; None where it is not certain which those are."""
    stated = package.raw_version
    java = _JAVA_8.fullmatch(stated) if package.type == "generic" else None
    if java:
        return f"{'8' if package.name == 'openjdk' else '1.8.0'}:update{java['update']}"
    if package.type in DISTRIBUTION_TYPES:
        source = (package.source and package.source.version) or stated
        whole = source.partition(":")[2] or source
        upstream, dash, _ = whole.rpartition("-")
        stated = _REPACKED.sub("", upstream if dash else whole)
    found = _VERSION.fullmatch(stated.removeprefix("v").partition("+")[0])
    return f"{found['version']}:{found['update'] or '*'}" if found else None
