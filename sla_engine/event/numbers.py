"""Numbers of JSON in their one written form, so that equal numbers are equal texts."""

from __future__ import annotations

import re
from dataclasses import dataclass

PLAIN_DIGITS_MAX = 40
"""A number that needs more characters than this without an exponent is written with one."""
MAGNITUDE_MAX = 309
"""Digits before the decimal point; more is beyond what a double holds."""

_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")


@dataclass(frozen=True, slots=True)
class NumberText:
    """A number of JSON with a fraction or an exponent, as it was written; not a text."""

    text: str


def number_text(value: int | NumberText) -> str | None:
    """The written form of a number; None if it is beyond the range of a double.

    Plain (`12000.5`, no zeros at the end of the fraction, no `-0`) if that is short, otherwise
    `d.ddde<exponent>`. Equal numbers have equal forms.
    """
    match = _NUMBER.fullmatch(value.text if isinstance(value, NumberText) else str(value))
    if match is None:
        return None
    sign, whole, fraction, exponent = match.group(1), match.group(2), match.group(3), match.group(4)
    digits = (whole + (fraction or "")).lstrip("0")
    if not digits:
        return "0"
    if exponent and len(exponent) > 8:
        return None
    scale = int(exponent or 0) - len(fraction or "")
    stripped = digits.rstrip("0")
    scale += len(digits) - len(stripped)
    magnitude = len(stripped) + scale
    if abs(magnitude) > MAGNITUDE_MAX:
        return None
    return sign + _written(stripped, scale, magnitude)


def _written(digits: str, scale: int, magnitude: int) -> str:
    """digits * 10^scale; `magnitude` is the number of digits before the point."""
    if scale >= 0 and magnitude <= PLAIN_DIGITS_MAX:
        return digits + "0" * scale
    if scale < 0 and max(magnitude, 1) + 1 - scale <= PLAIN_DIGITS_MAX:
        if magnitude > 0:
            return f"{digits[:magnitude]}.{digits[magnitude:]}"
        return f"0.{'0' * -magnitude}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{magnitude - 1}"
