"""Print the requirement for another Gradio: ``python -m tools.gradio_version newest | oldest | 6.30.0``."""

import sys
from pathlib import Path

from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def requirement(which: str) -> str:
    """The pip requirement for `which`: "newest" within the upper bound, "oldest" (the lower bound), or a version."""
    dependencies = tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]
    gradio = next(r for r in map(Requirement, dependencies) if r.name == "gradio")
    bounds = {s.operator: s.version for s in gradio.specifier}
    if which == "newest":
        return f"gradio<{bounds['<']}"
    return f"gradio=={bounds['>=']}.*" if which == "oldest" else f"gradio=={which}"


if __name__ == "__main__":
    print(requirement(sys.argv[1]))
