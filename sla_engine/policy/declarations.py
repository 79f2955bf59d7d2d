"""The top-level keys that declare words: attributes, priorities, statuses, sets, recipients."""

from __future__ import annotations

import re
from typing import Final

from sla_engine.policy.model import AttributeSpec, Recipient, SetSpec, StatusClass
from sla_engine.policy.names import suggestion
from sla_engine.policy.nodes import Mapping, Node, Scalar, Sequence
from sla_engine.policy.reading import Reader
from sla_engine.policy.vocabulary import (
    ATTRIBUTES,
    DEFAULT_PRIORITIES,
    DEFAULT_SET,
    PARTIES,
    RESERVED_RECIPIENTS,
    STATUS_CLASSES,
)

ATTRIBUTE_TYPES: Final = ("text", "number", "boolean", "time")
ATTRIBUTE_KEYS: Final = ("type", "values", "default", "personal")
SET_KEYS: Final = ("match", "party")
MATCHES: Final = ("first", "all")
RECIPIENT_KEYS: Final = ("via", "description")
CUSTOM: Final = re.compile(r"custom\.[A-Za-z_][A-Za-z0-9_]*")
#: Words of CEL that cannot be the name of a member.
_CEL_WORDS: Final = frozenset({"in", "true", "false", "null"})
#: Keys of a target or calendar map that no priority can be called.
_MAP_WORDS: Final = frozenset({"default", "by", "from", "none"})
_ALWAYS_PERSONAL: Final = "requester"


def read_attributes(node: Node | None, read: Reader) -> dict[str, AttributeSpec]:
    """Declared attributes by name; `requester` is always among them, as personal."""
    specs = {_ALWAYS_PERSONAL: AttributeSpec(_ALWAYS_PERSONAL, personal=True)}
    mapping = None if node is None else read.mapping(node, "`attributes`")
    for key, value in mapping or ():
        if _attribute_name(key, read):
            specs[key.text] = _attribute(key, value, read)
    return specs


def _attribute_name(key: Scalar, read: Reader) -> bool:
    if key.text in ATTRIBUTES or (
        CUSTOM.fullmatch(key.text) and key.text.split(".")[1] not in _CEL_WORDS
    ):
        return True
    if key.text.startswith("custom."):
        read.error(
            key.place,
            "BAD_NAME",
            f"`{key.text}`: after `custom.` come letters, digits and `_`, not first a digit",
        )
    else:
        hint = suggestion(key.text, ATTRIBUTES) + ", or declare `custom.NAME`"
        read.error(key.place, "UNKNOWN_ATTRIBUTE", f"`{key.text}` is no attribute{hint}")
    return False


def _attribute(key: Scalar, node: Node, read: Reader) -> AttributeSpec:
    name = key.text
    what = f"attribute `{name}`"
    kind, default, personal = "", "", False
    values: tuple[str, ...] = ()
    if isinstance(node, Mapping):
        read.keys(node, ATTRIBUTE_KEYS, what)
        if (given := node.get("type")) is not None:
            kind = read.choice(given, ATTRIBUTE_TYPES, f"the type of {what}") or ""
        if (given := node.get("values")) is not None:
            values = _values(given, read, what)
        if (given := node.get("default")) is not None:
            default = read.text(given, f"the default of {what}") or ""
            if values and default not in values:
                hint = suggestion(default, values)
                read.error(
                    given.place, "UNKNOWN_VALUE", f"`{default}` is not among its values{hint}"
                )
        if (given := node.get("personal")) is not None:
            personal = bool(read.boolean(given, f"`personal` of {what}"))
    else:
        kind = read.choice(node, ATTRIBUTE_TYPES, f"the type of {what}") or ""
    kind = _checked_type(key, kind, bool(values or default), read)
    return AttributeSpec(name, kind, values, default, personal or name == _ALWAYS_PERSONAL)


def _values(node: Node, read: Reader, what: str) -> tuple[str, ...]:
    if not isinstance(node, Sequence):
        read.wrong(node, f"`values` of {what}", "a list")
        return ()
    seen: dict[str, None] = {}
    for scalar in read.texts(node, f"a value of {what}"):
        if scalar.text in seen:
            read.error(scalar.place, "DUPLICATE", f"`{scalar.text}` is listed twice")
        seen[scalar.text] = None
    return tuple(seen)


