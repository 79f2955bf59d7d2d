"""The full figures: `python -m tests.chaos.run --kills 30 --rate 100 --seed 1`.

`--only` names parts: control, kills, failpoints, freeze, redis, broker, rollback, edits, rebalance,
backlog, defects or one of them by name. `--minutes` is how long the group is kept moving,
`--events` the backlog.
The exit code is 0 only if every part is right, and every deliberate defect was noticed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sla_engine.engine.failpoints import NAMES
from tests.chaos import backlog, defects
from tests.chaos.checker import Verdict
from tests.chaos.crew import REFUSED
from tests.chaos.load import EDITED
from tests.chaos.rebalance import rebalance
from tests.chaos.scene import WORKERS, Scene, scene
from tests.services.kafka import KafkaBroker, kafka_jars
from tests.services.redis import RedisKind, RedisServer

Act = Callable[[Scene, random.Random], str]


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def control(scene: Scene, rng: random.Random) -> str:
    """No fault at all."""
    time.sleep(15)
    return "no fault"


def kills(count: int) -> Act:
    def act(scene: Scene, rng: random.Random) -> str:
        for _ in range(count):
            scene.kill_one(rng)
        return f"{count} kills at random moments"

    return act


def failpoints(scene: Scene, rng: random.Random) -> str:
    """Once at each."""
    # A worker claims two of four partitions: a third claim would not come.
    passing = {name: rng.randrange(1, 3 if name == "in_claim" else 4) for name in NAMES}
    died = [name for name in NAMES if scene.die_at(name, passing[name])]
    missed = set(NAMES) - set(died)
    return f"died at {len(died)} of {len(NAMES)} failpoints{f', not at {missed}' if missed else ''}"


def freeze(scene: Scene, rng: random.Random) -> str:
    """SIGSTOP past the session timeout, then SIGCONT."""
    for name in WORKERS:
        scene.crew.workers[name].freeze()
        time.sleep(12)
        scene.crew.workers[name].thaw()
        scene.supervise(10)
    return f"two workers frozen for 12 s; refused writes: {scene.crew.count(REFUSED)}"


def redis_killed(scene: Scene, rng: random.Random) -> str:
    """kill -9 of Redis, three seconds without it."""
    for _ in range(3):
        scene.supervise(rng.uniform(2, 4))
        scene.redis.kill()
        time.sleep(3)
        scene.redis.start()
    scene.supervise(5)
    return "Redis killed three times, 3 s each"


def broker_killed(scene: Scene, rng: random.Random) -> str:
    """kill -9 of the broker, five seconds without it."""
    scene.supervise(5)
    scene.broker.kill()
    time.sleep(5)
    scene.broker.start()
    revived = scene.supervise(20)
    return f"the broker killed, 5 s; workers that ended and were started again: {len(revived)}"


def rollback(scene: Scene, rng: random.Random) -> str:
    """Redis set back to a copy of its files taken ten seconds earlier."""
    scene.supervise(5)
    copy = scene.redis.copy_files()
    scene.supervise(10)
    scene.redis.restore(copy)
    revived = scene.supervise(40)
    return f"Redis set back by 10 s; workers that ended and were started again: {len(revived)}"


def edits(scene: Scene, rng: random.Random) -> str:
    """Policies edited three times while events stream; Redis set back over the second edit."""
    scene.supervise(5)
    scene.publish(EDITED.replace("MODE", "from_now"))
    scene.supervise(8)
    copy = scene.redis.copy_files()
    scene.publish(EDITED.replace("MODE", "retroactive").replace("7s", "5s"))
    scene.supervise(8)
    scene.redis.restore(copy)
    revived = scene.supervise(30)
    scene.kill_one(rng)
    scene.publish(EDITED.replace("MODE", "pin"))
    scene.supervise(10)
    return f"three edits, Redis set back over one; workers started again: {len(revived)}"


def defect_run(name: str) -> Act:
    """Faults that make the defect show."""

    def act(scene: Scene, rng: random.Random) -> str:
        environment = {"offset_before_append": "before_commit", "outbox_trimmed_early":
                       "before_produce"}  # fmt: skip
        if name == "token_not_checked":
            return freeze(scene, rng)
        for _ in range(3):
            scene.die_at(environment[name], rng.randrange(2, 12))
        return f"died three times at {environment[name]}"

    return act


def perform(
    title: str, act: Act, broker: KafkaBroker, redis: RedisServer, options: argparse.Namespace,
    defect: str = "",
) -> Verdict:  # fmt: skip
    """One part: load, faults, verdict, figures."""
    redis.wipe()
    begun = time.monotonic()
    rng = random.Random(options.seed)
    name = f"{title.replace('_', '-')}-{options.seed}"
    with scene(broker, redis, name, defect=defect) as made:
        load = made.begin(options.rate, options.seed)
        done = act(made, rng)
        verdict = made.end(load, options.keep)
        say(f"== {title}: {done}; {len(load.accepted)} events accepted")
    say(f"{verdict.text()}\nseconds               {time.monotonic() - begun:.0f}")
    return verdict


def perform_backlog(broker: KafkaBroker, redis: RedisServer, options: argparse.Namespace) -> bool:
    """A restart behind `--events` unread events; a machine half as fast needs `--target` twice."""
    redis.wipe()
    begun = time.monotonic()
    policies = backlog.policies(options.target)
    with scene(broker, redis, f"backlog-{options.seed}", policies=policies, measured=True) as made:
        caught = backlog.caught_up(made, options.events, options.target)
    say(f"== backlog: two workers killed, clocks of {options.target} s run out, workers started")
    say(f"{caught.text()}\nseconds               {time.monotonic() - begun:.0f}")
    return caught.is_right


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--target", type=int, default=120, help="seconds; the backlog's clocks")
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path, help="folder for the ledgers of each part")
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    parts: dict[str, Act] = {
        "control": control,
        "kills": kills(options.kills),
        "failpoints": failpoints,
        "freeze": freeze,
        "redis": redis_killed,
        "broker": broker_killed,
        "rollback": rollback,
        "edits": edits,
        "rebalance": rebalance(options.minutes),
    }
    wanted = options.only.split(",") if options.only else [*parts, "backlog", "defects"]
    failed = []
    with KafkaBroker(kafka_jars()) as broker, RedisServer(RedisKind.REDIS) as redis:
        for title, act in parts.items():
            if title in wanted and not perform(title, act, broker, redis, options).is_right:
                failed.append(title)
        if "backlog" in wanted and not perform_backlog(broker, redis, options):
            failed.append("backlog")
        for name in defects.NAMES:
            if not {"defects", name} & set(wanted):
                continue
            if perform(name, defect_run(name), broker, redis, options, name).is_right:
                failed.append(f"{name} was not noticed")
    say(f"failed: {', '.join(failed)}" if failed else "all as it should be")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
