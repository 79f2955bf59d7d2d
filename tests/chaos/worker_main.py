"""A worker that is wrong on purpose: `python -m tests.chaos.worker_main POLICIES`.

`sla-engine run` with one of the deliberate defects, named by CHAOS_DEFECT. The program itself has
no place where a defect could be switched on, and should have none; all else that a run needs
(failpoints, frequent checkpoints) it takes from its environment, so right workers are started as
a user starts them.
"""

from __future__ import annotations

import os
import sys

from sla_engine.cli import main
from tests.chaos import defects

if __name__ == "__main__":
    defects.put_in(os.environ["CHAOS_DEFECT"])
    main(["run", "--policies", sys.argv[1]])
