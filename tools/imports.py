"""Move what traps and checks of two sections import into the set-up cell: ``python -m tools.imports``.

So the cells begin with what they show. Only what most of them use moves: Gradio, its client, the testing kit,
pytest, httpx and pandas. A recipe keeps all its imports, as it is copied alone.
"""

from __future__ import annotations

import ast
import json
from collections import defaultdict

from gradio_patterns import collection
from gradio_patterns.collection import Notebook
from gradio_patterns.imports import Import, imports, without
from tools import notebooks

COMMON = ("gradio", "gradio_client", "gradio_patterns.testing", "httpx", "pandas", "pytest")


def shared(nb: Notebook) -> dict[str, Import]:
    """What the set-up cell of this notebook imports for its traps and checks, by name."""
    already = common(nb.setup.source) if nb.setup else {}
    kept, users, meanings = {}, defaultdict(set), defaultdict(set)
    for section in nb.sections:
        for cell in section.code:
            bound = imports(cell.source)
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    meanings[node.id].add("")
            for name, found in bound.items():
                meanings[name].add(found)
            if "recipe" in cell.tags:
                continue
            read = {node.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)}
            kept |= {name: found for name, found in already.items() if name in read}
            for name, found in common(cell.source).items():
                users[name, found].add(section.name)
    found = kept | {name: found for (name, found), names in users.items() if len(names) > 1}
    return {name: one for name, one in found.items() if meanings[name] <= {one}}


def common(source: str) -> dict[str, Import]:
    """What a cell imports of the modules that most traps and checks use."""
    return {
        name: (module, of)
        for name, (module, of) in imports(source).items()
        if any(module == one or module.startswith(f"{one}.") for one in COMMON)
    }


def mended(nb: Notebook) -> dict[str, str]:
    """The cells that change, by their ids."""
    names = shared(nb)
    after = {
        cell.id: without(
            cell.source, {name for name, found in imports(cell.source).items() if names.get(name) == found}
        )
        for section in nb.sections
        for cell in section.code
        if "recipe" not in cell.tags
    }
    if nb.setup:
        after[nb.setup.id] = notebooks.setup_cell(nb.path.name, names)
    return {id: source for id, source in after.items() if source != nb.cell(id).source}


def write(nb: Notebook, sources: dict[str, str]) -> None:
    """Write the notebook's file, with these sources for cells by their ids."""
    for cell in nb.data["cells"]:
        if cell["id"] in sources:
            cell["source"] = sources[cell["id"]].splitlines(keepends=True)
    nb.path.write_text(json.dumps(nb.data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Mend every notebook. `make format` then sets the blank lines."""
    for nb in collection.load_all():
        if after := mended(nb):
            write(nb, after)


if __name__ == "__main__":
    main()
