"""Bad input to every public endpoint of every recipe: the caller reads words that somebody meant.

A caller of the API sends what no page sends: null, another type, too little, too much, a path of the server. Each
call has to end in its time, in an answer or in a `gr.Error`; the recipe's own code raises nothing else, no file of
the machine comes out, and afterwards the proper call is answered as before.
"""

import contextlib
import dataclasses
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradio_patterns import collection
from gradio_patterns.collection import Recipe
from gradio_patterns.testing import programs
from gradio_patterns.testing.waiting import until
from tools import alone, today

SECONDS = 120  # a call's time: a model's longest answer, on a busy machine
TOGETHER = 12  # calls with bad values in several places, to each endpoint
OUTSIDE = "/etc/passwd"
INSIDE_OF_IT = "root:x:0:0"

# --- what is sent ---------------------------------------------------------------------------------

A_FILE = {"path": OUTSIDE, "orig_name": "notes.txt", "meta": {"_type": "gradio.FileData"}}
DEEP: list = []
for _ in range(200):
    DEEP = [DEEP]
ANYWHERE = {
    "null": None,
    "nothing": "",
    "spaces": " \n",
    "a word": "word",
    "a long text": 20_000 * "long ",
    "a NUL": "nul\0nul",
    "half a character": "half \ud800",
    "a path": OUTSIDE,
    "true": True,
    "zero": 0,
    "below zero": -1,
    "a half": 1.5,
    "too many digits": 10**400,
    "not a number": float("nan"),
    "infinity": float("inf"),
    "an empty list": [],
    "a list of null": [None],
    "a list of everything": ["word", 1, None, {}],
    "lists in lists": DEEP,
    "an empty object": {},
    "an object": {"word": None},
    "a file outside": A_FILE,
    "files outside": [A_FILE],
}
TABLE = {"headers": ["a", "b"], "data": [[1, "word"], [None, float("nan")]], "metadata": None}
# Of the right form for the component, and wrong inside.
ALIKE = {
    "Dataframe": {
        "another table": TABLE,
        "no rows": TABLE | {"data": []},
        "rows of another length": TABLE | {"data": [[1], [1, 2, 3]]},
        "no columns": {"headers": [], "data": []},
    },
    "MultimodalTextbox": {
        "no text": {"text": None, "files": []},
        "no files": {"text": "word", "files": None},
        "files outside": {"text": "word", "files": [A_FILE]},
    },
    "Chatbot": {
        "no content": [{"role": "user", "content": None}],
        "another role": [{"role": "word", "content": "word"}],
        "a file in it": [{"role": "user", "content": {"type": "file", "file": A_FILE}}],
    },
    "Api": {
        "lists of another type": [[1], [None]],
        "words": ["word", "word"],
        "numbers": [1, -1],
        "infinities": [float("inf"), float("nan")],
        "long numbers": [10**400, 10**400],
    },
}
BODIES = [
    "null",
    "[]",
    "{}",
    '{"data": null}',
    '{"data": "word"}',
    '{"data": ' + 5000 * "[" + 5000 * "]" + "}",
    '{"data"',
]


def body(data: list[Any], session: int = 0) -> str:
    """As Python writes it: NaN, Infinity and halves of characters are sent."""
    return json.dumps({"data": data, "session_hash": f"caller {session}"})


def bad_values(component: str) -> dict[str, Any]:
    return ANYWHERE | ALIKE.get(component, {})


# --- what comes back ------------------------------------------------------------------------------

# Raised by Gradio before or after the recipe's code runs, and without words for the caller: see docs/upstream.md.
GRADIO = {
    r"ComponentProcessingError: Could not preprocess": "a value that a component cannot read",
    r"InvalidPathError: Cannot move": "a path that nobody has uploaded",
    r"ValueError: An event handler .* didn't receive enough input values": "too few values",
    r"chat_interface\.py[\s\S]*'NoneType' object has no attribute 'get'": "no message for a ChatInterface",
    r"batch_size = batch_sizes\[0\]": "too few values for a batch",
    r"ValidationError: \d+ validation errors? for \w+": "a value that has not the form of a component's",
}

