"""The log of generated incidents ends where their clocks are; `why_not` says something of each."""

from __future__ import annotations

from random import Random

import orjson

from sla_engine.engine.clock_log import clock_log
from sla_engine.engine.explain import explain
from sla_engine.engine.refold import Folder
from sla_engine.engine.replay import Replay
from sla_engine.engine.why_not import why_not
from sla_engine.policy import load_text
from tests.reference.generate import history

SEEDS = range(100, 130)


def test_the_last_entries_of_a_log_say_what_the_clocks_say() -> None:
    seen = 0
    for seed in SEEDS:
        text, events, until = history(Random(seed), 2)
        replay = Replay(load_text(text, "policies.yaml"))
        replay.add(b"\n".join(orjson.dumps(one) for one in events))
        folder = Folder(replay.book)
        for address in sorted({(e.get("tenant", "default"), e["subject"]) for e in events}):
            folded = replay.incident(*address, replay.end_ms(until))
            if folded is None or not folded.incident[0]["events"]:
                continue
            entries = clock_log(folder, folded)
            for clock in explain(folder, folded)["clocks"]:
                key = clock["set"], clock["clock"], clock["cycle"]
                own = [e for e in entries if (e["set"], e["clock"], e["cycle"]) == key]
                name = f"seed {seed} {key}"
                assert own[0]["entry"] == "activate", name
                states = [e for e in own if e["entry"] not in ("apply", "breach")]
                assert states[-1]["status"] == clock["state"], name
                breaches = [e for e in own if e["entry"] in ("breach", "correct")]
                assert bool(breaches and breaches[-1]["breached"]) == clock["breached"], name
                seen += 1
            for set_name, clock_name in replay.book.definitions.columns:
                (told,) = why_not(folder, folded, f"{set_name}/{clock_name}")
                for one in told["events"]:
                    assert one["did"] or one["because"], f"seed {seed} {clock_name} {one}"
    assert seen > len(SEEDS)
