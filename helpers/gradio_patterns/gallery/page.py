"""The gallery's page: search, the recipe's text, its demo, its program and its trap."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator

import gradio as gr

from gradio_patterns.collection import Notebook, Recipe, load_all
from gradio_patterns.finding import Index

from .stage import Refused, Stage

HEIGHT = 640  # pixels of a demo's frame
FIRST = "own-cart"


class Gallery:
    """What the page shows, for the notebooks given; the demos run on `stage`."""

    def __init__(self, stage: Stage, notebooks: list[Notebook] | None = None):
        self.stage = stage
        self.notebooks = notebooks or load_all()
        self.recipes: dict[str, Recipe] = {r.name: r for notebook in self.notebooks for r in notebook.recipes}

    def choices(self, words: str | None) -> list[tuple[str, str]]:
        """Heading and name of the recipes that answer, best first; all of them for an empty search."""
        words = (words or "").strip()[:2000]
        if not words:
            return [(recipe.heading, name) for name, recipe in self.recipes.items()]
        # Built anew, in hundredths of a second: its database belongs to the thread that made it.
        found = [match.name for match in Index(self.notebooks).find(words, limit=12)]
        return [(self.recipes[name].heading, name) for name in found if name in self.recipes]

    def search(self, words: str | None) -> gr.Radio:
        """The list of recipes for these words."""
        if not (choices := self.choices(words)):
            gr.Warning("No recipe answers that. Try fewer words, or paste the last line of the error.")
            return gr.skip()
        return gr.Radio(choices, value=choices[0][1])

    def show(self, name: str | None) -> tuple[str, str, str, str]:
        """A recipe's text, program, traps and checks."""
        recipe = self._recipe(name)
        text = f"## {recipe.heading}\n\n{recipe.why}\n\n**You see:** {' · '.join(recipe.symptoms)}\n\n"
        text += f"**Do:** {recipe.cure}\n\n`{recipe.name}`, in {recipe.notebook.name}"
        traps, checks = ("\n\n\n".join(cell.source for cell in cells) for cells in (recipe.traps, recipe.checks))
        return text, recipe.source, traps or "# This recipe has no trap.", checks

    async def start(self, name: str | None, request: gr.Request) -> AsyncIterator[str]:
        """The frame with the running demo; first, that it starts."""
        recipe = self._recipe(name)
        host = request.headers.get("host", "").partition(":")[0]
        if recipe.is_asgi and host not in ("127.0.0.1", "localhost"):
            yield f"<p>This recipe needs a host of its own. Run it at home: <code>gradio-patterns run {name}</code></p>"
            return
        yield f"<p>Starting <code>{recipe.name}</code>. A recipe with a model takes a while.</p>"
        try:
            demo = await self.stage.open(recipe.name)
        except Refused as refused:
            yield f"<p>{html.escape(str(refused))}</p>"
            raise gr.Error(str(refused), print_exception=False) from refused
        source = f"http://{host}:{demo.port}{demo.page}" if demo.is_asgi else f"live/{demo.name}/"
        yield f'<iframe src="{source}" title="{html.escape(recipe.heading)}" width="100%" height="{HEIGHT}"></iframe>'

    def asked_for(self, request: gr.Request) -> gr.Radio:
        """The recipe that the address names, as in `/?recipe=own-cart`."""
        name = request.query_params.get("recipe", FIRST)
        return gr.Radio(self.choices(None), value=name if name in self.recipes else FIRST)

    def _recipe(self, name: str | None) -> Recipe:
        if name not in self.recipes:
            raise gr.Error("Choose a recipe from the list first.", print_exception=False)
        return self.recipes[name]

    def blocks(self) -> gr.Blocks:
        """The page."""
        with gr.Blocks(title="Gradio Patterns") as page:
            gr.Markdown(
                "# Gradio Patterns\nPaste an error text, or choose a recipe; start its demo, and copy its program."
            )
            with gr.Row():
                with gr.Column(scale=1, min_width=260):
                    words = gr.Textbox(
                        label="What do you see, or want?",
                        placeholder="CUDA out of memory",
                        max_lines=4,
                        submit_btn=True,
                    )
                    listed = gr.Radio([], label="Recipes", elem_classes="recipes")
                with gr.Column(scale=3):
                    text = gr.Markdown()
                    button = gr.Button("Start the demo", variant="primary")
                    with gr.Tabs():
                        with gr.Tab("Demo"):
                            frame = gr.HTML(label="Demo")
                        with gr.Tab("Program"):
                            program = gr.Code(label="app.py", language="python", interactive=False)
                        with gr.Tab("The obvious way"):
                            trap = gr.Code(label="Why it fails", language="python", interactive=False)
                        with gr.Tab("Check"):
                            check = gr.Code(label="What a visitor sees", language="python", interactive=False)
            words.submit(self.search, words, listed, api_name="search", concurrency_limit=8)
            # Choosing is cheap and waits for nobody; a program starts only when it is asked for.
            gr.on(
                [listed.change], self.show, listed, [text, program, trap, check], api_name="show", preprocess=False
            ).then(lambda: "", None, frame, api_visibility="private", queue=False)
            button.click(
                self.start, listed, frame, api_name="start", concurrency_limit=2, preprocess=False
            )  # a place is taken before the next one looks
            page.load(self.asked_for, None, listed, api_visibility="private")
        return page