# Half of a surrogate pair, which Gradio takes, and which nothing can encode.
NO_UNICODE = r"surrogates not allowed|TextEncodeInput must be"
# 06 show-the-error: it logs what nobody has thought of, and its own words name the entry.
FORESEEN = r"^Something failed on our side\. .* report error \w{6}\.$"


@dataclasses.dataclass(frozen=True)
class Reply:
    """How a call ended: an HTTP status that is no 200, or the last event of the answer; and its words."""

    end: int | str
    words: str

    @property
    def message(self) -> str:
        """What the caller can read in it; empty if there is nothing."""
        with contextlib.suppress(ValueError):
            found = json.loads(self.words)
            said = (found.get("error") or found.get("detail")) if isinstance(found, dict) else found
            return said if isinstance(said, str) else json.dumps(said) if said else ""
        return ""


@dataclasses.dataclass
class Endpoint:
    """A public endpoint of a running recipe, and whoever calls it."""

    url: str
    name: str
    parameters: list[dict]
    proper: list[Any]
    headers: dict[str, str]

    def call(self, content: str) -> Reply:
        """POST to `/call`, and read the answer to its end."""
        deadline = time.monotonic() + SECONDS
        json_body = {**self.headers, "Content-Type": "application/json"}
        with httpx.Client(timeout=SECONDS, trust_env=False, headers=json_body) as http:
            where = f"{self.url}gradio_api/call{self.name}"
            end, event, words = "broken off", "", ""
            try:
                joined = http.post(where, content=content.encode())
                if joined.status_code != 200:
                    return Reply(joined.status_code, joined.text)
                with http.stream("GET", f"{where}/{joined.json()['event_id']}") as answer:
                    for line in answer.iter_lines():
                        if line.startswith("event: "):
                            event = line.removeprefix("event: ")
                        if line.startswith("data: ") and event != "heartbeat":
                            words = line.removeprefix("data: ")
                        if event in ("complete", "error"):
                            end = event  # and read on: who leaves now is taken for a visitor who has gone
                        if time.monotonic() > deadline:
                            return Reply("too late", words)
            except httpx.HTTPError as error:
                return Reply("broken off", f"{error!r} {words}")
            return Reply(end, words)


def endpoints(recipe: Recipe, program: alone.Alone) -> Iterator[Endpoint]:
    """Every public endpoint, as the first visitor or as somebody who may do everything."""
    wish = recipe.call
    for url, headers in doors(recipe, program):
        info = httpx.get(f"{url}gradio_api/info", headers=headers, trust_env=False, timeout=60).json()
        for name, described in info["named_endpoints"].items():
            parameters = described["parameters"]
            proper = [alone._example(parameter) for parameter in parameters]
            if name == wish.get("api_name", name) and len(wish.get("args", [])) == len(parameters):  # else with a State
                proper = alone._local(wish.get("args", []), "")
            yield Endpoint(url, name, parameters, uploaded(url, headers, proper), headers)


def uploaded(url: str, headers: dict[str, str], value: Any) -> Any:
    """The value with its files sent to the server, as a client does it."""
    if isinstance(value, dict) and value.get("meta", {}).get("_type") == "gradio.FileData":
        with open(value["path"], "rb") as file:
            sent = httpx.post(f"{url}gradio_api/upload", files={"files": file}, headers=headers, trust_env=False)
        return {"path": sent.json()[0], "orig_name": value["orig_name"], "meta": value["meta"]}
    if isinstance(value, dict):
        return {key: uploaded(url, headers, inner) for key, inner in value.items()}
    return [uploaded(url, headers, inner) for inner in value] if isinstance(value, list) else value


