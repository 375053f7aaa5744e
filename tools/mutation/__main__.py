"""``python -m tools.mutation`` breaks the recipes, and says which breaks no check of their section sees.

Names of recipes or notebooks break those only; ``--sample 150`` takes so many mutants, others for each ``--seed``.
``--tests`` asks the tests that drive the recipe about what its section has not seen; ``--report`` writes
docs/mutation.md. What explained.toml explains is counted, and not run.
"""

import argparse
import platform
import random
import sys
import time
from collections import defaultdict
from datetime import date
from importlib import metadata

from gradio_patterns import collection
from gradio_patterns.collection import Recipe
from tools.mutation import report
from tools.mutation.explained import explained, reason
from tools.mutation.judge import NotGreen, judge
from tools.mutation.mutants import mutants
from tools.mutation.second import Tests


def main() -> int:
    """Command line: [RECIPE or NOTEBOOK ...] and options. The exit status is 1 if a mutant is alive."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("name", nargs="*", help="recipes or notebooks: break these alone (default: all)")
    parser.add_argument("--sample", type=int, help="take so many mutants (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="which ones, for a sample")
    parser.add_argument("--tests", action="store_true", help="let the tests that drive a recipe judge, too")
    parser.add_argument(
        "--report", action="store_true", help=f"write {report.PATH.relative_to(report.PATH.parents[1])}"
    )
    options = parser.parse_args()
    if options.report and options.sample:
        parser.error("--report counts every mutant of a recipe, and --sample takes some")
    every = [recipe for notebook in collection.load_all() for recipe in notebook.recipes]
    chosen = _chosen(options.name, every)
    todo = [(recipe, mutant) for recipe in chosen for mutant in mutants(recipe.source)]
    if options.sample and options.sample < len(todo):
        todo = random.Random(options.seed).sample(todo, options.sample)
    reasons = explained()
    by_notebook = defaultdict(lambda: defaultdict(list))
    for recipe, mutant in todo:
        by_notebook[recipe.notebook.name][recipe.name].append((recipe, mutant))
    sums, red = [0, 0, 0, 0], False
    for name, recipes in by_notebook.items():
        with judge(collection.load(name)) as one:
            for broken in recipes.values():
                recipe, begin = broken[0][0], time.monotonic()
                judged = [mutant for _, mutant in broken if not reason(recipe, mutant, reasons)]
                try:
                    seconds = one.patience(recipe) if judged else 0
                    unseen = [mutant for mutant in judged if not one.verdict(recipe, mutant.source, seconds)]
                    tests = Tests(recipe, None if options.tests else [])
                    left = [mutant for mutant in unseen if not tests.verdict(mutant.source)]
                except NotGreen as error:
                    print(error, flush=True)
                    red = True
                    continue
                counts = [len(judged) - len(unseen), len(unseen) - len(left), len(broken) - len(judged), len(left)]
                sums = [a + b for a, b in zip(sums, counts, strict=True)]
                print(f"{recipe.id}: {_words(counts)}, {time.monotonic() - begin:.0f} s", flush=True)
                lines = [f"{recipe.id}, line {mutant.line}: {mutant.key}" for mutant in left]
                print("".join(f"    {line.partition(', ')[2]}\n" for line in lines), end="", flush=True)
                if options.report:
                    versions = f"gradio {metadata.version('gradio')}, Python {platform.python_version()}"
                    row = report.Row(recipe.id, len(broken), *counts, date.today().isoformat(), versions)
                    report.write(row, lines, [known.id for known in every])
    print(_words(sums))
    return 1 if sums[3] or red else 0


def _chosen(names: list[str], every: list[Recipe]) -> list[Recipe]:
    if not names:
        return every
    notebooks = {recipe.notebook.name for recipe in every}
    return [
        recipe
        for name in names
        for recipe in (
            [one for one in every if one.notebook.name == name] if name in notebooks else [collection.recipe(name)]
        )
    ]


def _words(counts: list[int]) -> str:
    checks, tests, explained, alive = counts
    return f"{sum(counts)} mutants, {checks} killed by checks, {tests} by tests, {explained} explained, {alive} alive"


if __name__ == "__main__":
    sys.exit(main())
