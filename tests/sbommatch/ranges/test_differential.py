"""Ranges beside the programs that they are read like; each reads a range and a version a line, and answers true, false or none."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion as NoPythonVersion
from packaging.version import Version

from sbommatch.ranges import SYNTAX_BY_NAME, InvalidRange, contains
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.scheme import InvalidVersion
from tests.sbommatch.ranges.made import Asked, Maker
from tests.sbommatch.versions.natives import COUNT, SEED

PYTHON_PAIRS = 2_000
"""In the short form, which needs no other program."""


def made(syntax: str, count: int = COUNT) -> list[Asked]:
    maker = Maker(SEED)
    return [maker.asked(syntax) for _ in range(count)]


def ours(syntax: str, text: str, version: str) -> str:
    try:
        return str(contains(SYNTAX_BY_NAME[syntax].parse(text), SCHEME_BY_NAME[syntax], version)).lower()
    except (InvalidRange, InvalidVersion):
        return "none"


def hold_answers(syntax: str, asked: Sequence[Asked], answers: Sequence[str]) -> None:
    """What the program answers, we answer alike; what it does not accept, advisories may have all the same."""
    answered = 0
    for (text, version), answer in zip(asked, answers, strict=True):
        if answer != "none":
            assert ours(syntax, text, version) == answer, (text, version)
            answered += 1
    assert answered > len(asked) // 2, "enough of them are ranges"
    assert len(set(answers)) > 1


def hold_program(syntax: str, *command: str) -> None:
    asked = made(syntax)
    lines = "".join(f"{text}\t{version}\n" for text, version in asked)
    answers = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout.split()
    hold_answers(syntax, asked, answers)


def packaging(text: str, version: str) -> str:
    try:
        Version(version)
        return str(SpecifierSet(text).contains(version, prereleases=True)).lower()
    except (InvalidSpecifier, NoPythonVersion):
        return "none"


def hold_packaging(count: int) -> None:
    asked = made("pypi", count)
    hold_answers("pypi", asked, [packaging(*one) for one in asked])


def test_packaging_reads_specifiers_alike() -> None:
    hold_packaging(PYTHON_PAIRS)


@pytest.mark.long
def test_packaging_agrees_at_length() -> None:
    hold_packaging(COUNT)


def program(name: str, *files: str | None) -> str:
    """The program; skips where it, or a file that it needs, is absent."""
    found = shutil.which(name)
    if found is None or not all(file and Path(file).exists() for file in files):
        pytest.skip(f"{name} is absent, or {' or '.join(str(file) for file in files)}")
    return found


NODE = """
const semver = require(process.argv[1]);
const read = (text) => semver.validRange(text) === null ? null : text;
for (const line of require('fs').readFileSync(0, 'utf8').split('\\n').slice(0, -1)) {
    const [range, version] = line.split('\\t');
    console.log(read(range) === null || !semver.valid(version) ? 'none' : semver.satisfies(version, range));
}
"""


@pytest.mark.long
@pytest.mark.peer
def test_node_semver_reads_ranges_alike() -> None:
    """The one of npm, where no other is named."""
    library = os.environ.get("SBOMPAIR_NODE_SEMVER", "/usr/lib/node_modules/npm/node_modules/semver")
    hold_program("npm", program("node", library), "-e", NODE, library)


RUBY = """
STDIN.each_line(chomp: true) do |line|
  range, version = line.split("\\t", -1)
  puts Gem::Requirement.new(range.split(",").map(&:strip)).satisfied_by?(Gem::Version.new(version))
rescue ArgumentError
  puts "none"
end
"""


@pytest.mark.long
@pytest.mark.peer
def test_rubygems_reads_requirements_alike() -> None:
    hold_program("gem", program("ruby"), "-e", RUBY)


PHP = """
require getenv('COMPOSER_SEMVER');
$parser = new Composer\\Semver\\VersionParser();
while (($line = fgets(STDIN)) !== false) {
    [$range, $version] = explode("\\t", rtrim($line, "\\n"));
    try {
        $asked = new Composer\\Semver\\Constraint\\Constraint('==', $parser->normalize($version));
        echo $parser->parseConstraints($range)->matches($asked) ? 'true' : 'false', "\\n";
    } catch (UnexpectedValueException $exception) {
        echo "none\\n";
    }
}
"""


@pytest.mark.long
@pytest.mark.peer
def test_composer_reads_constraints_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's php-composer-semver, where no other autoload.php is named."""
    library = os.environ.get("SBOMPAIR_COMPOSER_SEMVER", "/usr/share/php/Composer/Semver/autoload.php")
    monkeypatch.setenv("COMPOSER_SEMVER", library)
    hold_program("composer", program("php", library), "-r", PHP)


