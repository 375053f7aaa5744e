"""Print the requirement for another Gradio: ``python -m tools.gradio_version newest | oldest | 6.30.0``."""

import sys

from packaging.requirements import Requirement

from tools.notebooks import PROJECT


def requirement(which: str) -> str:
    """The pip requirement for `which`: "newest" within the upper bound, "oldest" (the lower bound), or a version."""
    gradio = next(r for r in map(Requirement, PROJECT["dependencies"]) if r.name == "gradio")
    bounds = {s.operator: s.version for s in gradio.specifier}
    if which == "newest":
        return f"gradio<{bounds['<']}"
    return f"gradio=={bounds['>=']}.*" if which == "oldest" else f"gradio=={which}"


if __name__ == "__main__":
    print(requirement(sys.argv[1]))
