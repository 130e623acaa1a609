"""Ranges and versions made from their tokens: most of them valid, with many ties and near ties; the same ones for the same seed."""

import random
from collections.abc import Callable
from typing import TypeAlias

Asked: TypeAlias = tuple[str, str]
"""A range and a version."""


class Maker:
    """One source of chance, so that every run asks the same."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def one(self, words: str) -> str:
        """One of the words; `_` is nothing."""
        return self._chance.choice(words.split()).replace("_", "")

    def happens(self, probability: float) -> bool:
        return self._chance.random() < probability

    def several(self, least: int, most: int, make: Callable[[], str], between: str) -> str:
        return between.join(make() for _ in range(self._chance.randint(least, most)))

    def numbers(self, least: int, most: int) -> str:
        return self.several(least, most, lambda: self.one("0 0 1 1 2 3 9 10 20"), ".")

    def asked(self, syntax: str) -> Asked:
        """A range of the syntax and a version, every third time one that stands in the range."""
        text, version = _MAKERS[syntax](self)
        named = [word for word in _words(text) if word[:1].isdigit() and not set(word) & set("*xX@[]")]
        return text, self._chance.choice(named) if named and self.happens(0.3) else version


def _words(text: str) -> list[str]:
    for separator in ",|<>=~^![]()":
        text = text.replace(separator, " ")
    return text.split()


def _semver(maker: Maker) -> str:
    identifiers = maker.several(1, 2, lambda: maker.one("0 1 2 10 a alpha b beta rc - 0a"), ".")
    return maker.numbers(3, 3) + (f"-{identifiers}" if maker.happens(0.35) else "") + ("+b.1" if maker.happens(0.1) else "")


def _partial(maker: Maker) -> str:
    if maker.happens(0.55):
        return _semver(maker)
    return maker.one("* x v1.2.3") if maker.happens(0.05) else maker.numbers(1, 2) + maker.one("_ _ .x .* .X")


def _npm(maker: Maker) -> Asked:
    def row() -> str:
        if maker.happens(0.1):
            return f"{_partial(maker)} - {_partial(maker)}"
        return maker.several(1, 3, lambda: maker.one("_ _ = < <= > >= ~ ^ ~>") + _partial(maker), " ")

    return maker.several(1, 3, row, maker.one("|| || ||")), _semver(maker)


def _pypi_version(maker: Maker, local: float) -> str:
    version = maker.one("_ _ _ 1! v") + maker.numbers(1, 3)
    if maker.happens(0.3):
        version += maker.one("a b rc .beta -alpha c") + maker.one("_ 0 1 2")
    if maker.happens(0.25):
        version += maker.one(".post - post .r -rev") + maker.one("0 1 2")
    if maker.happens(0.25):
        version += maker.one(".dev dev -DEV") + maker.one("_ 0 1 2")
    return version + (maker.one("+a +1 +a.1 +cu128") if maker.happens(local) else "")


def _pypi(maker: Maker) -> Asked:
    def specifier() -> str:
        operator = maker.one("== != < <= > >= ~= === < >")
        if operator in {"==", "!="} and maker.happens(0.4):
            return f"{operator}{maker.one('_ 1!')}{maker.numbers(1, 3)}.*"
        return operator + _pypi_version(maker, 0.15 if operator in {"==", "!=", "==="} else 0)

    return maker.several(1, 3, specifier, ","), _pypi_version(maker, 0.15)


def _gem_version(maker: Maker) -> str:
    return maker.numbers(1, 4) + maker.several(0, 2, lambda: maker.one(". - .") + maker.one("a b rc pre alpha Z beta1 rc1 1 2 0"), "")


def _gem(maker: Maker) -> Asked:
    return maker.several(1, 3, lambda: maker.one("_ = != < <= > >= ~> ~>") + _gem_version(maker), ", "), _gem_version(maker)


def _composer_version(maker: Maker) -> str:
    version = maker.one("_ _ v") + maker.numbers(1, 4)
    if maker.happens(0.35):
        version += maker.one("- _ . -") + maker.one("beta RC alpha a b p patch pl") + maker.one("_ 1 2 .1 -1")
    return version + (maker.one("-dev .dev dev") if maker.happens(0.15) else "")


def _composer(maker: Maker) -> Asked:
    def constraint() -> str:
        if maker.happens(0.1):
            return f"{_composer_version(maker)} - {_composer_version(maker)}"
        if maker.happens(0.2):
            return maker.numbers(1, 3) + maker.one(".* .x .*.*")
        flag = maker.one("@dev @beta @RC @stable")
        if maker.happens(0.1):
            return maker.one("> <= != ^ ~ =") + maker.numbers(1, 4) + flag
        return maker.one("_ = == != <> < <= > >= ~ ^ ~ ^") + _composer_version(maker)

    # Only a single version stands behind `||`: Composer joins `>=10 <0 || >=0 <20`, of which the first is empty, to `>=10 <20`.
    other = f"||{_composer_version(maker)}" if maker.happens(0.3) else ""
    return maker.several(1, 3, constraint, ",") + other, _composer_version(maker)


def _maven_version(maker: Maker) -> str:
    qualifiers = "alpha beta SNAPSHOT rc sp final 1 x M1 RELEASE jre8"
    return maker.numbers(1, 3) + maker.several(0, 2, lambda: maker.one("- . _") + maker.one(qualifiers), "")


def _sets(maker: Maker, version: Callable[[], str]) -> str:
    if maker.happens(0.2):
        return f"[{version()}]"
    lower, upper = (version() if maker.happens(0.7) else "" for _ in range(2))
    return f"{maker.one('[ (')}{lower},{upper}{maker.one('] )')}"


def _maven(maker: Maker) -> Asked:
    text = maker.several(1, 2, lambda: _sets(maker, lambda: _maven_version(maker)), ",")
    return _maven_version(maker) if maker.happens(0.15) else text, _maven_version(maker)


def _nuget_version(maker: Maker) -> str:
    return maker.numbers(1, 4) + (maker.one("-a -beta -Beta.1 -beta1 -rc.1 -1 -0 -a-b --1") if maker.happens(0.35) else "")


def _nuget(maker: Maker) -> Asked:
    floating = maker.one("_ 1. 1.0. 2.0.1.") + "*" + maker.one("_ _ -* -beta* -rc.*")
    if maker.happens(0.3):
        return floating, _nuget_version(maker)
    if maker.happens(0.2):
        return f"{maker.numbers(1, 4)}-{maker.one('_ beta a rc. a-')}*", _nuget_version(maker)
    return _sets(maker, lambda: _nuget_version(maker)), _nuget_version(maker)


def _cargo(maker: Maker) -> Asked:
    return maker.several(1, 3, lambda: maker.one("_ = < <= > >= ~ ^") + _partial(maker), ", "), _semver(maker)


_MAKERS: dict[str, Callable[[Maker], Asked]] = {
    "cargo": _cargo,
    "composer": _composer,
    "gem": _gem,
    "maven": _maven,
    "npm": _npm,
    "nuget": _nuget,
    "pypi": _pypi,
}

MADE = sorted(_MAKERS)
"""The syntaxes that ranges can be made of."""
