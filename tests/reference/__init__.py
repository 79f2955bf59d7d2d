"""The reference fold: slow, obvious, written from the texts; the judge of the engine."""

from tests.reference.casefile import Case, cases, check
from tests.reference.fold import Result, fold
from tests.reference.policies import Policies, load_policies, load_policies_text

__all__ = [
    "Case",
    "Policies",
    "Result",
    "cases",
    "check",
    "fold",
    "load_policies",
    "load_policies_text",
]
