"""GitHub Actions: tags read as SemVer, however many components they have.

A tag of a major version (`v4`) is moved with every release of it; it stands where that version begins, since nothing says where it pointed.
Commits (`2235d5d7…`) and branches (`main`, `release/v1`) are no versions.
"""

from typing import ClassVar

from sbommatch.versions.semver import SemverScheme


class GithubActionsScheme(SemverScheme):
    """SemVer as it stands."""

    name: ClassVar[str] = "github-actions"
    title: ClassVar[str] = "GitHub Actions: tags as SemVer, a convention"
    synonyms: ClassVar[tuple[str, ...]] = ("GitHub Actions", "github", "githubactions")
