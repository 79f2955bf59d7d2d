"""The section `destinations` of a destination file."""

from __future__ import annotations

import re
from typing import Any, Final

from sla_engine.deliver.plan.addresses import fault_of_url
from sla_engine.deliver.plan.kinds import (
    COMMON,
    JSON_KINDS,
    OPTIONS,
    SLACK_RATE,
    TEXT_KINDS,
    Form,
    Option,
)
from sla_engine.deliver.plan.model import NOBODY, Destination, Kind
from sla_engine.deliver.plan.templates import (
    SAMPLES,
    BadTemplate,
    compiled,
    rendered,
    rendered_json,
    sample,
)
from sla_engine.limits import (
    DELIVER_CONCURRENCY,
    DELIVER_CONCURRENCY_MAX,
    DELIVER_GIVE_UP_MS,
    DELIVER_RATE_MAX,
    DELIVER_TIMEOUT_MS,
    DELIVER_WAITING_MAX,
)
from sla_engine.policy.nodes import Mapping, Node, Scalar
from sla_engine.policy.reading import Reader

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
WAITING_LARGEST: Final = 10_000_000


def read_destinations(reader: Reader, node: Node) -> dict[str, Destination]:
    """The destinations by name; what is wrong goes to the reader's findings."""
    entries = reader.mapping(node, "`destinations`")
    found: dict[str, Destination] = {}
    for name, value in entries or ():
        if not _NAME.fullmatch(name.text) or name.text == NOBODY:
            reader.error(
                name.place,
                "BAD_NAME",
                f"`{name.text}` is no name of a destination: up to 32 of a-z, 0-9, `_` and `-`, "
                f"and not `{NOBODY}`",
            )
        made = _destination(reader, name.text, value)
        if made is not None:
            found[name.text] = made
    return found


def _destination(reader: Reader, name: str, node: Node) -> Destination | None:
    what = f"destination `{name}`"
    entry = reader.mapping(node, what)
    if entry is None:
        return None
    named = reader.required(entry, "kind", what)
    word = None if named is None else reader.choice(named, [str(one) for one in Kind], "`kind`")
    if word is None:
        return None
    kind = Kind(word)
    reader.keys(entry, (*COMMON, *OPTIONS[kind]), f"a destination of kind {kind}")
    options = {key: _option(reader, entry, key, one) for key, one in OPTIONS[kind].items()}
    if (
        "url" in options
        and "url_secret" in options
        and (options["url"] is None) == (options["url_secret"] is None)
    ):
        reader.error(entry.place, "ONE_OF", f"{what} needs one of `url` and `url_secret`")

    def length(key: str, default: int) -> int:
        value = entry.get(key)
        return default if value is None else reader.duration(value, f"`{key}`") or default

    def number(key: str, low: int, high: int, default: int) -> int:
        value = entry.get(key)
        found = None if value is None else reader.integer(value, low, high, f"`{key}`")
        return default if found is None else found

    superseded = entry.get("superseded")
    return Destination(
        name,
        kind,
        options,
        timeout_ms=length("timeout", DELIVER_TIMEOUT_MS),
        concurrency=number("concurrency", 1, DELIVER_CONCURRENCY_MAX, DELIVER_CONCURRENCY),
        rate=number("rate", 1, DELIVER_RATE_MAX, SLACK_RATE if kind is Kind.SLACK else 0),
        give_up_ms=length("give_up", DELIVER_GIVE_UP_MS),
        waiting_max=number("waiting", 1, WAITING_LARGEST, DELIVER_WAITING_MAX),
        superseded=superseded is not None and reader.boolean(superseded, "`superseded`") is True,
        text=_template(reader, entry, "text", kind),
        json=_template(reader, entry, "json", kind),
    )


def _option(reader: Reader, entry: Mapping, key: str, option: Option) -> Any:
    node = reader.required(entry, key, "it") if option.needed else entry.get(key)
    if node is None:
        return option.default
    what = f"`{key}`"
    if option.form is Form.TEXTS:
        return tuple(one.text for one in reader.texts(node, what))
    if option.form is Form.PORT:
        return reader.integer(node, 1, 65_535, what)
    if option.form is Form.DURATION:
        return reader.duration(node, what)
    if option.form is Form.FLAG:
        return reader.boolean(node, what)
    if option.form is Form.ONE_OF:
        return reader.choice(node, option.words, what)
    scalar = reader.scalar(node, what)
    return None if scalar is None else _text(reader, scalar, what, option)


def _text(reader: Reader, scalar: Scalar, what: str, option: Option) -> str | None:
    if option.form is Form.URL:
        fault = fault_of_url(scalar.text)
        if fault is not None:
            reader.error(scalar.place, "BAD_VALUE", f"{what} {fault}")
        return scalar.text.rstrip("/")
    if option.form is Form.SECRET and not _NAME.fullmatch(scalar.text):
        reader.error(
            scalar.place,
            "BAD_VALUE",
            f"{what} is the name of an entry of `deliver.secrets`, never the secret itself",
        )
        return None
    return reader.name(scalar, what)


def _template(reader: Reader, entry: Mapping, key: str, kind: Kind) -> str:
    node = entry.get(key)
    if node is None:
        return ""
    kinds = TEXT_KINDS if key == "text" else JSON_KINDS
    scalar = reader.scalar(node, f"`{key}`")
    if scalar is None:
        return ""
    if kind not in kinds:
        reader.error(scalar.place, "NOT_FOR_KIND", f"a destination of kind {kind} has no `{key}`")
        return ""
    try:
        template = compiled(scalar.text)
        for one in SAMPLES:
            (rendered if key == "text" else rendered_json)(template, sample(one))
    except BadTemplate as error:
        reader.error(scalar.content, "BAD_VALUE", f"`{key}`: {error}")
        return ""
    return scalar.text
