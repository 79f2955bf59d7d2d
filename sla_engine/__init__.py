"""Service-level clocks over a stream of incidents: deadlines, warnings, breaches, escalations."""

__all__ = ["__version__"]

__version__ = "0.1.0"
