"""State: what needs a slow reader, several threads, a second try or half an hour to be seen."""

import contextlib
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from weakref import ref

import gradio as gr
import pytest
from gradio_client.exceptions import AppError

from gradio_patterns.testing import Browser, Gate, until, visitor, visitors

NOTEBOOK = "02_state"


def leave(app, session: str) -> None:
    """Close the tab of a session: a page holds this stream open while it lives."""
    with Browser(app).stream("GET", f"gradio_api/heartbeat/{session}") as page:
        next(page.iter_lines())


# --- own-cart, fresh-start-value, lost-update -----------------------------------------------------


def test_no_sale_is_lost_between_reading_and_writing(imported):
    shop = imported(NOTEBOOK, "own-cart")
    overlap = threading.Barrier(2)

    class SlowCounter(type(shop.sold)):
        def __getitem__(self, key):
            value = super().__getitem__(key)
            try:
                overlap.wait(0.5)  # a second reader comes in here, unless the lock keeps it out
            except threading.BrokenBarrierError:
                overlap.reset()
            return value

    shop.sold = SlowCounter()
    buyers = visitors(shop.demo, 2)
    jobs = [buyer.submit("Bread", api_name="/add") for buyer in buyers]
    assert {job.result()[1] for job in jobs} == {f"Bread, {n} sold to all visitors" for n in (1, 2)}


def test_a_states_function_is_called_before_anybody_comes():
    births = []

    def birth():
        births.append(len(births))
        return births[-1]

    with gr.Blocks() as demo:
        gr.State(birth)
    assert births == [0]
    assert [fn.api_name for fn in demo.fns.values()] == ["birth"]  # and it becomes an endpoint, for the page's load


def test_change_fires_only_for_an_output(serve):
    def in_place(items):
        items.append("new")

    with gr.Blocks() as demo:
        items = gr.State([])
        gr.Button("In place").click(in_place, items, api_name="in_place")
        gr.Button("Output").click(lambda items: [*items, "new"], items, items, api_name="output")
        items.change(len, items, gr.Number(label="Items"), api_name="size")
    browser = Browser(serve(demo))
    for name, told in {"in_place": False, "output": True}.items():
        body = {"data": [None], "session_hash": name}
        answer = browser.post(f"gradio_api/run/{name}", json=body).json()
        assert (answer["changed_state_ids"] == [items._id]) is told


def test_two_buttons_start_from_the_same_list_one_after_the_other(imported, gate):
    desk = imported(NOTEBOOK, "lost-update")

    class SlowList(list):
        def __len__(self):
            gate()
            return super().__len__()

    desk.REVIEWS = SlowList(desk.REVIEWS)
    ada = visitor(desk.demo)
    jobs = [ada.submit(api_name="/positive"), ada.submit(api_name="/negative")]
    assert gate.inside(of=2) == 1
    gate.open()
    for job in jobs:
        job.result()
    _, table = ada.predict(api_name="/show")
    assert sorted(verdict for _, verdict in table["data"]) == ["Negative", "Positive"]


# --- uncopyable -----------------------------------------------------------------------------------

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
HARMFUL = {
    "ATTACH 'other.db' AS other": "not authorized",
    "VACUUM INTO 'copy.db'": "authorization denied",
    "PRAGMA max_page_count = 1": "not authorized",
    "CREATE TEMP TABLE big AS SELECT zeroblob(20000000)": "not authorized",
    "CREATE TEMP VIEW v AS SELECT 1": "not authorized",
    f"CREATE TABLE big AS {ENDLESS} SELECT zeroblob(900000) FROM n": "disk is full",
    "SELECT zeroblob(900000000)": "string or blob too big",
    "SELECT 1; SELECT 2": "one statement at a time",
}


def test_sql_that_would_harm_the_server_is_refused(imported):
    demo = imported(NOTEBOOK, "uncopyable").demo
    alice, mallory = visitors(demo, 2)
    alice.predict("CREATE TABLE papers (title)", api_name="/run")
    mallory.predict("CREATE TABLE mine (title)", api_name="/run")
    for statement, message in HARMFUL.items():
        if message == "string or blob too big" and not hasattr(sqlite3.Connection, "setlimit"):
            continue  # Python 3.10
        with pytest.raises(AppError, match=message):
            mallory.predict(statement, api_name="/run")
    for one, name in ((alice, "papers"), (mallory, "mine")):
        assert one.predict(f"SELECT count(*) FROM {name}", api_name="/run")["data"] == [[0]]  # as they were