def doors(recipe: Recipe, program: alone.Alone) -> Iterator[tuple[str, dict[str, str]]]:
    """The addresses of the recipe's apps, each with the headers of somebody who may come in."""

    def cookies(answer: httpx.Response) -> dict[str, str]:  # by hand: they are `secure`, and this is http
        return {"Cookie": "; ".join(c.partition(";")[0] for c in answer.headers.get_list("set-cookie"))}

    def printed(pattern: str) -> str:
        return program.origin + re.search(pattern, program.log())[1]

    with httpx.Client(trust_env=False, timeout=60) as http:
        if "auth" in recipe.call:
            user, password = recipe.call["auth"]
            yield program.url, cookies(http.post(f"{program.url}login", data={"username": user, "password": password}))
        elif recipe.name == "who-may-do-what":
            yield program.url, cookies(http.get(printed(r"For ada.*: (/enter\S+)")))
        else:
            yield program.url, {}
        if recipe.name == "log-in":
            entered = http.post(f"{program.origin}/login", data={"username": "admin", "password": "an admin's"})
            yield f"{program.origin}/members/", cookies(entered)
        if recipe.name == "api-keys":
            yield f"{program.origin}/v1/", {"Authorization": "Bearer an admin's"}
        if recipe.name == "share-safely":
            yield f"{program.origin}/demo/", cookies(http.post(printed(r"Your own link: (/enter\S+)")))
        if recipe.name == "mcp-locked":
            yield f"{program.origin}/tools/", {"Authorization": "Bearer an assistant's"}


ENV = {"ADMIN_PASSWORD": "an admin's", "ADMIN_KEY": "an admin's", "ASSISTANT_KEYS": "nightly:an assistant's"}
# How many calls one caller has: what is under test here comes after that.
LIMITS = {
    "api-keys": [
        ('quota="30/m burst 30"', 'quota="9000/m burst 9000"'),
        ('quota="5/m burst 5"', 'quota="9000/m burst 9000"'),
    ],
    "calls-other-apps": [('parse("10/minute")', 'parse("9000/minute")')],
}


@contextlib.contextmanager
def running(recipe: Recipe) -> Iterator[alone.Alone]:
    """The recipe as a program; with short answers, and without what counts its calls."""
    with alone.surrounded(recipe) as server:
        program = alone.Alone(recipe, ENV | (server.client_env if server else {}))
        app = program.folder / "app.py"
        source = re.sub(r'(max_new_tokens"?[=:] ?)([\w.\[\]]+)', r"\1min(2, \2 or 2)", app.read_text())  # short answers
        for limit, high in LIMITS.get(recipe.name, []):
            assert limit in source
            source = source.replace(limit, high)
        app.write_text(source)
        with program:
            yield program


class Watched:
    """A running recipe, and what its endpoints do with bad input."""

    def __init__(self, recipe: Recipe, program: alone.Alone):
        self.recipe, self.program, self.calls = recipe, program, 0
        self.endpoints, self.session = list(endpoints(recipe, program)), 0
        self.begin()

    def begin(self) -> None:
        """A new session, which holds what the proper calls leave."""
        self.session += 1
        for endpoint in self.endpoints:
            endpoint.call(body(endpoint.proper, self.session))

    def send(self, endpoint: Endpoint, what: str, content: str) -> str | None:
        """What is wrong with the end of a call, None if nothing is."""
        before = len(self.program.log())
        self.calls += 1
        reply = endpoint.call(content)
        if reply.end == 500:  # uvicorn logs it once it is answered
            with contextlib.suppress(TimeoutError):
                until(lambda: re.search(r"^[\w.]+Error", self.program.log()[before:], re.M), "the log of a 500", 20)
        printed = self.program.log()[before:]
        wrong = judge(reply, printed)
        if reply.end == 500:  # with gr.cache Gradio never closes this session's stream again
            self.begin()
        if reply.end == "complete" and f'"path": "{OUTSIDE}"' in content:
            wrong = "it takes a path that nobody has uploaded"
        if reply.end == "broken off" and (status := ended(self.program)) is not None:
            self.program.start()
            wrong = f"the program ends, with exit status {status}"
        return wrong and f"{endpoint.name}, {what}: {wrong}"

    def one_by_one(self) -> Iterator[str]:
        for endpoint in self.endpoints:
            for number, parameter in enumerate(endpoint.parameters):
                for what, value in bad_values(parameter["component"]).items():
                    data = [*endpoint.proper]
                    data[number] = value
                    if wrong := self.send(
                        endpoint, f"{what} as {parameter['parameter_name']}", body(data, self.session)
                    ):
                        yield wrong
            count = len(endpoint.parameters)
            for what, data in {
                "nothing but null": count * [None],
                "one too few": endpoint.proper[:-1],
                "one too many": [*endpoint.proper, None],
                "none": [],
            }.items():
                if wrong := self.send(endpoint, what, body(data, self.session)):
                    yield wrong
            for malformed in BODIES:
                if wrong := self.send(endpoint, f"the body {malformed[:20]}", malformed):
                    yield wrong

    def together(self) -> Iterator[str]:
        for endpoint in self.endpoints:
            try:
                if len(endpoint.parameters) > 1:
                    self.several(endpoint)
            except AssertionError as error:
                yield str(error).partition("\n")[0]

    def several(self, endpoint: Endpoint) -> None:
        """Bad values in several places at once, the same at every run. The error names the smallest that goes wrong."""
        places = [
            st.sampled_from([proper, *choices_of(parameter), *bad_values(parameter["component"]).values()])
            for parameter, proper in zip(endpoint.parameters, endpoint.proper, strict=False)
        ]

        @settings(max_examples=TOGETHER, derandomize=True, deadline=None, database=None)
        @given(st.tuples(*places))
        def sent(data):
            wrong = self.send(
                endpoint, f"({', '.join(f'{value!r:.40}' for value in data)})", body([*data], self.session)
            )
            assert not wrong, wrong

        sent()


