"""Writes what of the documentation is made from declarations: settings, metrics, OpenAPI.

Usage: python scripts/render_docs.py [--check]     (--check writes nothing; exit 1 if one is old)
"""

import json
import sys
from pathlib import Path
from typing import Any

from sla_engine.api.app import build_app, document
from sla_engine.config import describe_markdown
from sla_engine.ingest.app import build_app as build_gateway
from sla_engine.telemetry import metrics_markdown

DOCS = Path(__file__).resolve().parent.parent / "docs"

SETTINGS_INTRO = """# Settings

One TOML file (`--config`, default `sla-engine.toml`). Each setting has an environment variable,
which beats the file; an option of the command beats both. An unknown name is refused, naming the
nearest. `sla-engine config show` prints what is in force and where it came from.

"""
METRICS_INTRO = """# Metrics

Served in Prometheus' text format on `/metrics` when `telemetry.metrics_port` is set, beside
`/healthz` (200 while the process works) and `/readyz` (200 while it fires timers).

"""


def pages() -> dict[Path, str]:
    """Path -> content of every generated page."""
    return {
        DOCS / "settings.md": SETTINGS_INTRO + describe_markdown(),
        DOCS / "metrics.md": METRICS_INTRO + metrics_markdown(),
        DOCS / "openapi.json": written(document(build_app(None))),
        DOCS / "openapi-gateway.json": written(build_gateway(None, None).openapi()),
    }


def written(document: dict[str, Any]) -> str:
    """An OpenAPI document as it is kept."""
    return json.dumps(document, indent=1) + "\n"


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` compare them."""
    old = [
        path
        for path, text in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if arguments == ["--check"]:
        sys.stderr.writelines(f"{path}: run `make docs`\n" for path in old)
        return 1 if old else 0
    for path in old:
        path.parent.mkdir(exist_ok=True)
        path.write_text(pages()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