def test_two_statements_of_one_session_take_turns(imported):
    demo_and_names = imported(NOTEBOOK, "uncopyable")
    made = []

    class Recorded(demo_and_names.Database):
        def __init__(self):
            super().__init__()
            made.append(self)

    demo_and_names.Database = Recorded
    alice = Browser(demo_and_names.demo)
    assert alice.run("/run", "SELECT 1", None)[0] == 200
    quick = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT max(i) FROM n"
    with ThreadPoolExecutor(2) as pool:  # /run goes past the queue, and its limit of one at a time
        endless = pool.submit(alice.run, "/run", f"{ENDLESS} SELECT max(i) FROM n", None)
        until(made[0].lock.locked, "the endless statement to start")
        status, (table, _) = pool.submit(alice.run, "/run", quick, None).result()
    assert "interrupted" in endless.result()[1]
    # Without the lock it would share the two seconds of the other one, which has used them up.
    assert (status, table["data"]) == (200, [[100000]])


def test_the_connection_is_closed_when_its_time_is_over(imported):
    names = imported(NOTEBOOK, "uncopyable")
    made = []

    class Recorded(names.Database):
        def __init__(self):
            super().__init__()
            made.append(self)

    names.Database = Recorded
    names.database.time_to_live /= 3600
    alice = visitor(names.demo)  # kept: once she has left, her State would stay for an hour
    alice.predict("SELECT 1", api_name="/run")

    def closed():
        try:
            made[0].connection.total_changes  # noqa: B018 - asks an open connection, and runs nothing on it
        except sqlite3.ProgrammingError:
            return True

    until(closed, "the connection to be closed")


# --- remembered-chats -----------------------------------------------------------------------------


@pytest.fixture
def chats(imported, monkeypatch, tmp_path):
    """The recipe with an empty database of its own."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/chats.db")
    yield (names := imported(NOTEBOOK, "remembered-chats"))
    names.engine.dispose()


def device(chats, user="ada", password="lovelace"):
    return visitor(chats.demo, auth=(user, password))


def roles(one, number):
    return [message["role"] for message in one.predict(number, api_name="/open")[1]]


def begin(chats, one, question="Tell a long story.", number=0):
    """Ask, and wait until the answer has begun; the job and the number of the chat."""
    job = one.submit(question, number, api_name="/send")
    until(lambda: len(job.outputs()) > 2 or job.done(), "the answer to begin")
    return job, job.outputs()[0][1]


def test_who_meets_a_locked_database_is_told_and_goes_on_later(chats):
    ada = device(chats)
    job, number = begin(chats, ada, "Name a fruit.")
    job.result()
    with contextlib.closing(sqlite3.connect(chats.engine.url.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for call, args in (("/open", [number]), ("/send", ["Name a tree.", number]), ("/delete", [number])):
            with pytest.raises(AppError, match="Try again in a minute"):
                ada.predict(*args, api_name=call)
    ada.predict("Name a tree.", number, api_name="/send")
    assert roles(ada, number) == ["user", "assistant", "user", "assistant"]


@pytest.fixture
def endless(chats):
    """Answers that end only when they are stopped; the events that the model's own threads set at their end."""
    ended, generate = [], chats.model.model.generate

    def longer(*args, **options):
        ended.append(threading.Event())
        try:
            return generate(*args, **{**options, "min_new_tokens": 4000, "max_new_tokens": 4000})
        finally:
            ended[-1].set()

    chats.model.model.generate = longer
    yield ended
    del chats.model.model.generate


def test_who_stops_the_answer_stops_the_model_and_keeps_what_was_written(chats, endless):
    ada = device(chats)
    job, number = begin(chats, ada)
    job.cancel()
    assert endless[0].wait(60)
    until(lambda: roles(ada, number) == ["user", "assistant"], "what was written to be stored")


