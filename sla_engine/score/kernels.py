"""Integer score arithmetic (design section 4, "Score"): 0..100 = base + urgency."""

from __future__ import annotations

from sla_engine.clock.compiled import kernel

#: A share that no clock reaches.
UNREACHABLE = -1


def base_of_priority(index: int, count: int) -> int:
    """Points for priority `index` of `count`, 0 the most urgent: 0..20."""
    return 20 * (count - 1 - index) // max(1, count - 1)


def base_of_tier(index: int, count: int) -> int:
    """Points for value `index` of the `count` declared tiers: 0..10; unlisted tiers get none."""
    return 10 * (count - 1 - index) // max(1, count - 1) if index >= 0 else 0


@kernel
def base_of_incident(profile_points: int, reopens: int, handoffs: int, csat: int) -> int:
    """Base score, 0..40. `profile_points` are those of priority and tier."""
    unhappy = 5 if csat == 1 or csat == 2 else 0
    return min(40, profile_points + min(6, 3 * reopens) + min(4, 2 * handoffs) + unhappy)


@kernel
def urgency(elapsed: int, target: int) -> int:
    """0..60 by the share elapsed/target: 20 at half, 50 at the due, 60 at twice the target.

    A target of nothing or less counts as twice used up.
    """
    if target <= 0:
        return 60
    if elapsed <= 0:
        return 0
    if 2 * elapsed <= target:
        return 40 * elapsed // target
    if elapsed <= target:
        return 20 + 30 * (2 * elapsed - target) // target
    if elapsed < 2 * target:
        return 50 + 10 * (elapsed - target) // target
    return 60


@kernel
def elapsed_for(points: int, target: int) -> int:
    """The least elapsed time at which `urgency` is at least `points`; UNREACHABLE above 60."""
    if points > 60:
        return UNREACHABLE
    if points <= 0 or target <= 0:
        return 0
    if points <= 20:
        return (points * target + 39) // 40
    if points <= 50:
        return ((points - 20 + 30) * target + 59) // 60
    return target + ((points - 50) * target + 9) // 10


@kernel
def is_larger_share(elapsed: int, target: int, other_elapsed: int, other_target: int) -> int:
    """1 if elapsed/target is larger than the other share, 0 if equal, -1 if smaller; exact.

    Whole parts are compared, then the inverses of what is left (their products would not fit).
    """
    a, b = (elapsed, target) if target > 0 else (2, 1)
    c, d = (other_elapsed, other_target) if other_target > 0 else (2, 1)
    while True:
        whole = a // b - c // d
        if whole != 0:
            return 1 if whole > 0 else -1
        left = a % b
        other_left = c % d
        if left == 0 or other_left == 0:
            return min(1, left) - min(1, other_left)
        a, b, c, d = d, other_left, b, left