def _checked_type(key: Scalar, kind: str, has_values: bool, read: Reader) -> str:
    """The type of an attribute: a built-in one keeps its own, only text has values."""
    own = ATTRIBUTES.get(key.text)
    if own is not None and kind and kind != own:
        read.error(key.place, "BAD_VALUE", f"`{key.text}` is built in, its type is {own}")
    result = own or kind or "text"
    if has_values and result not in ("text", "list"):
        read.error(key.place, "BAD_VALUE", f"`{key.text}`: only a text has values and a default")
    return result


def read_priorities(node: Node | None, read: Reader) -> dict[str, str]:
    """Every accepted text -> its label, labels first and in order of urgency."""
    if node is None:
        return {label: label for label in DEFAULT_PRIORITIES}
    groups: list[tuple[Scalar, tuple[Scalar, ...]]] = []
    if isinstance(node, Mapping):
        for key, value in node:
            empty = isinstance(value, Scalar) and value.is_null
            synonyms = () if empty else read.texts(value, f"a synonym of `{key.text}`")
            groups.append((key, synonyms))
    elif isinstance(node, Sequence):
        groups = [(label, ()) for label in read.texts(node, "a priority")]
    else:
        read.wrong(node, "`priorities`", "a list or a map")
    labels: dict[str, str] = {}
    synonyms_of: dict[str, str] = {}
    for label, synonyms in groups:
        if label.text in _MAP_WORDS:
            read.error(label.place, "BAD_NAME", f"a priority cannot be called `{label.text}`")
        for word in (label, *synonyms):
            if word.text in labels or word.text in synonyms_of:
                read.error(word.place, "DUPLICATE", f"priority `{word.text}` is given twice")
        labels.setdefault(read.name(label, "a priority"), label.text)
        synonyms_of |= {word.text: label.text for word in synonyms}
    if not labels:
        read.error(node.place, "BAD_VALUE", "`priorities` needs at least one")
        return {label: label for label in DEFAULT_PRIORITIES}
    return {**labels, **{word: label for word, label in synonyms_of.items() if word not in labels}}


def read_statuses(node: Node | None, read: Reader) -> dict[str, StatusClass]:
    """Label -> class, the classes themselves included."""
    statuses = dict(STATUS_CLASSES)
    mapping = None if node is None else read.mapping(node, "`statuses`")
    for key, value in mapping or ():
        word = read.choice(value, tuple(STATUS_CLASSES), f"the class of status `{key.text}`")
        if word is None:
            continue
        if key.text in STATUS_CLASSES and key.text != word:
            read.error(key.place, "BAD_NAME", f"`{key.text}` is a class and stays its own label")
            continue
        statuses[read.name(key, "a status")] = STATUS_CLASSES[word]
    return statuses


def read_sets(node: Node | None, read: Reader) -> dict[str, SetSpec]:
    """The sets, `default` included."""
    sets = {DEFAULT_SET: SetSpec(DEFAULT_SET)}
    mapping = None if node is None else read.mapping(node, "`sets`")
    for key, value in mapping or ():
        what = f"set `{key.text}`"
        given = read.mapping(value, what)
        if given is None:
            continue
        read.keys(given, SET_KEYS, what)
        match, party = given.get("match"), given.get("party")
        mode = read.choice(match, MATCHES, "`match`") if match else "first"
        who = read.choice(party, PARTIES, "`party`") if party else "us"
        name = read.name(key, "a set")
        sets[name] = SetSpec(name, mode == "all", who or "us")
    return sets


def read_recipients(node: Node | None, read: Reader) -> dict[str, Recipient]:
    """The named recipients."""
    recipients = {}
    mapping = None if node is None else read.mapping(node, "`recipients`")
    for key, value in mapping or ():
        name = read.name(key, "a recipient")
        what = f"recipient `{name}`"
        if name in RESERVED_RECIPIENTS:
            read.error(
                key.place, "BAD_NAME", f"`{name}` is reserved: it means the incident's own {name}"
            )
            continue
        given = read.mapping(value, what)
        if given is None:
            continue
        read.keys(given, RECIPIENT_KEYS, what)
        via, description = given.get("via"), given.get("description")
        recipients[name] = Recipient(
            name,
            tuple(item.text for item in read.texts(via, f"`via` of {what}")) if via else (),
            (read.text(description, f"`description` of {what}") or "") if description else "",
        )
    return recipients