def test_another_chat_ends_the_answer_and_its_own_does_not(chats, endless):
    ada = device(chats)
    job, number = begin(chats, ada)
    listed, conversation = ada.predict(number, api_name="/open")
    assert "value" not in conversation  # left to `send`, which is drawing it
    assert listed["choices"] == [["New chat", 0], ["Tell a long story.", number]]
    assert not job.done()
    assert ada.predict(0, api_name="/open")[1] == []
    assert endless[0].is_set()
    last = until(lambda: job.done() and job.outputs()[-1], "the answer to end")
    assert all(isinstance(part, dict) and "value" not in part for part in last)  # draws nothing over the other chat


def test_a_chat_deleted_meanwhile_takes_no_answer(chats, endless):
    ada = device(chats)
    job, number = begin(chats, ada)
    assert device(chats).predict(number, api_name="/delete") == 0  # on another device
    job.cancel()
    assert endless[0].wait(60)
    until(lambda: not chats.under_way, "the answer to end")
    with chats.Session(chats.engine) as db:
        assert not db.scalars(chats.select(chats.Message)).all()


def test_a_deleted_chat_is_gone_and_its_number_is_not_given_again(chats):
    chats.write = lambda messages, stop: iter(["Yes."])
    ada = device(chats)
    _, first = begin(chats, ada, "Is this the first?")
    assert roles(ada, first) == ["user", "assistant"]
    ada.predict(first, api_name="/delete")
    assert ada.predict(0, api_name="/open")[0]["choices"] == [["New chat", 0]]
    for name, arguments in {"/open": [first], "/delete": [first], "/send": ["Go on.", first]}.items():
        with pytest.raises(AppError, match="not among yours"):
            ada.predict(*arguments, api_name=name)
    _, second = begin(chats, ada, "Is this the second?")
    assert second > first  # a page that still shows the deleted chat does not write into this one


def test_a_message_that_is_empty_or_too_long_is_refused_and_starts_no_chat(chats):
    ada = device(chats)
    for message in (" ", "a" * 2001, None):
        with pytest.raises(AppError, match="up to 2000 characters"):
            ada.submit(message, 0, api_name="/send").result()
    assert ada.predict(0, api_name="/open")[0]["choices"] == [["New chat", 0]]


def test_a_model_that_fails_says_so_and_nobody_waits_for_ever(chats, capfd):
    def fail(*args, **options):
        raise RuntimeError("out of memory")

    chats.model.model.generate = fail
    try:
        with pytest.raises(AppError, match="The model has failed"):
            device(chats).submit("Are you there?", 0, api_name="/send").result(60)
    finally:
        del chats.model.model.generate
    assert "RuntimeError: out of memory" in capfd.readouterr().err  # whoever runs it reads why


def test_postgresql_makes_the_same_tables(chats):
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable

    tables = chats.Base.metadata.sorted_tables
    made = [str(CreateTable(table).compile(dialect=postgresql.dialect())) for table in tables]
    assert ["id SERIAL NOT NULL" in table for table in made] == [True, True]


# --- clean-up: what Gradio does -------------------------------------------------------------------


def keeper(deleted, **options):
    """A demo with a State that its `write` fills with the session hash."""

    def write(request: gr.Request):
        return request.session_hash

    with gr.Blocks() as demo:
        kept = gr.State(None, delete_callback=deleted, **options)
        gr.Button("Write").click(write, None, kept, api_name="write")
        gr.Button("Read").click(str, kept, gr.Textbox(label="Session"), api_name="read")
    return demo


def test_delete_callback_passes_over_what_was_never_written(serve):
    deleted = []
    app = serve(keeper(deleted.append, time_to_live=1))
    reader, writer = app.visitors(2)
    reader.predict(api_name="/read")
    writer.predict(api_name="/write")
    until(lambda: deleted, "the clean-up")
    assert deleted == [writer.session_hash]
    assert writer.predict(api_name="/read") == "None"  # lost by one who is still there


