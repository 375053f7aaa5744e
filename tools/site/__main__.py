"""``python -m tools.site`` executes the notebooks and builds the site in build/site/html; see --help."""

import argparse
import sys
from pathlib import Path

from gradio_patterns import collection
from tools.notebooks import ROOT
from tools.site import build


def main() -> int:
    """Command line: the notebooks, or all; --keep."""
    parser = argparse.ArgumentParser(prog="python -m tools.site", description="Build the site in build/site/html.")
    parser.add_argument("notebook", nargs="*", type=Path, help="build the site of these alone (default: all)")
    parser.add_argument("--keep", action="store_true", help="keep the executions of notebooks that have not changed")
    options = parser.parse_args()
    folder = ROOT / "build" / "site"
    html = build.build(options.notebook or collection.paths(), folder, keep=options.keep)
    print(f"built; look at it with: python -m http.server --directory {html}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
