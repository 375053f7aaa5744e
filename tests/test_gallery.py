"""The gallery: what it finds and shows, demos as bounded processes, and the way to them through its own port."""

import asyncio
import contextlib
import threading
import types
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest
from gradio_client.exceptions import AppError
from starlette.applications import Starlette

from gradio_patterns import collection
from gradio_patterns.gallery import stage as stage_module
from gradio_patterns.gallery.__main__ import application
from gradio_patterns.gallery.forward import ENDED, Live
from gradio_patterns.gallery.page import Gallery
from gradio_patterns.gallery.stage import Refused, Stage
from gradio_patterns.testing import until, visitor

# A small server: says who asked, what came, and streams until the caller leaves.
PROGRAM = """
import asyncio, os, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

left = []

async def echo(request):
    body = (await request.body()).decode()
    headers = {name: request.headers.get(name) for name in ("host", "x-forwarded-host", "x-forwarded-proto")}
    return JSONResponse({"path": request.url.path, "query": request.url.query, "body": body, "left": left, **headers})

async def stream(request):
    async def pieces():
        try:
            for number in range(10_000):
                yield f"{number}\\n"
                await asyncio.sleep(0.05)
        finally:
            left.append("the caller")
    return StreamingResponse(pieces())

routes = [Route("/stream", stream), Route("/{rest:path}", echo, methods=["GET", "POST"])]
uvicorn.run(Starlette(routes=routes), port=int(os.environ["GRADIO_SERVER_PORT"]), log_level="warning")
"""


@pytest.fixture
def recipes(monkeypatch):
    """Recipes of this test's own: names and programs."""
    programs = {name: PROGRAM for name in ("one", "two", "three")}
    recipe = lambda name: types.SimpleNamespace(name=name, source=programs[name], is_asgi=False, page="/")  # noqa: E731
    monkeypatch.setattr(stage_module.collection, "recipe", recipe)
    monkeypatch.setattr(stage_module.scripts, "program", lambda recipe: recipe.source)
    return programs


