"""Print the requirement for another Gradio: ``python -m tools.gradio_version newest | oldest | 6.30.0``."""

import sys

from packaging.requirements import Requirement

from tools.notebooks import PROJECT


def requirement(which: str) -> str:
    """The pip requirement for `which`: "newest" within the upper bound, "oldest" (the lower bound), or a version."""
    gradio = next(r for r in map(Requirement, PROJECT["dependencies"]) if r.name == "gradio")
    if which == "newest":
        return str(gradio)  # with `pip install --upgrade`
    lowest = next(s.version for s in gradio.specifier if s.operator == ">=")
    return f"gradio=={lowest}.*" if which == "oldest" else f"gradio=={which}"


if __name__ == "__main__":
    print(requirement(sys.argv[1]))
