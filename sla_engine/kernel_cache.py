"""Where compiled kernels are kept: one folder per state of the kernels' sources.

numba's own cache notices a change of the file that a kernel stands in, but not of the kernels
and layouts it uses; stale machine code on a new layout would corrupt state. So the folder is
named after a digest of all sources that kernels are made of.
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from pathlib import Path

#: Packages whose files kernels are compiled from.
_SOURCES = ("calendar", "clock", "event", "score", "timer", "engine", "stream")
_VARIABLE = "NUMBA_CACHE_DIR"


def digest() -> str:
    """16 hex digits over the kernels' sources and the Python version."""
    found = sha256(sys.version.encode())
    here = Path(__file__).parent
    for package in _SOURCES:
        for path in sorted((here / package).rglob("*.py")):
            text = path.read_bytes()
            if b"njit" in text or b"kernel" in text or b"dtype" in text or b"@inner" in text:
                found.update(text)
    return found.hexdigest()[:16]


def choose_directory() -> None:
    """Point numba at the folder for these sources, unless the user chose one."""
    if _VARIABLE in os.environ or "numba" in sys.modules:
        return
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    os.environ[_VARIABLE] = str(Path(base) / "sla-engine" / "kernels" / digest())