JAVA = """
import java.io.*;
import org.apache.maven.artifact.versioning.*;

class Native {
    public static void main(String[] arguments) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] asked = line.split("\\t", -1);
            try {
                System.out.println(VersionRange.createFromVersionSpec(asked[0]).containsVersion(new DefaultArtifactVersion(asked[1])));
            } catch (InvalidVersionSpecificationException refused) {
                System.out.println("none");
            }
        }
    }
}
"""


@pytest.mark.long
@pytest.mark.peer
def test_maven_reads_version_ranges_alike(tmp_path: Path) -> None:
    """Debian's libmaven3-core-java and libcommons-lang3-java, where no other jars are named."""
    archives = os.environ.get("SBOMPAIR_MAVEN_ARTIFACT", "/usr/share/java/maven-artifact-3.x.jar")
    lang = os.environ.get("SBOMPAIR_COMMONS_LANG", "/usr/share/java/commons-lang3.jar")
    source = tmp_path / "Native.java"
    source.write_text(JAVA, "utf-8")
    hold_program("maven", program("java", archives, lang), "-cp", f"{archives}:{lang}", str(source))


MONO = """
using System;
using NuGet.Versioning;

class Native {
    static void Main() {
        for (string line = Console.ReadLine(); line != null; line = Console.ReadLine()) {
            string[] asked = line.Split('\\t');
            VersionRange range;
            NuGetVersion version;
            bool both = VersionRange.TryParse(asked[0], out range) & NuGetVersion.TryParse(asked[1], out version);
            bool inside = both && range.Satisfies(version) && (!range.IsFloating || range.Float.Satisfies(version));
            Console.WriteLine(both ? inside ? "true" : "false" : "none");
        }
    }
}
"""


@pytest.mark.long
@pytest.mark.peer
def test_nuget_reads_version_ranges_alike(tmp_path: Path) -> None:
    """NuGet.exe of 5.8 or NuGet.Versioning.dll, as SBOMPAIR_NUGET names it."""
    library = os.environ.get("SBOMPAIR_NUGET")
    mono, compiler = program("mono", library), program("mcs")
    copy, source, built = tmp_path / Path(str(library)).name, tmp_path / "native.cs", tmp_path / "native.exe"
    shutil.copy(str(library), copy)
    source.write_text(MONO, "utf-8")
    subprocess.run([compiler, f"-r:{copy}", f"-out:{built}", source], check=True, capture_output=True)
    hold_program("nuget", mono, str(built))


RUST = """
use semver::{Version, VersionReq};
fn main() {
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (range, version) = line.split_once('\\t').unwrap();
        match (VersionReq::parse(range), Version::parse(version)) {
            (Ok(range), Ok(version)) => println!("{}", range.matches(&version)),
            _ => println!("none"),
        }
    }
}
"""


@pytest.mark.long
@pytest.mark.peer
def test_cargo_reads_requirements_alike(tmp_path: Path) -> None:
    """SBOMPAIR_RUST_SEMVER is the folder of the crate's sources, as `~/.cargo/registry` has them."""
    crate = os.environ.get("SBOMPAIR_RUST_SEMVER")
    compiler = program("rustc", crate)
    library, source, built = tmp_path / "libsemver.rlib", tmp_path / "native.rs", tmp_path / "native"
    options = ["--edition", "2021", "--cap-lints", "allow", "-O"]
    rustc = [compiler, *options]
    subprocess.run(
        [*rustc, "--crate-type", "rlib", "--crate-name", "semver", "--cfg", 'feature="std"', f"{crate}/src/lib.rs", "-o", library],
        check=True,
        capture_output=True,
    )
    source.write_text(RUST, "utf-8")
    subprocess.run([*rustc, source, "--extern", f"semver={library}", "-o", built], check=True, capture_output=True)
    hold_program("cargo", str(built))
