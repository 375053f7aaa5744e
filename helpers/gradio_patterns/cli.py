"""The collection in the terminal: `gradio-patterns find`, `list`, `show`, `run` and `export`.

Made of the notebooks, offline. The exit status is 0 where something was found, 1 where nothing was, 2 for a call that
is not understood. Neither Gradio nor torch is imported, and what draws and searches only when it is needed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from . import collection

if TYPE_CHECKING:
    from .collection import Recipe
    from .finding import Found

app = typer.Typer(
    name="gradio-patterns",
    help="Executable recipes for Gradio: find one by what you see, read it, run it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Name = Annotated[str, typer.Argument(help="The recipe's name, as `find` and `list` give it.")]


def main() -> None:
    """The command."""
    app()


@app.command()
def find(
    words: Annotated[
        list[str] | None, typer.Argument(help="Words, or an error text; without any, standard input.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many recipes.")] = 3,
    as_json: Json = False,
) -> None:
    """Find the recipe for a symptom, an error text or a pasted traceback: what you see, and what to do."""
    from . import finding

    if not words and sys.stdin.isatty():
        _refuse("Say what you see: gradio-patterns find WORDS, or gradio-patterns find < traceback.txt")
    text = " ".join(words) if words else sys.stdin.read()
    found = finding.find(text, limit)
    if as_json:
        print(json.dumps([one.data for one in found], indent=2, ensure_ascii=False))
    elif found:
        _print_found(found)
    if not found:
        print("No recipe fits. `gradio-patterns list` shows them all.", file=sys.stderr)
        raise typer.Exit(1)


def _print_found(found: list[Found]) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    for number, one in enumerate(found):
        if number:
            console.print()
        console.print(Text.assemble((one.section.heading, "bold"), (f"  {one.notebook.name}", "dim")), soft_wrap=True)
        for mark, text in (("You see", " · ".join(one.section.symptoms)), ("Do", one.section.cure)):
            if text:
                console.print(Padding(Text.assemble((f"{mark}: ", "dim"), text), (0, 0, 0, 2)))
        where = (
            f"gradio-patterns show {one.name}" if not one.section.is_reference else f"the table in {one.notebook.path}"
        )
        console.print(Padding(Text(where, "cyan"), (0, 0, 0, 2)), soft_wrap=True)


@app.command("list")
def list_(
    notebook: Annotated[str | None, typer.Argument(help="One notebook only, such as 02_state or 02.")] = None,
    as_json: Json = False,
) -> None:
    """List the recipes, by notebook."""
    notebooks = [n for n in collection.load_all() if not notebook or n.name.startswith(notebook.removesuffix(".ipynb"))]
    if not notebooks:
        known = ", ".join(path.stem for path in collection.paths())
        _refuse(f"There is no notebook {notebook}. There are: {known}", status=1)
    if as_json:
        recipes = [_data(recipe) for n in notebooks for recipe in n.recipes]
        print(json.dumps(recipes, indent=2, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    width = max(len(recipe.name) for n in notebooks for recipe in n.recipes)
    for n in notebooks:
        table = Table(
            title=f"{n.title} ({n.name})", title_justify="left", title_style="bold", box=None, show_header=False
        )
        table.add_column(style="cyan", no_wrap=True, min_width=width)
        table.add_column()
        for recipe in n.recipes:
            table.add_row(recipe.name, recipe.heading)
        console.print(table, end="\n\n" if n is not notebooks[-1] else "\n")


def _data(recipe: Recipe) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "notebook": recipe.notebook.name,
        "heading": recipe.heading,
        "you_see": recipe.symptoms,
        "do": recipe.cure,
        "asgi": recipe.is_asgi,
    }


@app.command()
def show(
    name: Name,
    trap: Annotated[bool, typer.Option("--trap", help="Also the obvious way, and how it goes wrong.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Also what proves it.")] = False,
    as_json: Json = False,
) -> None:
    """Print a recipe: a whole program, with what it needs at its head. `show NAME > app.py && uv run app.py`."""
    from . import scripts

    recipe = _recipe(name)
    cells = [*(recipe.traps if trap else []), *(recipe.checks if check else [])]
    if as_json:
        more = {"requirements": scripts.requirements(scripts.program(recipe)), "program": scripts.script(recipe)}
        around = {"traps": [c.source for c in recipe.traps], "checks": [c.source for c in recipe.checks]}
        print(json.dumps({**_data(recipe), **more, **around}, indent=2, ensure_ascii=False))
    else:
        print(scripts.script(recipe, cells), end="")


@app.command()
def run(name: Name) -> None:
    """Run a recipe in a temporary folder, until Ctrl-C, and remove the folder."""
    from . import running

    try:
        status = running.run(_recipe(name))
    except ModuleNotFoundError as error:
        _refuse(str(error), status=1)
    raise typer.Exit(status)


@app.command()
def export(
    name: Name,
    folder: Annotated[Path, typer.Argument(help="Where to write it; made if it is not there.")],
    vendor: Annotated[bool, typer.Option("--vendor", help="Copy what it uses of gradio_patterns into it.")] = False,
    space: Annotated[bool, typer.Option("--space", help="Make it a Hugging Face Space.")] = False,
    container: Annotated[bool, typer.Option("--container", help="Add a Dockerfile.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Write a recipe as a project: app.py, requirements, a README, and its checks for pytest."""
    from . import export as project

    try:
        written = project.export(_recipe(name), folder, vendor=vendor, space=space, container=container, force=force)
    except OSError as error:
        _refuse(str(error))
    print("\n".join(map(str, written)))


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def check(context: typer.Context) -> None:
    """Check your own app for what the recipes mend."""
    from .checking import command

    checks = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    checks.command()(command.check)
    checks(context.args, prog_name="gradio-patterns check")


def _recipe(name: str) -> Recipe:
    try:
        return collection.recipe(name)
    except KeyError as error:
        _refuse(error.args[0], status=1)


def _refuse(message: str, status: int = 2) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(status)


if __name__ == "__main__":
    main()
