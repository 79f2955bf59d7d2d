"""The customer directory: inline, or a table beside the policy files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from collections.abc import Mapping as Map
from typing import Final

from sla_engine.calendar.zone import check_zone
from sla_engine.errors import CalendarError
from sla_engine.policy.context import Context
from sla_engine.policy.model import Customer
from sla_engine.policy.names import suggestion
from sla_engine.policy.nodes import Mapping, Node, Place, Scalar

_ATTRIBUTES: Final = ("tier", "contract", "calendar", "time_zone", "team", "region")
CUSTOMER_KEYS: Final = (*_ATTRIBUTES, "valid")
#: Columns of a table: `id`, the attributes, and the two ends of `valid`.
_COLUMNS: Final = ("id", *_ATTRIBUTES, "valid_from", "valid_to")


def read_customers(
    node: Node | None, tables: Map[str, str], context: Context
) -> dict[str, Customer]:
    """Customers by id; `{file: customers.csv}` reads the table of that name."""
    customers: dict[str, Customer] = {}
    mapping = None if node is None else context.read.mapping(node, "`customers`")
    for key, value in mapping or ():
        if key.text == "file" and isinstance(value, Scalar):
            rows: Iterator[tuple[Scalar, Mapping]] = _table(value, tables, context)
        else:
            given = context.read.mapping(value, f"customer `{key.text}`")
            rows = iter(() if given is None else ((key, given),))
        for name, entry in rows:
            if name.text in customers:
                context.error(name.place, "DUPLICATE", f"customer `{name.text}` is given twice")
            customers[context.read.name(name, "a customer")] = _customer(name, entry, context)
    return customers


def _customer(name: Scalar, entry: Mapping, context: Context) -> Customer:
    what = f"customer `{name.text}`"
    context.read.keys(entry, CUSTOMER_KEYS, what)
    attributes = {}
    for attribute in _ATTRIBUTES:
        node = entry.get(attribute)
        scalar = None if node is None else context.read.scalar(node, f"`{attribute}` of {what}")
        if scalar is not None and _known(attribute, scalar, what, context):
            attributes[attribute] = scalar.text
    valid = entry.get("valid")
    begin, end = (None, None) if valid is None else context.read.span(valid, f"`valid` of {what}")
    return Customer(name.text, attributes, begin, end)


def _known(attribute: str, scalar: Scalar, what: str, context: Context) -> bool:
    if attribute == "calendar":
        return context.calendar(scalar, what) is not None
    if attribute == "time_zone":
        try:
            check_zone(scalar.text)
        except CalendarError as error:
            context.error(scalar.place, "BAD_CALENDAR", f"{what}: {error}")
            return False
        return True
    return context.label(scalar, attribute) is not None


def _table(
    file: Scalar, tables: Map[str, str], context: Context
) -> Iterator[tuple[Scalar, Mapping]]:
    """The rows of a table as the maps they stand for; an empty field is a key left out."""
    name = file.text
    if name not in tables:
        hint = suggestion(name, tables)
        context.error(file.place, "FILE", f"no file `{name}` (*.csv) beside it{hint}")
        return
    rows = csv.reader(tables[name].splitlines(keepends=True), strict=True)
    try:
        columns = _header(next(rows, []), name, context)
        for row in rows:
            place = Place(name, rows.line_num)
            if not any(row) or columns is None:
                continue
            if len(row) != len(columns):
                context.error(
                    place, "BAD_VALUE", f"has {len(row)} fields, the header {len(columns)}"
                )
                continue
            yield _row(dict(zip(columns, row, strict=True)), place)
    except csv.Error as error:
        context.error(Place(name, rows.line_num), "FILE", f"is no CSV: {error}")


def _header(row: list[str], name: str, context: Context) -> list[str] | None:
    columns = [column.strip() for column in row]
    place = Place(name, 1)
    for column in columns:
        if column not in _COLUMNS:
            hint = suggestion(column, _COLUMNS)
            context.error(place, "UNKNOWN_KEY", f"customers have no column `{column}`{hint}")
    if "id" not in columns or len(set(columns)) < len(columns):
        context.error(place, "MISSING_KEY", "the header needs `id`, and every column once")
        return None
    return columns


def _row(fields: dict[str, str], place: Place) -> tuple[Scalar, Mapping]:
    def scalar(text: str) -> Scalar:
        return Scalar(text.strip(), place, plain=False)

    entries: list[tuple[Scalar, Node]] = [
        (scalar(column), scalar(fields[column]))
        for column in _ATTRIBUTES
        if fields.get(column, "").strip()
    ]
    span: list[tuple[Scalar, Node]] = [
        (scalar(end), scalar(fields[f"valid_{end}"]))
        for end in ("from", "to")
        if fields.get(f"valid_{end}", "").strip()
    ]
    if span:
        entries.append((scalar("valid"), Mapping(tuple(span), place)))
    return scalar(fields["id"]), Mapping(tuple(entries), place)
