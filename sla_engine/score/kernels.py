"""Integer score arithmetic (design section 4, "Score"): 0..100 = base + urgency."""

from __future__ import annotations

from numba import njit

#: A share that no clock reaches.
UNREACHABLE = -1


def base_of_priority(index: int, count: int) -> int:
    """Points for priority `index` of `count`, 0 the most urgent: 0..20."""
    return 20 * (count - 1 - index) // max(1, count - 1)


def base_of_tier(index: int, count: int) -> int:
    """Points for value `index` of the `count` declared tiers: 0..10; unlisted tiers get none."""
    return 10 * (count - 1 - index) // max(1, count - 1) if index >= 0 else 0


@njit(cache=True, nogil=True)
def base_of_incident(profile_points: int, reopens: int, handoffs: int, csat: int) -> int:
    """Base score, 0..40. `profile_points` are those of priority and tier."""
    unhappy = 5 if csat == 1 or csat == 2 else 0
    return min(40, profile_points + min(6, 3 * reopens) + min(4, 2 * handoffs) + unhappy)


@njit(cache=True, nogil=True)
def urgency(elapsed: int, target: int) -> int:
    """0..60 by the share elapsed/target: 20 at half, 50 at the due, 60 at twice the target."""
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


@njit(cache=True, nogil=True)
def elapsed_for(points: int, target: int) -> int:
    """The least elapsed time at which `urgency` is at least `points`; UNREACHABLE above 60."""
    if points <= 0:
        return 0
    if points > 60 or target <= 0:
        return UNREACHABLE
    if points <= 20:
        return (points * target + 39) // 40
    if points <= 50:
        return ((points - 20 + 30) * target + 59) // 60
    return target + ((points - 50) * target + 9) // 10
