"""Read the settings: defaults, then the file, then the environment, then the command line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from sla_engine.config.check import check_together
from sla_engine.config.kinds import BadValue
from sla_engine.config.settings import SECTIONS, Declared, Settings, declared
from sla_engine.errors import ConfigError
from sla_engine.limits import MIB

DEFAULT_FILE: Final = "sla-engine.toml"
COMMAND_LINE: Final = "command line"
FILE_BYTES_MAX: Final = 1 * MIB


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and by `section.key` where each came from when it is not the default."""

    settings: Settings
    origins: Mapping[str, str]


def load_settings(
    path: Path | None = None,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, object] | None = None,
) -> Loaded:
    """Settings from `path` (or `sla-engine.toml` if it is there), `environ` and `overrides`.

    `overrides` are options of the command line by `section.key`; None means not given. Raises
    ConfigError: no such file, not TOML, an unknown name (naming the nearest), a bad value.
    """
    known = {item.name: item for item in declared()}
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for name, raw, origin in [
        *_from_file(path, known),
        *_from_environment(environ, known),
        *((name, raw, COMMAND_LINE) for name, raw in (overrides or {}).items() if raw is not None),
    ]:
        values[name] = _read(_find(name, known, origin), raw, origin)
        origins[name] = origin
    settings = _build(known.values(), values)
    check_together(settings)
    return Loaded(settings, origins)


Found = Iterable[tuple[str, object, str]]


def _from_file(path: Path | None, known: Mapping[str, Declared]) -> Found:
    if path is None:
        path = Path(DEFAULT_FILE)
        if not path.is_file():
            return
    for section, members in _parse(path).items():
        if section not in SECTIONS or not isinstance(members, dict):
            raise ConfigError(_unknown_section(path, section, members, known))
        for key, raw in members.items():
            yield f"{section}.{key}", raw, f"file {path}"


def _parse(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > FILE_BYTES_MAX:
        raise ConfigError(f"{path}: larger than {FILE_BYTES_MAX} bytes; is it a settings file?")
    try:
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error


def _unknown_section(
    path: Path, section: str, members: object, known: Mapping[str, Declared]
) -> str:
    if isinstance(members, dict):
        return f"{path}: unknown section [{section}]{_nearest(section, SECTIONS)}"
    if section in SECTIONS:
        return f"{path}: {section} is a section; write [{section}] and its settings below it"
    by_key = {item.key: item.section for item in known.values()}
    nearest = get_close_matches(section, by_key, n=1)
    hint = f"; did you mean {nearest[0]} in [{by_key[nearest[0]]}]?" if nearest else ""
    return f"{path}: {section} stands outside of any section{hint}"


def _from_environment(environ: Mapping[str, str], known: Mapping[str, Declared]) -> Found:
    by_variable = {item.variable: item for item in known.values()}
    for variable, text in sorted(environ.items()):
        # One underscore belongs to others; two are the mark of a setting.
        if not variable.startswith("SLA_") or "__" not in variable:
            continue
        if variable not in by_variable:
            raise ConfigError(
                f"environment variable {variable} names no setting"
                + _nearest(variable, by_variable)
            )
        yield by_variable[variable].name, text, f"environment {variable}"


def _find(name: str, known: Mapping[str, Declared], origin: str) -> Declared:
    if name in known:
        return known[name]
    section, _, key = name.partition(".")
    siblings = [item.key for item in known.values() if item.section == section]
    elsewhere = [item.name for item in known.values() if item.key == key]
    hint = f"; did you mean {elsewhere[0]}?" if elsewhere else _nearest(key, siblings)
    raise ConfigError(f"{origin}: unknown setting {name}{hint}")


def _nearest(name: str, known: Iterable[str]) -> str:
    nearest = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def _read(item: Declared, raw: object, origin: str) -> object:
    try:
        return item.kind.read(raw)
    except BadValue:
        shown = "" if item.kind.secret else f", not {raw!r:.80}"
        raise ConfigError(f"{origin}: {item.name} must be {item.kind.expects}{shown}") from None


def _build(known: Iterable[Declared], values: Mapping[str, object]) -> Settings:
    sections: dict[str, dict[str, object]] = {section: {} for section in SECTIONS}
    for item in known:
        if item.name in values:
            sections[item.section][item.attribute] = values[item.name]
    return Settings(**{name: SECTIONS[name](**chosen) for name, chosen in sections.items()})
