"""What the API tells of incidents: lists, the queue, one explained, a customer's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from heapq import nsmallest
from typing import Any, Final

from sla_engine.alert.ids import encoded
from sla_engine.api.cursor import cursor_of, parts_of
from sla_engine.api.refusals import unknown
from sla_engine.engine.explain import explain
from sla_engine.event.times import format_time
from sla_engine.follow.model import Known, Model, Place
from sla_engine.follow.shown import ShownIncident

Tenants = frozenset[str] | None
"""Those whose incidents may be told; None = all."""
STATES: Final = ("open", "finished", "all")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which incidents: their tenants, whether open, attributes by name, and a set they are in.

    `status` is a status as its source calls it, or its class.
    """

    tenants: Tenants
    state: str = "open"
    status: str | None = None
    in_set: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    def takes(self, known: Known) -> bool:
        """Whether what is known of an incident agrees; `state` and `in_set` are not looked at."""
        if self.tenants is not None and known.tenant not in self.tenants:
            return False
        values = known.attributes
        if self.status is not None and self.status not in (
            values.get("status"),
            values.get("status_class"),
        ):
            return False
        return all(str(values.get(name, "")) == value for name, value in self.attributes.items())


class Reads:
    """Answers from a model; every method may be called in any thread.

    `allowed` are the attributes that alerts carry (the setting alerts.attributes).
    """

    def __init__(self, model: Model, allowed: Sequence[str] = ()) -> None:
        self.model = model
        self._allowed = tuple(allowed)

    # ------------------------------------------------------------------ lists

    def incidents(
        self, wanted: Wanted, now_ms: int, limit: int, cursor: str | None
    ) -> dict[str, Any]:
        """A page of incidents by (tenant, id), each with its clocks as of now."""
        after = parts_of(cursor, "incidents", (str, str)) if cursor else ["", ""]
        with self.model.lock:
            found = nsmallest(
                limit + 1,
                (
                    (known.tenant, known.incident, place)
                    for place, known in self.those(wanted)
                    if [known.tenant, known.incident] > after
                ),
                key=lambda each: each[:2],
            )
            page = [self._shown(place, now_ms) for *_, place in found[:limit]]
        more = cursor_of("incidents", *found[limit - 1][:2]) if len(found) > limit else None
        return {
            "as_of": format_time(now_ms),
            "incidents": [each.shown() for each in page if each is not None],
            "next": more,
        }

    def customer(self, tenant: str, customer: str, now_ms: int, limit: int) -> dict[str, Any]:
        """Everything of a customer: open incidents, the latest finished ones, how content it is."""
        wanted = Wanted(frozenset((tenant,)), "all", attributes={"customer": customer})
        with self.model.lock:
            places = [place for place, _ in self.those(wanted)]
            entry = self.model.book.directory.entry(tenant, customer, now_ms)
            if not places and not entry:
                raise unknown(f"no incident of customer `{customer}` is known, nor an entry of it")
            is_open = [place for place in places if place.is_open]
            done = [place for place in places if not place.is_open]
            for each in (is_open, done):
                each.sort(key=lambda place: -int(place.rows["last_time"]))
            told = [self._shown(place, now_ms) for place in is_open[:limit]]
            recent = [self._shown(place, now_ms) for place in done[:limit]]
            ratings = [self._ratings(place) for place in places]
        shown = [each for each in told if each is not None]
        shown.sort(key=lambda each: (-each.score, each.next_due or "~", each.incident))
        finished = [each for each in recent if each is not None]
        return {
            "tenant": tenant,
            "customer": customer,
            "as_of": format_time(now_ms),
            "attributes": dict(entry),
            "counts": {"open": len(is_open), "finished": len(done)},
            "by_channel": _counted(shown, finished, "channel"),
            "by_product": _counted(shown, finished, "product"),
            "satisfaction": _satisfaction(ratings),
            "open": [each.shown() for each in shown],
            "finished": [each.shown() for each in finished],
        }

    # ------------------------------------------------------------------ one incident

    def explained(
        self, tenant: str, incident: str, at_ms: int, known: str | None = None
    ) -> tuple[str, dict[str, Any] | None]:
        """(ETag, what `sla-engine explain` says); None instead if the ETag is `known`.

        The tag is weak: times go on while nothing happens, and then it stays.
        """
        with self.model.lock:
            place = self.model.find(tenant, incident)
            folded = None if place is None else self.model.fold(place, at_ms)
            if place is None or folded is None:
                raise unknown(
                    f"no incident `{incident}` of tenant `{tenant}` is known; ids are compared "
                    "letter by letter, what is new takes a moment, and what was deleted is gone"
                )
            tag = self._tag(place)
            if known is not None and tag in (part.strip() for part in known.split(",")):
                return tag, None
            return tag, explain(self.model.folder, folded, self._allowed)

    def _tag(self, place: Place) -> str:
        said = place.shelf.view.history(place.row) + self.model.book.editions.version.encode()
        return f'W/"{blake2b(said, digest_size=12).hexdigest()}"'

    def exists(self, tenant: str, incident: str) -> bool:
        """Whether an incident is known, open or finished."""
        with self.model.lock:
            return self.model.find(tenant, incident) is not None

    # ------------------------------------------------------------------ under the lock

    def those(self, wanted: Wanted) -> Iterator[tuple[Place, Known]]:
        """The incidents that are wanted."""
        is_open = {"open": True, "finished": False}.get(wanted.state)
        for place, known in self.model.all(is_open):
            if wanted.takes(known) and (
                wanted.in_set is None or wanted.in_set in self.model.sets_of(place)
            ):
                yield place, known

    def _shown(self, place: Place, at_ms: int) -> ShownIncident | None:
        return self.model.shown(place, at_ms)

    def _ratings(self, place: Place) -> dict[str, int]:
        return self.model.ratings(place)


def _counted(
    is_open: Sequence[ShownIncident], finished: Sequence[ShownIncident], name: str
) -> dict[str, dict[str, int]]:
    """How many of those shown, by the value of an attribute; "" = not given."""
    found: dict[str, dict[str, int]] = {}
    for word, some in (("open", is_open), ("finished", finished)):
        for each in some:
            value = str(each.attributes.get(name) or "")
            found.setdefault(value, {"open": 0, "finished": 0})[word] += 1
    return dict(sorted(found.items()))


def _satisfaction(ratings: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """Per scale how many incidents were rated, and the mean; null where none was."""
    made: dict[str, Any] = {}
    for scale in ("csat", "nps", "ces"):
        given = [each[scale] for each in ratings if scale in each]
        mean = round(sum(given) / len(given), 2) if given else None
        made[scale] = {"rated": len(given), "mean": mean}
    return made


def path_of(tenant: str, incident: str) -> str:
    """Where one incident is explained."""
    return f"/v1/incidents/{encoded(incident)}?tenant={encoded(tenant)}"
