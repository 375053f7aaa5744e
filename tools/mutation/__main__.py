"""``python -m tools.mutation`` breaks the recipes, and says which breaks no check of their section sees.

Names of recipes break those only; ``--sample 150`` takes so many mutants, others for each ``--seed``.
"""

import argparse
import random
import sys
import time
from collections import defaultdict

from gradio_patterns import collection
from tools.mutation.judge import judge
from tools.mutation.mutants import mutants


def main() -> int:
    """Command line: [RECIPE ...] --sample N --seed N. The exit status is 1 if a mutant is alive."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("recipe", nargs="*", help="break these alone (default: all)")
    parser.add_argument("--sample", type=int, help="take so many mutants (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="which ones, for a sample")
    options = parser.parse_args()
    chosen = [collection.recipe(name) for name in options.recipe] or [
        recipe for notebook in collection.load_all() for recipe in notebook.recipes
    ]
    todo = [(recipe, mutant) for recipe in chosen for mutant in mutants(recipe.source)]
    if options.sample and options.sample < len(todo):
        todo = random.Random(options.seed).sample(todo, options.sample)
    by_notebook = defaultdict(lambda: defaultdict(list))
    for recipe, mutant in todo:
        by_notebook[recipe.notebook.name][recipe.name].append((recipe, mutant))
    alive = 0
    for name, recipes in by_notebook.items():
        with judge(collection.load(name)) as one:
            for broken in recipes.values():
                recipe = broken[0][0]
                begin, seconds = time.monotonic(), one.patience(recipe)
                left = [mutant for _, mutant in broken if not one.verdict(recipe, mutant.source, seconds)]
                alive += len(left)
                took = time.monotonic() - begin
                print(f"{recipe.id}: {len(broken)} mutants, {len(left)} alive, {took:.0f} s", flush=True)
                for mutant in left:
                    print(f"    line {mutant.line}: {mutant.key}", flush=True)
    print(f"{len(todo)} mutants, {alive} alive")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