def test_a_closed_session_keeps_its_state_for_an_hour(serve):
    deleted = []
    app = serve(demo := keeper(deleted.append, time_to_live=1))
    leaver, stayer = app.visitors(2)
    leaver.predict(api_name="/write")
    leave(app, leaver.session_hash)
    session = demo.state_holder[leaver.session_hash]  # nothing public tells
    until(lambda: session.is_closed, "the server to see that the tab is closed")
    deleted.clear()  # on a slow machine the second was over before
    leaver.predict(api_name="/write")  # its last handler ends after it has left
    stayer.predict(api_name="/write")
    until(lambda: stayer.session_hash in deleted, "the clean-up of who stays")
    assert deleted == [stayer.session_hash]  # and not of the leaver, who wrote first
    assert session.STATE_TTL_WHEN_CLOSED == 3600


def test_eviction_and_the_end_of_the_server_call_nothing(serve):
    deleted = []
    app = serve(demo := keeper(deleted.append), state_session_capacity=1)
    early, late = app.visitors(2)
    early.predict(api_name="/write")
    late.predict(api_name="/write")  # takes the only place
    assert early.predict(api_name="/read") == "None"
    demo.close(verbose=False)
    assert deleted == []
    assert gr.routes.App.create_app(gr.Blocks()).state_holder.capacity == 10_000  # by default


def test_a_callback_that_raises_ends_all_clean_up(serve):
    tried, done = [], []

    def fragile(value):
        tried.append(value)
        raise OSError("no such folder")

    broken, sound = serve(keeper(fragile, time_to_live=0.5)), serve(keeper(done.append, time_to_live=0.5))
    first, second = broken.visitors(2)
    first.predict(api_name="/write")
    until(lambda: tried, "the first clean-up")
    second.predict(api_name="/write")
    for count, other in enumerate(sound.visitors(3), 1):  # three rounds of clean-up elsewhere
        other.predict(api_name="/write")
        until(lambda count=count: len(done) == count, "the sound clean-up")
    assert tried == [first.session_hash]  # the second session was never cleaned up
    assert "no such folder" not in broken.log()
    broken.app.close(verbose=False)
    until(lambda: "no such folder" in broken.log(), "the reason to be logged, when the server stops")


# --- clean-up: the recipe -------------------------------------------------------------------------

NOTES = "The kettle is in the kitchen.\nTrains to Sofia leave at noon.\nThe cat sleeps on the piano."


def test_new_notes_free_the_old_ones(imported):
    names = imported(NOTEBOOK, "clean-up")
    ada = visitor(names.demo)
    ada.predict(NOTES, api_name="/index")
    old = names.desks[ada.session_hash]
    vectors, folder = ref(old.vectors), Path(old.folder.name)
    ada.predict(NOTES, api_name="/index")
    assert vectors() is None
    assert not folder.exists()
    names.leave(gr.Request(username=None, session_hash=ada.session_hash))


def test_new_notes_wait_for_a_search_under_way(imported):
    names = imported(NOTEBOOK, "clean-up")
    ada = visitor(names.demo)
    ada.predict(NOTES, api_name="/index")
    with Gate().around((vars(names), "vector")) as gate:
        searching = ada.submit("Where can I make tea?", api_name="/search")
        gate.reached(1)
        indexing = ada.submit(NOTES, api_name="/index")
        assert gate.inside(of=2) == 1  # it would pull the notes from under the search
        gate.open()
        hits, _ = searching.result()
    assert len(hits["data"]) == 3
    assert indexing.result() == "3 notes indexed"
    names.leave(gr.Request(username=None, session_hash=ada.session_hash))


def test_an_api_caller_who_never_leaves_is_freed(imported, tmp_path):
    names = imported(NOTEBOOK, "clean-up")
    names.desk.time_to_live /= 600  # three seconds instead of half an hour
    caller = Browser(names.demo)
    caller.session = "../../etc"  # any text will do as a session hash
    made, desks = [], names.Desk.__init__
    names.Desk.__init__ = lambda desk, notes: (desks(desk, notes), made.append(desk))[0]
    assert caller.run("/index", NOTES)[0] == 200
    vectors, folder = ref(made[0].vectors), Path(made.pop().folder.name)
    assert folder.name.startswith("desk-")
    assert ".." not in folder.parts
    until(lambda: vectors() is None and not folder.exists(), "what it occupied to be freed")