def in_a_loop(coroutine):
    """Its result; in a thread of its own, since Playwright may keep a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


@contextlib.asynccontextmanager
async def staged(**limits):
    stage = Stage(**limits)
    try:
        yield stage
    finally:
        await asyncio.gather(*map(stage.end, list(stage.demos)))


def test_visitors_who_open_a_recipe_at_once_start_one_process(recipes):
    async def run():
        async with staged() as stage:
            demos = await asyncio.gather(*(stage.open("one") for _ in range(5)))
            return {demo.process.pid for demo in demos}

    assert len(in_a_loop(run())) == 1


def test_a_newcomer_takes_the_place_that_is_idle_longest_and_no_other(recipes):
    async def run():
        async with staged(places=2, patience=0) as stage:
            one, two = await stage.open("one"), await stage.open("two")
            one.open_requests = 1  # somebody uses it
            await stage.open("three")
            assert set(stage.demos) == {"one", "three"}
            assert not two.runs
            stage.demos["three"].open_requests = 1
            with pytest.raises(Refused, match="All 2 places are in use"):
                await stage.open("two")
            assert set(stage.demos) == {"one", "three"}

    in_a_loop(run())


def test_two_newcomers_for_the_last_place_do_not_both_get_it(recipes):
    async def run():
        async with staged(places=1) as stage:
            outcomes = await asyncio.gather(stage.open("one"), stage.open("two"), return_exceptions=True)
            assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 1
            assert len(stage.demos) == 1

    in_a_loop(run())


def test_what_is_idle_dead_or_too_large_is_swept(recipes):
    async def run():
        async with staged(idle=3600) as stage:
            one, two, three = [await stage.open(name) for name in ("one", "two", "three")]
            await stage.sweep()
            assert set(stage.demos) == {"one", "two", "three"}
            two.process.kill()
            await two.process.wait()
            await stage.sweep()
            assert set(stage.demos) == {"one", "three"}
            one.open_requests = 1
            stage.idle = 0
            await stage.sweep()
            assert set(stage.demos) == {"one"}  # in use, and so not idle
            assert one.memory() > 2**20
            stage.memory = 2**20
            await stage.sweep()
            assert not stage.demos
            assert not any(psutil.pid_exists(demo.process.pid) for demo in (one, two, three))

    in_a_loop(run())


def test_a_program_that_ends_is_refused_in_its_own_words_and_leaves_nothing(recipes):
    recipes["one"] = "raise SystemExit('Set API_KEY first.')"

    async def run():
        async with staged(places=1) as stage:
            with pytest.raises(Refused, match=r"one did not start: Set API_KEY first\."):
                await stage.open("one")
            assert not stage.demos
            await stage.open("two")  # the place is free again

    in_a_loop(run())


def test_requests_reach_the_demo_and_streams_come_as_they_are_made(recipes):
    async def run():
        async with staged() as stage:
            demo = await stage.open("one")
            transport = httpx.ASGITransport(Live(Starlette(), stage))
            async with httpx.AsyncClient(transport=transport, base_url="https://gallery.example") as http:
                told = (await http.post("/live/one/a/b?c=d", content="body")).json()
                assert told == {
                    "path": "/a/b", "query": "c=d", "body": "body", "left": [],
                    "host": "gallery.example", "x-forwarded-host": "gallery.example", "x-forwarded-proto": "https",
                }  # fmt: skip
                assert (await http.get("/live/one")).headers["location"] == "/live/one/"
                assert (await http.get("/logout")).status_code == 404  # the gallery's own
                gone = await http.get("/live/two/")
                assert (gone.status_code, gone.text) == (404, ENDED)
                assert demo.open_requests == 0

    in_a_loop(run())


def test_a_visitor_who_leaves_a_stream_is_told_to_the_demo(recipes, serve):
    stage, loop = Stage(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

    try:
        demo = run(stage.open("one"))
        app = serve(Live(Starlette(), stage), path="/")
        with httpx.Client(base_url=app.origin, timeout=60) as http:
            with http.stream("GET", "/live/one/stream") as answer:
                lines = answer.iter_lines()
                assert [next(lines), next(lines)] == ["0", "1"]
                assert demo.open_requests == 1
                assert demo.idle == 0
            until(lambda: http.get("/live/one/").json()["left"] == ["the caller"])
            until(lambda: demo.open_requests == 0)
    finally:
        run(stage.end("one"))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def gallery():
    demo = Gallery(Stage()).blocks()
    demo.launch(inline=False, quiet=True, prevent_thread_lock=True)
    yield demo
    demo.close(verbose=False)


def test_a_search_lists_what_answers_and_chooses_the_first(gallery):
    found = visitor(gallery).predict("CUDA out of memory when several people use it", api_name="/search")
    assert found["value"] == found["choices"][0][1]
    assert "one-gpu" in [name for _, name in found["choices"]]
    everything = visitor(gallery).predict("", api_name="/search")["choices"]
    assert {name for _, name in everything} == {r.name for nb in collection.load_all() for r in nb.recipes}


def test_a_recipe_is_shown_with_its_trap_and_check(gallery):
    text, program, trap, check = visitor(gallery).predict("own-cart", api_name="/show")
    recipe = collection.recipe("own-cart")
    assert recipe.cure in text
    assert program == recipe.source
    assert recipe.traps[0].source in trap
    assert recipe.checks[0].source in check
    for name in (None, "no-such-recipe"):
        with pytest.raises(AppError, match="Choose a recipe from the list first"):
            visitor(gallery).predict(name, api_name="/show")


@pytest.mark.slow
def test_every_kind_of_recipe_answers_through_the_gallery(serve):
    with serve(application(Stage()), path="/") as app:
        ada = app.visitor()
        frame = ada.predict("own-cart", api_name="/start")
        assert 'src="live/own-cart/"' in frame
        assert visitor(f"{app.origin}/live/own-cart/").predict("Apples", api_name="/add")
        assert "http://127.0.0.1:" in ada.predict("inside-fastapi", api_name="/start")
    until(lambda: not running(), "its demos to end")


def running() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # it has ended meanwhile
            found += [process] if "app.py" in process.cmdline() else []
    return found
