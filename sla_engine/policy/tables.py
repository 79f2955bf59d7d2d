"""The rules in table form: what the fold's kernels index instead of evaluating.

A RuleBook turns a checked PolicySet into arrays and fills them on demand: a kernel that meets
a value, profile or situation for the first time asks, `answer` computes it with the policy's
own conditions, and the kernel goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from sla_engine.calendar import ALWAYS_INDEX, CalendarBook
from sla_engine.clock.layout import NEVER
from sla_engine.clock.lookup import GrowingLookup, mix, pair
from sla_engine.clock.reading import value_hash
from sla_engine.clock.rules import (
    DIRECTORY_ENTRY,
    ENGINE_EDITION_SLOT,
    ENGINE_ENTRY_SLOT,
    ENGINE_ERA_SLOT,
    ENGINE_HANDOFFS_SLOT,
    ENGINE_HANDS,
    ENGINE_PINS_SLOT,
    ENGINE_REOPENS_SLOT,
    ENGINE_SIZE,
    ENGINE_TIMES,
    PLAN,
    PROFILE,
    WINDOW,
    Rules,
)
from sla_engine.clock.rules import (
    EDITION as EDITION_ROW,
)
from sla_engine.clock.work import NEED_A, NEED_B, NEED_C, Outcome
from sla_engine.event.hashing import hash_text
from sla_engine.policy.attribute_names import ATTRIBUTE_OF, AUTHOR_ID, HANDS, IMPLIED_STATUS
from sla_engine.policy.class_reader import ClassReader
from sla_engine.policy.definitions import Definitions, build_definitions
from sla_engine.policy.directory import Directory, Update
from sla_engine.policy.editions import Edition, Editions, shown
from sla_engine.policy.judging import judgement_of
from sla_engine.policy.model import OnEdit, PolicySet, StatusClass, Value
from sla_engine.policy.profile import (
    EDITION,
    ENTRY,
    ERA,
    PINS,
    Slots,
    attributes_of,
    eras_of,
    status_class,
)
from sla_engine.policy.reply import situation_bits, taken_apart
from sla_engine.policy.values import as_type, value_in
from sla_engine.score.kernels import base_of_priority, base_of_tier

#: Condition rows that are kept; they are made anew on demand.
_ROWS_MAX = 1 << 18


class RuleBook:
    """The tables of one policy set; `rules` is always current, ask for it after `answer`."""

    def __init__(self, policies: PolicySet, later: Iterable[Edition] = ()) -> None:
        self.editions = editions = Editions(policies, later)
        sets = [edition.policies for edition in editions.all]
        self.policies = sets[-1]
        self.calendars = CalendarBook(editions.specs.values())
        self.slots = Slots(sets[0], sets[1:])
        self.definitions: Definitions = build_definitions(editions, self.slots)
        self._start_directory()
        self.eras = eras_of(*sets)
        self.columns = len(self.definitions.columns)
        self._read = ClassReader(self.slots, editions, self.definitions.columns, self.eras)
        self._classes = GrowingLookup(256)
        self._transitions = GrowingLookup(256)
        self._situations = GrowingLookup(256)
        self._judgements = GrowingLookup(64)
        self._custom = GrowingLookup(16)
        self._custom_times = GrowingLookup(16)
        self._profile_of: dict[tuple[int, ...], int] = {}
        self._class_tuples: list[tuple[int, ...]] = []
        self._values: list[dict[int, dict[str, Value]]] = []  # by profile and edition
        self.wordings: dict[tuple[int, ...], Any] = {}  # alert.wording: what alerts say of a step
        self.plan = np.zeros((16, max(1, self.columns)), PLAN)
        self.profiles = np.zeros(16, PROFILE)
        self.conditions = np.zeros((64, max(1, self.columns)), np.uint16)
        self._condition_rows = 0
        self._fixed = self._fixed_arrays()
        self._fill_directory()
        self.blank = self.profile((0,) * len(self.slots.names))
        self.rules = self._assemble()

    def _fixed_arrays(self) -> dict[str, NDArray[Any]]:
        index = self.slots.index
        slots = np.full(256, -1, np.int64)
        for member, name in ATTRIBUTE_OF.items():
            slots[member] = index.get(name, -1)
        type_status = np.full(256, -1, np.int64)
        for event_type, label in IMPLIED_STATUS.items():
            type_status[event_type] = self.slots.class_of(index["status"], label)[0]
        for name, slot in index.items():
            if name.startswith("custom."):
                self._custom.set(hash_text(name.removeprefix("custom.")), slot)
        for place, name in enumerate(self.slots.times):
            if name.startswith("custom."):
                self._custom_times.set(hash_text(name.removeprefix("custom.")), place)
        engine = np.full(ENGINE_SIZE, -1, np.int64)
        engine[ENGINE_REOPENS_SLOT] = index.get("reopens", -1)
        engine[ENGINE_HANDOFFS_SLOT] = index.get("handoffs", -1)
        engine[ENGINE_ERA_SLOT] = index.get(ERA, -1)
        engine[ENGINE_ENTRY_SLOT] = index[ENTRY]
        engine[ENGINE_EDITION_SLOT] = index.get(EDITION, -1)
        engine[ENGINE_PINS_SLOT] = index.get(PINS, -1)
        engine[ENGINE_HANDS] = sum(
            edges for name, edges in HANDS.items() if name in self.slots.mentioned
        )
        engine[ENGINE_TIMES] = sum(
            1 << place
            for place, name in enumerate(self.slots.times)
            if name in self.slots.mentioned
        )
        windows = [
            (window.from_ms, window.to_ms, int(window.when is not None))
            for _, window in self.definitions.windows
        ]
        later = [
            (edition.begin_ms, self.slots.class_of(index[EDITION], str(edition.begin_ms))[0])
            for edition in self.editions.all[1:]
        ]
        return {
            "slots": slots,
            "type_status": type_status,
            "engine": engine,
            "eras": np.array(self.eras, np.int64),
            "windows": np.array(windows, WINDOW),
            "editions": np.array(later, EDITION_ROW),
        }

    def _assemble(self) -> Rules:
        return Rules(
            plans=self.plan,
            conditions=self.conditions,
            profiles=self.profiles,
            columns=self.definitions.column_rows,
            definitions=self.definitions.rows,
            steps=self.definitions.step_rows,
            rungs=self.definitions.rung_rows,
            slots=self._fixed["slots"],
            type_status=self._fixed["type_status"],
            eras=self._fixed["eras"],
            engine=self._fixed["engine"],
            classes=self._classes.table,
            transitions=self._transitions.table,
            situations=self._situations.table,
            judgements=self._judgements.table,
            custom=self._custom.table,
            custom_times=self._custom_times.table,
            directory=self._directory.table,
            entries=self._entries,
            windows=self._fixed["windows"],
            editions=self._fixed["editions"],
            calendars=self.calendars.tables,
        )

    # ------------------------------------------------------------------ the customer directory

    def _fill_directory(self) -> None:
        """The directory as tables: customer -> versions, the newest first."""
        self._directory = GrowingLookup(64)
        rows: list[tuple[int, int, int, int]] = []
        for (tenant, customer), versions in self.directory.versions():
            following = -1
            for version in versions:
                text = _entry_text(version.attributes)
                found = self.slots.class_of(self.slots.index[ENTRY], text)
                rows.append((version.begin_ms, int(version.updated), found[0], following))
                following = len(rows) - 1
            key = hash_text(customer)
            if tenant is not None:
                key = _mixed(key, hash_text(tenant))
            self._directory.set(key, following)
        self._entries = np.array(rows, DIRECTORY_ENTRY)

    def update_customer(self, tenant: str, customer: str, update: Update) -> None:
        """Take in a `customer.updated`; the incidents of the customer are the caller's affair."""
        self.update_customers([(tenant, customer, update)])

    def update_customers(self, told: Iterable[tuple[str, str, Update]]) -> None:
        """Several of them at once, in any order; those that are known change nothing."""
        for tenant, customer, update in told:
            self.directory.update(tenant, customer, update)
        self._fill_directory()
        self.rules = self._assemble()

    def _start_directory(self) -> None:
        first, *later = self.editions.all
        customers = [(edition.begin_ms, edition.policies.customers) for edition in later]
        self.directory = Directory(first.policies.customers, customers)

    def forget_updates(self) -> None:
        """The directory as the policy files have it."""
        self._start_directory()
        self._fill_directory()
        self.rules = self._assemble()

    # ------------------------------------------------------------------ editions

    def start_with(self, policies: PolicySet) -> None:
        """Another first edition, before any row is loaded."""
        self.become(RuleBook(policies))

    def with_published(self, later: Iterable[Edition]) -> RuleBook | None:
        """The rules with these editions too; None when none of them is new.

        Numbers of profiles and calendars mean something else there: rows must be translated
        (`load_profiles`, `load_calendars`) and their incidents folded anew before they go on.
        """
        told = [*self.editions.told, *later]
        editions = Editions(self.editions.policies(0), told)
        if editions.version == self.editions.version:
            self.editions.heard(editions)
            return None
        made = RuleBook(self.editions.policies(0), told)
        made.update_customers(list(self.directory.all_updates()))
        return made

    def become(self, made: RuleBook) -> None:
        """Take the place of another book, for everybody who holds this one."""
        self.__dict__.update(vars(made))

    # ------------------------------------------------------------------ profiles

    def profile(self, classes: tuple[int, ...]) -> int:
        """The number of a profile, made when it is new."""
        found = self._profile_of.get(classes)
        if found is not None:
            return found
        found = len(self._class_tuples)
        if found == len(self.profiles):
            self.profiles = _doubled(self.profiles)
            self.plan = _doubled(self.plan)
        self._profile_of[classes] = found
        self._class_tuples.append(classes)
        self._values.append({})
        edition, pins = self._read.edition(classes), self._read.pins(classes)
        self._describe(found, classes, edition)
        self.profiles[found]["pins"] = bool(pins)
        self.definitions.plan(
            self.plan[found],
            partial(self.values_of, found),
            edition,
            pins,
            self._read.instant(classes),
            self.calendars,
        )
        self._judge(found)
        return found

    def _describe(self, at: int, classes: tuple[int, ...], edition: int) -> None:
        row = self.profiles[at]
        policies = self.editions.policies(edition)
        values = self.values_of(at, edition)
        until = self.editions.until(edition)
        row["edition"] = edition
        row["until"] = NEVER if until is None else until
        row["keeps"] = policies.on_edit == OnEdit.PIN
        row["key"] = hash_text(self.stored_profile(at).decode())
        # Who has it in hand may stand in no slot: `HANDS` says when that changed.
        mentioned = [(name, values.get(name)) for name in sorted(self.slots.mentioned - set(HANDS))]
        row["values"] = hash_text(json.dumps(mentioned, separators=(",", ":")))
        own_team = classes[self.slots.index["team"]] if "team" in self.slots.index else 0
        team = values.get("team", "")
        row["team_fill"] = 0 if own_team else hash_text(str(team or ""))
        row["status_value"] = classes[self.slots.index["status"]]
        row["status"] = status_class(policies, values.get("status"))
        labels = policies.priorities
        priority = values.get("priority")
        row["priority"] = _priority_number(labels, priority)
        points = 0
        if priority in labels:
            points = base_of_priority(labels.index(str(priority)), len(labels))
        tiers = policies.attributes["tier"].values if "tier" in policies.attributes else ()
        if values.get("tier") in tiers:
            points += base_of_tier(tiers.index(str(values["tier"])), len(tiers))
        row["base_score"] = points

    def _judge(self, profile: int) -> None:
        """What steps and windows say of the profile, as far as the score does not matter."""
        wanted: list[int] = []
        for number in self.plan[profile]["definition"]:
            if number >= 0:
                ladder = self.definitions.ladders[int(number)]
                wanted += range(ladder.first_step, ladder.first_step + ladder.step_count)
        steps = len(self.definitions.steps)
        wanted += range(steps, steps + len(self.definitions.windows))
        for step in wanted:
            self._add_judgement(profile, step, 0)

    def _add_judgement(self, profile: int, step: int, score: int) -> None:
        """Judge a step (or a window, behind the steps) for a profile; `score` is one more."""
        values_in = partial(self.values_of, profile)
        found = judgement_of(self.definitions, step, values_in, score, self.calendars)
        if found is not None:
            self._judgements.set(_mixed(int(pair(profile, step)), score), found)

    def values_of(self, profile: int, edition: int = -1) -> dict[str, Value]:
        """The attribute values that stand for a profile, as an edition reads them; -1: its own."""
        if edition < 0:
            edition = int(self.profiles[profile]["edition"])
        found = self._values[profile].get(edition)
        if found is None:
            classes = self._class_tuples[profile]
            policies = self.editions.policies(edition)
            found = attributes_of(self.slots, classes, policies, self._read.entry(classes))
            self._values[profile][edition] = found
        return found

    def edition_of(self, profile: int) -> Edition:
        """The edition in force for a profile."""
        return self.editions.all[int(self.profiles[profile]["edition"])]

    def stored_profile(self, profile: int) -> bytes:
        """A profile as the store keeps it: slot name -> value, in slot-name order."""
        classes = self._class_tuples[profile]
        own = {
            name: self.slots.slots[name].values[found]
            for name, found in sorted(zip(self.slots.names, classes, strict=True))
            if found
        }
        return json.dumps(own, sort_keys=True, separators=(",", ":")).encode()

    def stored_profiles(self) -> list[bytes]:
        """Every profile as the store keeps it, by number."""
        return [self.stored_profile(number) for number in range(len(self._class_tuples))]

    def stored_calendars(self) -> list[tuple[str, str]]:
        """(name, zone) of every calendar, by index."""
        compiled = map(self.calendars.compiled, range(len(self.calendars)))
        return [(calendar.name, calendar.time_zone) for calendar in compiled]

    def names_somebody(self, profile: int) -> bool:
        """Whether a stored profile would hold what an attribute says about a person."""
        return self.slots.names_somebody(self._class_tuples[profile])

    def load_profile(self, stored: bytes) -> int:
        """The number, in this process, of a profile that was stored."""
        return self.load_profiles([stored])[0]

    def load_profiles(self, stored: Iterable[bytes]) -> list[int]:
        """The same of many."""
        numbers = [self._loaded(each) for each in stored]
        self.rules = self._assemble()
        return numbers

    def _loaded(self, stored: bytes) -> int:
        own = json.loads(stored)
        classes = [0] * len(self.slots.names)
        for name, value in own.items():
            slot = self.slots.index.get(name)
            if slot is not None:
                known = tuple(value) if isinstance(value, list) else value
                classes[slot] = self.slots.class_of(slot, known)[0]
        return self.profile(tuple(classes))

    def load_calendars(self, stored: Iterable[tuple[str, str]]) -> list[int]:
        """The indexes of (name, zone); one that no edition has any more stands for its namesake."""
        known = self.editions.specs
        return [
            self.load_calendar(name if name in known else shown(name), zone)
            if shown(name) in known
            else ALWAYS_INDEX
            for name, zone in stored
        ]

    def load_calendar(self, name: str, zone: str) -> int:
        """The index, in this process, of a calendar that was stored."""
        found = self.calendars.index(name, zone)
        self.rules = self._assemble()
        return found

    # ------------------------------------------------------------------ answers to kernels

    def answer(
        self, outcome: int, counts: NDArray[np.int64], data: NDArray[np.uint8], spans: NDArray[Any]
    ) -> None:
        """Fill in what a kernel asked for (NEED_CLASS, _PROFILE, _SITUATION or _JUDGEMENT)."""
        a, b, c = int(counts[NEED_A]), int(counts[NEED_B]), int(counts[NEED_C])
        if outcome == Outcome.NEED_CLASS:
            self._add_class(a, b, data, spans)
        elif outcome == Outcome.NEED_PROFILE:
            classes = list(self._class_tuples[a])
            slot = b
            found = c
            if self.slots.names[slot] == ERA:
                found = self.slots.class_of(slot, str(c))[0] if c else 0
            elif self.slots.names[slot] == PINS:
                found = self.slots.class_of(
                    slot, self._read.with_pin(tuple(classes), c, self.definitions.rows)
                )[0]
            classes[slot] = found
            number = self.profile(tuple(classes))
            self._transitions.set(_mixed(int(pair(a, b)), c + 1), number)
        elif outcome == Outcome.NEED_SITUATION:
            self._add_situation(a, b, c - 1 if c else a)
            key = _mixed(int(pair(a, b)), c) if c else int(pair(a, b))
            self._situations.set(key, self._condition_rows - 1)
        elif outcome == Outcome.NEED_JUDGEMENT:
            self._add_judgement(a, b, c)
        else:
            raise ValueError(f"outcome {outcome} is no request to the rules")
        self.rules = self._assemble()

    def _add_class(
        self, index: int, slot: int, data: NDArray[np.uint8], spans: NDArray[Any]
    ) -> None:
        name = self.slots.names[slot]
        if index < 0:
            number = -1 - index
            key = _mixed(slot + 1, _mixed(number, 2))
            value: Value = number
        else:
            span = spans[index]
            key = _mixed(slot + 1, int(value_hash(span)))
            value = self._typed(name, value_in(span, data))
        self._classes.set(key, self.slots.class_of(slot, value)[0])

    def _typed(self, name: str, value: Value) -> Value:
        """A custom attribute's value as its declared type; what does not fit is absent."""
        sets = [edition.policies.attributes for edition in reversed(self.editions.all)]
        spec = next((each[name] for each in sets if name in each), None)
        if spec is None or not name.startswith("custom."):
            return value
        return as_type(spec.type, value)

    def _add_situation(self, profile: int, situation: int, ruled_by: int) -> None:
        if self._condition_rows >= _ROWS_MAX:
            self._situations = GrowingLookup(256)
            self._condition_rows = 0
        at = self._condition_rows
        if at == len(self.conditions):
            self.conditions = _doubled(self.conditions)
        author_ids = self.slots.slots.get(AUTHOR_ID)
        event = taken_apart(situation, author_ids.values if author_ids is not None else [None])
        self.conditions[at] = 0
        for column in range(self.columns):
            number = int(self.plan[ruled_by, column]["definition"])
            if number >= 0:
                clock = self.definitions.clocks[number]
                values = self.values_of(profile, self.definitions.of_edition[number])
                self.conditions[at, column] = situation_bits(clock, values, event)
        self._condition_rows = at + 1


def _mixed(a: int, b: int) -> int:
    """`mix` of two keys; unsigned, so that it is compiled for one type only."""
    return int(mix(np.uint64(a), np.uint64(b)))


def _entry_text(attributes: Mapping[str, str]) -> str:
    """A directory entry as the value of its slot; an empty one is none."""
    return json.dumps(dict(sorted(attributes.items()))) if attributes else ""


def _priority_number(labels: Sequence[str], priority: Value) -> int:
    """A number for a priority that is the same in every process."""
    if priority in labels:
        return labels.index(str(priority))
    return -1 - (crc32(str(priority).encode()) >> 2) if priority else -1


def _doubled(array: NDArray[Any]) -> NDArray[Any]:
    grown = np.zeros((2 * len(array), *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown


__all__ = ["RuleBook", "StatusClass", "Update", "as_type", "value_in"]
