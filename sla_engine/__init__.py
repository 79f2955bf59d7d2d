"""The SLA engine: clocks that keep a company's promises to answer and to resolve in time."""

from sla_engine.kernel_cache import choose_directory

__version__ = "0.1.0"

choose_directory()
