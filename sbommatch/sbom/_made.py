"""PURLs for components that state none, where the producer says in a word of its own what kind of package each is."""

from collections.abc import Sequence

from sbommatch.sbom.component import Component, DistroStatement

PURL_TYPES = {
    # Syft: `syft:package:type` and the `type` of its JSON
    "alpm": "alpm", "apk": "apk", "bitnami": "bitnami", "conan": "conan", "conda": "conda", "dart-pub": "pub", "deb": "deb",
    "dotnet": "nuget", "erlang-otp": "hex", "gem": "gem", "github-action": "githubactions", "go-module": "golang", "hackage": "hackage",
    "hex": "hex", "java-archive": "maven", "jenkins-plugin": "maven", "lua-rocks": "luarocks", "npm": "npm", "opam": "opam",
    "php-composer": "composer", "pod": "cocoapods", "portage": "ebuild", "python": "pypi", "R-package": "cran", "rpm": "rpm",
    "rust-crate": "cargo", "swift": "swift",
    # Trivy: `aquasecurity:trivy:PkgType`, the family of a distribution or the type of a file
    "alpine": "apk", "wolfi": "apk", "chainguard": "apk", "debian": "deb", "ubuntu": "deb",
    "alma": "rpm", "amazon": "rpm", "azurelinux": "rpm", "cbl-mariner": "rpm", "centos": "rpm", "fedora": "rpm", "opensuse": "rpm",
    "opensuse-leap": "rpm", "opensuse-tumbleweed": "rpm", "oracle": "rpm", "photon": "rpm", "redhat": "rpm", "rocky": "rpm",
    "suse linux enterprise server": "rpm",
    "bundler": "gem", "gemspec": "gem", "cargo": "cargo", "rustbinary": "cargo", "composer": "composer", "composer-vendor": "composer",
    "conda-pkg": "conda", "conda-environment": "conda", "dotnet-core": "nuget", "nuget": "nuget", "packages-props": "nuget",
    "gobinary": "golang", "gomod": "golang", "gradle": "maven", "jar": "maven", "pom": "maven", "sbt": "maven",
    "node-pkg": "npm", "pnpm": "npm", "yarn": "npm", "bun": "npm", "pip": "pypi", "pipenv": "pypi", "poetry": "pypi", "uv": "pypi",
    "python-pkg": "pypi", "pub": "pub", "cocoapods": "cocoapods",
    # tern: the method that listed a layer's packages
    "dpkg": "deb", "distroless": "deb", "tdnf": "rpm", "pacman": "alpm", "go": "golang",
}  # fmt: skip
"""Producers' words for the kind of a package -> PURL types."""

_OS_TYPES = frozenset({"alpm", "apk", "deb", "rpm"})
_DIRECTORIES = frozenset({"composer", "golang", "npm", "swift"})
"""Types whose names have directories in them, which PURLs take for the namespace."""

_SAFE = ":"
"""Written as it is beside what never needs escapes: epochs end with it."""


def package_type_of(word: str | None) -> str | None:
    """The PURL type of a producer's word; None for one that names no kind of package with a type (`binary`, `linux-kernel`).

    >>> package_type_of("go-module"), package_type_of("binary")
    ('golang', None)
    """
    return PURL_TYPES.get(word or "")


def made_purl(component: Component, distros: Sequence[DistroStatement]) -> str | None:
    """A PURL of the component's kind, name, version and distribution (its own, else the one that the document states).

    None where that does not identify: without a name, of Maven without a group, of rpm without a release (tern leaves it out).
    """
    from urllib.parse import quote

    type_, name, group = component.package_type, component.name, component.group
    if not name or not type_:
        return None
    qualifiers = ""
    if type_ in _OS_TYPES:
        distro = component.distro or (distros[0] if len(set(distros)) == 1 else None)
        group = distro.id if distro else None
        if type_ == "rpm" and "-" not in (component.version or ""):
            return None
        if distro and distro.version:
            qualifiers = f"?distro={quote(f'{distro.id}-{distro.version}', safe=_SAFE)}"
    elif type_ == "maven":
        group, _, name = name.rpartition(":") if ":" in name else (group or "", "", name)
        if not group:
            return None
    elif type_ in _DIRECTORIES and not group:
        group, _, name = name.rpartition("/")
    namespace = f"{quote(group, safe='/' + _SAFE)}/" if group else ""
    version = f"@{quote(component.version, safe=_SAFE)}" if component.version else ""
    return f"pkg:{type_}/{namespace}{quote(name, safe=_SAFE)}{version}{qualifiers}"
