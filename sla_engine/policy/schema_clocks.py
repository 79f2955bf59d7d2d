"""The JSON Schema of policies: options, clocks of every kind, escalation steps."""

from __future__ import annotations

from sla_engine.limits import REPEATS_MAX
from sla_engine.policy import actions, clocks, durations, options, policies, steps, targets
from sla_engine.policy.schema_forms import (
    FLAG,
    TEXT,
    TIME,
    TIMES,
    Schema,
    by_name,
    duration,
    integer,
    keyed,
    like,
    listed,
    one_or_more,
    some,
    texts,
    valid,
    words,
)


def option_values() -> dict[str, Schema]:
    """The options that may stand on a clock, on a policy and in `defaults`."""
    by_attribute = {"from": words(["calendar"]), "default": TEXT}
    by_priority = by_name(TEXT) | {"not": {"required": ["from"]}}
    from_attribute = keyed("calendar", options.CALENDAR_FROM_KEYS, by_attribute, ["from"])
    grace = keyed("reopen", options.REOPEN_KEYS, {"grace": duration()}, ["grace"])
    reply = keyed("reply", options.REPLY_KEYS, dict.fromkeys(options.REPLY_KEYS, FLAG))
    fixed = {key: words(known, default=True) for key, known in options.OPTION_WORDS.items()}
    return {
        "calendar": {"anyOf": [TEXT, by_priority, from_attribute]},
        "reply": reply,
        "customer_comment_resumes": FLAG | {"default": True},
        "carry_pauses": FLAG | {"default": True},
        "rearm": FLAG | {"default": False},
        "hold": duration() | {"default": "0s"},
        **fixed,
        "on_reopen": {"anyOf": [fixed["on_reopen"], grace]},
    }


def policy() -> Schema:
    """An entry of `policies`."""
    repeat = {"times": integer(1, REPEATS_MAX), "wait": duration()}
    values = {
        "name": TEXT,
        "set": TEXT,
        "when": TEXT,
        "valid": valid(),
        "clocks": _clocks(),
        "escalations": listed(_step()),
        "repeat_ladder": keyed("repeat", policies.REPEAT_KEYS, repeat, policies.REPEAT_KEYS),
        "ack_expires": duration(),
        **option_values(),
    }
    return keyed("policy", policies.POLICY_KEYS, values, ["name", "clocks"])


def clock_definition(kind: str) -> str:
    """The name under which `$defs` holds clocks of a kind."""
    return f"clock_{kind}"


def _refer(kind: str) -> Schema:
    return {"$ref": f"#/$defs/{clock_definition(kind)}"}


def _clocks() -> Schema:
    """A clock is of the kind it is named after, unless `kind` says another."""
    said = [
        {"if": {"properties": {"kind": {"const": kind}}}, "then": _refer(kind)}
        for kind in clocks.NAMED_KINDS
    ]
    known = {"properties": {"kind": words(clocks.NAMED_KINDS)}, "allOf": said}

    def one(kind: str) -> Schema:
        asked = {"type": "object", "if": {"required": ["kind"]}, "then": known}
        return asked | {"else": _refer(kind)}

    return {
        "type": "object",
        "minProperties": 1,
        "properties": {kind: one(kind) for kind in clocks.NAMED_KINDS},
        "additionalProperties": one(clocks.CUSTOM),
    }


def clock(kind: str) -> Schema:
    """Only the keys that clocks of this kind have."""
    length = like(f"(?=.){durations.PARTS.pattern}|{durations.BUSINESS_DAYS.pattern}")
    length_or_none: Schema = {"anyOf": [length, words(["none"])]}
    case = keyed("case", targets.CASE_KEYS, {"when": TEXT, "is": length_or_none}, ["is"])
    target: Schema = {
        "anyOf": [length, by_name(length_or_none) | {"properties": {"by": TEXT}}, some(case)]
    }
    due = "|".join([*targets.PHRASES, targets.AT_TIME.pattern, TIME])
    values: dict[str, Schema] = {
        "target": target,
        "every": target,
        "due_at": like(due) | {"examples": [*targets.PHRASES, "next business day 16:00", *TIMES]},
        **dict.fromkeys(clocks.CONDITION_KEYS, TEXT),
        "kind": words(clocks.NAMED_KINDS),
        "per": words(clocks.STAYS, default=True),
        "from": words(clocks.FROM_WORDS),
        "starts_at": like(TIME),
        **option_values(),
    }
    keys = [key for key in clocks.CLOCK_KEYS if kind in clocks.ONLY_FOR.get(key, (kind,))]
    found = keyed(
        "clock",
        keys,
        {key: values[key] for key in keys},
        ["start", "stop"] if kind == clocks.CUSTOM else [],
    )
    one_of = [{"required": [key]} for key in clocks.TARGET_KEYS if key in keys]
    return found | {"oneOf": one_of}


def _step() -> Schema:
    instants = [steps.PERCENT, steps.SCORE, steps.DISTANCE]
    at = "|".join([*steps.AFTER, *(pattern.pattern for pattern in instants)])
    team, assignee = ({"required": [key]} for key in actions.REASSIGN_KEYS)
    reassign = keyed("reassign", actions.REASSIGN_KEYS, dict.fromkeys(actions.REASSIGN_KEYS, TEXT))
    values: dict[str, Schema] = {
        "at": like(rf"\s*(?:{at})\s*") | {"examples": ["80%", "1h before", "breach", "30m after"]},
        "every": duration(),
        "after": words(steps.AFTER),
        "times": integer(1, REPEATS_MAX),
        "clocks": texts(),
        "until": words(steps.UNTIL, default=True),
        "outside_hours": words(steps.OUTSIDE_HOURS, default=True),
        "if": TEXT,
        "during": TEXT,
        "notify": texts(),
        "page": texts(),
        "reassign": {"anyOf": [TEXT, reassign | {"oneOf": [team, assignee]}]},
        "raise_priority": integer(1, actions.LEVELS_MAX),
        "set_priority": TEXT,
        "tag": texts(),
        "webhook": one_or_more({"type": "string", "pattern": "^https?://"}),
    }
    rules: Schema = {
        "oneOf": [{"required": ["at"]}, {"required": ["every"]}],
        "dependentRequired": {"every": ["after", "times"], "after": ["every"], "times": ["every"]},
    }
    return keyed("step", steps.STEP_KEYS, values) | rules
