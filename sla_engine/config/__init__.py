"""Settings: one TOML file and one environment variable for each, declared once, masked when shown.

Light to import (standard library only): every command reads its settings first.
"""

from sla_engine.config.describe import describe_markdown, example_toml
from sla_engine.config.effective import Effective, effective, secret_texts
from sla_engine.config.load import DEFAULT_FILE, Loaded, load_settings
from sla_engine.config.secret import MASK, Secret, SecretUrl
from sla_engine.config.settings import (
    Alerts,
    Data,
    Deliver,
    Engine,
    Gateway,
    Kafka,
    Lateness,
    Policies,
    Redis,
    Retention,
    Settings,
    Telemetry,
    Time,
)

__all__ = [
    "DEFAULT_FILE",
    "MASK",
    "Alerts",
    "Data",
    "Deliver",
    "Effective",
    "Engine",
    "Gateway",
    "Kafka",
    "Lateness",
    "Loaded",
    "Policies",
    "Redis",
    "Retention",
    "Secret",
    "SecretUrl",
    "Settings",
    "Telemetry",
    "Time",
    "describe_markdown",
    "effective",
    "example_toml",
    "load_settings",
    "secret_texts",
]