def ended(program: alone.Alone) -> int | None:
    """The exit status of a program that has ended by itself, None if it runs."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return program.process.wait(1)
    return None


def choices_of(parameter: dict) -> list[Any]:
    return parameter["type"].get("enum", []) if isinstance(parameter["type"], dict) else []


def judge(reply: Reply, printed: str) -> str | None:
    """What is wrong with a reply, given what the server has printed meanwhile; None if nothing is."""
    if INSIDE_OF_IT in reply.words or re.search(rf'"(path|url|orig_name)": "[^"]*{Path(OUTSIDE).name}"', reply.words):
        return f"it gives a file out that is not its own: {reply.words[:80]}"
    if reply.end in ("too late", "broken off"):
        return f"{reply.end}: {_last(printed) or reply.words}"
    if re.search(NO_UNICODE, printed) or re.search(FORESEEN, reply.message):
        return None
    if "app.py" in printed and "Traceback" in printed:
        lines = [line.strip() for line in printed.splitlines()]
        at = [number for number, line in enumerate(lines) if "app.py" in line][-1]
        return f"the recipe raises {_last(printed)}, at: {lines[at + 1]}"
    if reply.end == "complete" or any(re.search(fault, printed) for fault in GRADIO):
        return None
    if not reply.message or (isinstance(reply.end, int) and reply.end >= 500 and reply.end != 503):
        return f"{reply.end} {reply.words[:60]!r} without a word for the caller; the log: {_last(printed)}"
    return None


def _last(printed: str) -> str:
    """The last exception in the log."""
    found = re.findall(r"^[\w.]+(?:Error|Exception|Warning|Interrupt)\b.*", printed, re.M)
    return (found[-1] if found else printed.strip()[-200:])[:300]


# --- the recipes ----------------------------------------------------------------------------------

TODAY = today.recipes(15)


def marks(recipe: Recipe) -> list[pytest.MarkDecorator]:
    wanted = [
        (pytest.mark.undisturbed, "import ray" in recipe.source),
        (pytest.mark.skip(reason=today.LATER), not (today.EVERY or recipe.id in TODAY)),
    ]
    return [mark for mark, is_wanted in wanted if is_wanted]


RECIPES = [
    pytest.param(recipe, id=recipe.id, marks=marks(recipe))
    for notebook in collection.load_all()
    for recipe in notebook.recipes
]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(programs.START_SECONDS + 600)]


@pytest.fixture(scope="module", params=RECIPES)
def watched(request) -> Iterator[Watched]:
    with running(request.param) as program:
        yield Watched(request.param, program)


def test_a_bad_value_is_answered_in_words(watched):
    wrong = list(watched.one_by_one())
    assert not wrong, "\n".join(wrong)


def test_bad_values_together_are_answered_in_words(watched):
    wrong = list(watched.together())
    assert not wrong, "\n".join(wrong)


def test_the_proper_call_is_answered_afterwards(watched):
    assert alone.call(watched.recipe, watched.program.url).called


# --- what only Gradio can mend: docs/upstream.md --------------------------------------------------


@pytest.fixture
def call(serve):
    """Call an endpoint that answers with what its handler got."""

    def send(component: Callable[[], Any], data: list[Any]) -> Reply:
        with gr.Blocks() as demo:
            gr.Button().click(repr, component(), gr.Textbox(), api_name="got")
        return Endpoint(serve(demo).url, "/got", [], [], {}).call(body(data))

    return send


@pytest.mark.parametrize(
    ("component", "data"),
    [
        pytest.param(lambda: gr.Number(minimum=0), ["word"], id="a value that a component cannot read"),
        pytest.param(lambda: gr.Slider(0, 9), [None], id="an empty slider"),
        pytest.param(gr.Textbox, [A_FILE], id="a path that nobody has uploaded"),
        pytest.param(gr.Textbox, [], id="too few values"),
    ],
)
def test_gradio_refuses_without_a_word(call, component, data):
    reply = call(component, data)
    assert (reply.end, reply.message) == ("error", "")


def test_gradio_answers_500_to_too_few_values_for_a_cached_handler(serve):
    @gr.cache
    def same(text):
        return text

    with gr.Blocks() as demo:
        gr.Button().click(same, gr.Textbox(), gr.Textbox(), api_name="got")
    reply = Endpoint(serve(demo).url, "/got", [], [], {}).call(body([]))
    assert (reply.end, reply.words) == (500, "Internal Server Error")


@pytest.mark.parametrize(
    ("component", "value"),
    [
        pytest.param(gr.Number, "word", id="a text, where there is no limit"),
        pytest.param(lambda: gr.Number(minimum=0, maximum=9), float("nan"), id="NaN, whatever the limits"),
        pytest.param(lambda: gr.Slider(0, 9), float("nan"), id="NaN, whatever a slider's limits"),
        pytest.param(lambda: gr.Dropdown(["a", "b"]), ["a", "b"], id="a list, where one choice is asked for"),
        pytest.param(gr.Checkbox, "word", id="a text for a checkbox"),
    ],
)
def test_gradio_lets_through_what_no_page_sends(call, component, value):
    reply = call(component, [value])
    assert (reply.end, json.loads(reply.words)) == ("complete", [repr(value)])


def test_gradio_takes_half_of_a_surrogate_pair_and_cannot_send_it_back(serve):
    with gr.Blocks() as demo:
        gr.Button().click(lambda text: text, gr.Textbox(), gr.Textbox())
    url, sent = serve(demo).url, json.dumps({"data": ["half \ud800"], "fn_index": 0, "session_hash": "a page"})
    with httpx.Client(trust_env=False, timeout=30, headers={"Content-Type": "application/json"}) as page:
        assert page.post(f"{url}gradio_api/queue/join", content=sent.encode()).status_code == 200
        with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
            page.get(f"{url}gradio_api/queue/data?session_hash=a page")


@pytest.mark.parametrize("bad", [[], [A_FILE]], ids=["too few values", "a path that nobody has uploaded"])
def test_a_call_that_gradio_refuses_fails_the_calls_in_its_batch(serve, gate, bad):
    def echo(texts):
        gate()
        return [texts]

    with gr.Blocks() as demo:
        gr.Button().click(echo, gr.Textbox(), gr.Textbox(), api_name="echo", batch=True, concurrency_limit=1)
    app = serve(demo)
    with httpx.Client(trust_env=False, timeout=60) as http, gate:
        calls = []
        for data in (["alone"], ["ada"], bad, ["bob"]):
            calls.append(http.post(f"{app.url}gradio_api/call/echo", json={"data": data}).json()["event_id"])
            gate.inside(of=len(calls))  # the first one at the gate, the others in the queue
        gate.open()
        ends = [http.get(f"{app.url}gradio_api/call/echo/{event}").text.split()[1] for event in calls]
    assert ends == ["complete", "error", "error", "error"]
