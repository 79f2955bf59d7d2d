"""The nearest known name, so that a mistyped one costs seconds and not minutes."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

#: Below this similarity a suggestion is more confusing than none.
_SIMILAR = 0.5
#: A list of all names is shown up to this many, when none is similar.
_LIST_MAX = 12


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most similar to `name`, or None when none is similar."""
    folded = {candidate.casefold(): candidate for candidate in known}
    found = get_close_matches(name.casefold(), list(folded), n=1, cutoff=_SIMILAR)
    return folded[found[0]] if found else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """` - did you mean X?`, or the known names when there are few, or nothing."""
    candidates = list(known)
    best = nearest(name, candidates)
    if best is not None:
        return f" - did you mean `{best}`?"
    if candidates and len(candidates) <= _LIST_MAX:
        return " - known: " + ", ".join(candidates)
    return ""
