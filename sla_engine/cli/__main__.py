"""`python -m sla_engine.cli`."""

from sla_engine.cli import main

main()
