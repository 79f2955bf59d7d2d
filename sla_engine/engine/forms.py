"""How the rows of incidents and clocks are packed: what members are expected to be, by others."""

from __future__ import annotations

from sla_engine.clock.layout import CLOCK, INCIDENT
from sla_engine.engine.packing import Expected, form_of

#: What members of most rows are, by others. The links (`clocks`, `next`) lie elsewhere after
#: loading; without them an image says the same wherever it lay.
FORMS = (
    form_of(
        INCIDENT,
        None,
        {"last_time": Expected(("opened",))},
        ["clocks"],
    ),
    form_of(
        CLOCK,
        INCIDENT,
        {
            "started": Expected(head=("opened",)),
            "since": Expected(("started",)),
            "due": Expected(("since", "target"), minus=("elapsed",)),
            "next_at": Expected(("due",)),
            "wall": Expected(("elapsed",)),
            "choice_amount": Expected(("target",)),
            "seen_amount": Expected(("target",)),
            "definition": Expected(before=True),
            "calendar": Expected(before=True),
            "seen_definition": Expected(("calendar",)),
            "seen_priority": Expected(before=True),
            "origin": Expected(before=True),
            "flags": Expected(before=True),
        },
        ["next"],
    ),
)
