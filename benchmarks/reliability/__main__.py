"""Runs the scenarios and writes docs/reliability.md.

python -m benchmarks.reliability              everything but the long ones: about ten minutes on two cores
python -m benchmarks.reliability --long       those as well: a thousand calls of a model at once, and over ten minutes
python -m benchmarks.reliability crowd stop   those whose names begin so, printed and not written

The exit status is 1 if a request was lost or never ended, or a recipe stayed broken.
"""

import argparse
import os
import platform
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

from . import Row, crowds, faults

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
HEAD = """\
# Reliability

What a crowd or a fault does to a recipe that runs as a program: `make reliability` writes this page. *Lost* counts
requests that ended without an answer and without words. *Well again* is the time from the end of the fault, or of the
crowd's last answer, until a new visitor has a proper answer. Memory is the resident memory of the program and its
children. The times are this machine's.
"""
SCENARIOS = [*crowds.SCENARIOS, *faults.SCENARIOS]


def page(rows: list[Row], load: float) -> str:
    """docs/reliability.md."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, Gradio {version('gradio')}"
    about = f"Measured on {date.today()}: {machine}, load {load:.1f} before the run."
    parts = ["| recipe | what was done | what users saw | lost | well again | memory |", "|---|---|---|---|---|---|"]
    for row in rows:
        saw = row.saw.replace("|", "\\|").replace("\n", " ")
        parts.append(f"| `{row.recipe}` | {row.done} | {saw} | {row.lost} | {row.well:.1f} s | {row.memory} |")
    return f"{HEAD}\n{about}\n\n" + "\n".join(parts) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="scenarios by the start of their names, printed and not written")
    parser.add_argument("--long", action="store_true", help="also the three that take long")
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args()
    every = SCENARIOS + (crowds.LONG if options.long or options.names else [])
    chosen = [one for one in every if not options.names or one.__name__.startswith(tuple(options.names))]
    load, rows, failed = os.getloadavg()[0], [], 0
    for scenario in chosen:
        try:
            row = scenario()
        except Exception as error:
            failed += 1
            print(f"{scenario.__name__}: {type(error).__name__}: {error}", flush=True)
            continue
        failed += bool(row.lost)
        rows.append(row)
        print(f"{scenario.__name__}: {row}", flush=True)
    if not options.names:
        options.out.write_text(page(rows, load), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
