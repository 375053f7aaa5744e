"""Authentication: the attacks on each lock, limits that nobody reaches in the notebook, and apps behind a proxy."""

import base64
import contextlib
import io
import json
import re
import secrets
import threading
import time
import warnings
from unittest.mock import patch

import gradio as gr
import httpx
import pytest
from fastapi import FastAPI, Request
from gradio_client.exceptions import AppError
from itsdangerous import TimestampSigner
from starlette.middleware.sessions import SessionMiddleware

from gradio_patterns.testing import Browser, Provider, Relay, until, user, visitor

NOTEBOOK = "07_authentication"
PASSWORD = "tulips in april"
ADA = {"email": "ada@lab.example", "email_verified": True}
CLIENT = {"OIDC_CLIENT_ID": "demo", "OIDC_CLIENT_SECRET": "kept", "OIDC_DOMAIN": "lab.example"}
PROXY = "127.0.0.1"  # the only sender whose headers uvicorn believes, unless told otherwise
ELSEWHERE = "192.0.2.9"  # trusted in its place: then the proxy of this machine is not


@pytest.fixture
def members(imported, serve, monkeypatch, tmp_path):
    """The recipe `log-in` in this process, with a database of its own: its module, and where it answers."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/users.db")
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
    module = imported(NOTEBOOK, "log-in")
    return module, serve(module.app)


def enter(browser: Browser, password: str = PASSWORD, name: str = "admin", address: str = "") -> httpx.Response:
    """Log in, from an address as a proxy on this machine passes it on."""
    headers = {"x-forwarded-for": address} if address else {}
    return browser.post("/login", data={"username": name, "password": password}, headers=headers)


def config(url: str, **options) -> int:
    """What a program gets that asks for /config."""
    return httpx.get(f"{url.rstrip('/')}/config", timeout=60, **options).status_code


# --- Gradio's own auth ---


def members_only() -> gr.Blocks:
    with gr.Blocks() as demo:
        gr.Markdown("Members only")
    return demo


def test_auth_pair_is_readable_in_the_server(serve):
    demo = members_only()
    serve(demo, auth=("ada", "tulip-42"))
    assert demo.server_app.auth == {"ada": "tulip-42"}


def test_restart_logs_everybody_out_of_gradios_auth(serve):
    demo = members_only()
    with Browser(serve(demo, auth=("ada", "tulip-42"))) as ada:
        assert ada.post("/login", data={"username": "ada", "password": "tulip-42"}).status_code == 200
        assert ada.get("/config").status_code == 200
        cookies = dict(ada.cookies)
    demo.close(verbose=False)
    assert config(serve(demo, auth=("ada", "tulip-42")).url, cookies=cookies) == 401


def test_auth_function_learns_two_texts(serve):
    asked = []
    app = serve(members_only(), auth=lambda *given: asked.append(given) or given == ("ada", "tulip-42"))
    robber = Browser(app)
    words = [*(f"guess-{n}" for n in range(30)), "tulip-42"]
    answers = [robber.post("/login", data={"username": "ada", "password": word}).status_code for word in words]
    assert answers == 30 * [400] + [200]
    assert set(map(len, asked)) == {2}  # all that it can count by is the name


def test_stranger_may_open_and_leave_a_session(serve):
    left = threading.Event()
    demo = members_only()
    with demo:
        demo.unload(left.set)
    app = serve(demo, auth=("ada", "tulip-42"))
    with httpx.stream("GET", f"{app.url}gradio_api/heartbeat/x", timeout=60) as session:  # without a cookie
        next(session.iter_lines())
    assert session.status_code == 200
    until(left.is_set, "the unload handler to run for nobody")


def test_each_path_has_an_auth_of_its_own(serve):
    doors = FastAPI()
    for path, auth in {"/ada": ("ada", "tulip-42"), "/bob": ("bob", "rose-7"), "/all": None}.items():
        gr.mount_gradio_app(doors, members_only(), path=path, auth=auth)
    ada = Browser(serve(doors).origin)
    ada.post("/ada/login", data={"username": "ada", "password": "tulip-42"})
    opened = {path: ada.get(f"{path}/config").status_code for path in ("/ada", "/bob", "/all")}
    assert opened == {"/ada": 200, "/bob": 401, "/all": 200}


# --- log-in ---


def test_log_in_hides_what_it_keeps(members):
    module, app = members
    admin = Browser(app.origin)
    cookie = enter(admin).headers["set-cookie"]
    flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", f"max-age={module.SECONDS}"} <= flags
    with module.engine.connect() as db:
        tables = [db.execute(module.select(table)).all() for table in (module.users, module.logins)]
    assert PASSWORD not in str(tables)
    assert admin.cookies[module.COOKIE] not in str(tables)
    assert "$argon2id$" in str(tables)


def test_log_in_does_the_same_work_for_unknown_names(members):
    module, app = members
    verified = []

    class Counting(type(module.hasher)):
        def verify(self, *args):
            verified.append(args[0].rpartition("$")[0].rpartition("$")[0])  # the parameters, which decide the time
            return super().verify(*args)

    module.hasher = Counting(time_cost=2, memory_cost=19456, parallelism=1)
    refusals = {(answer.status_code, answer.text) for name in ("admin", "nobody") for answer in [guess(app, name)]}
    assert len(refusals) == 1  # same answer
    assert len(verified) == 2
    assert len(set(verified)) == 1


def guess(app, name: str) -> httpx.Response:
    return enter(Browser(app.origin), "guess", name)


def test_log_in_refuses_every_attack(members):
    module, app = members
    admin = Browser(app.origin)
    enter(admin)
    copied = {module.COOKIE: admin.cookies[module.COOKIE]}  # kept by a thief
    assert config(app.url, cookies=copied) == 200
    admin.get("/logout")
    assert admin.get("/members/").status_code == 303  # a person is shown the way
    calls = [("POST", f"gradio_api/{path}", {"data": ["a"]}) for path in ("queue/join", "run/whole", "call/whole")]
    paths = [("GET", "config"), ("GET", "gradio_api/info"), ("GET", "gradio_api/file=users.db")]
    tries = Browser(app).attack([*paths, *calls, ("POST", "gradio_api/upload")])
    tries["cookie copied before the logout"] = config(app.url, cookies=copied)
    tries["made-up cookie"] = config(app.url, cookies={module.COOKIE: "x" * 43})
    with module.engine.begin() as db:
        late = {"digest": module.digest("late"), "name": "admin", "expires": time.time() - 1}
        db.execute(module.logins.insert().values(late))
    tries["expired session"] = config(app.url, cookies={module.COOKIE: "late"})
    assert tries == dict.fromkeys(tries, 401)
    # Without Gradio's check; with made-up ids nothing happens.
    ids = {"event_id": "x", "session_hash": "x", "fn_index": 0, "data": []}
    unlocked = [("POST", "gradio_api/cancel", ids), ("POST", "gradio_api/stream/x", ids)]
    unlocked.append(("GET", "gradio_api/heartbeat/x"))
    assert list(Browser(app).attack(unlocked).values()) == [200, 404, 200]


def test_empty_text_is_refused_in_words(members):
    _, app = members
    admin, no = Browser(app.origin), (500, "Type a text first.")
    enter(admin)
    for text in ("", " ", None):
        assert admin.run("/sample", text) == admin.run("/whole", text, path="/members") == no


def test_log_in_forgets_expired_sessions_and_keeps_the_others(members):
    module, app = members
    enter(other := Browser(app.origin))
    with module.engine.begin() as db:
        late = {"digest": module.digest("late"), "name": "admin", "expires": time.time() - 1}
        db.execute(module.logins.insert().values(late))
    enter(Browser(app.origin))
    with module.engine.connect() as db:
        kept = db.scalars(module.select(module.logins.c.digest)).all()
    assert len(kept) == 2
    assert module.digest("late") not in kept
    assert module.digest(other.cookies[module.COOKIE]) in kept


def test_log_in_limits_by_pair_name_and_address(members):
    module, app = members
    robber = Browser(app.origin)

    def tried(count: int, name: str = "{}", address: str = "192.0.2.1") -> list[int]:
        module.limiter.storage.reset()
        return [enter(robber, "guess", name.format(n), address.format(n)).status_code for n in range(count)]

    assert tried(30, name="admin") == 5 * [401] + 25 * [429]
    assert tried(30) == 20 * [401] + 10 * [429]  # many names from one address
    assert tried(40, name="admin", address="198.51.100.{}") == 30 * [401] + 10 * [429]  # one name, many addresses


@pytest.mark.parametrize(("trusted", "others_enter"), [(PROXY, True), (ELSEWHERE, False)])
def test_log_in_limits_hold_behind_a_proxy_that_is_trusted(program, trusted, others_enter):
    app = program(NOTEBOOK, "log-in", ADMIN_PASSWORD=PASSWORD, FORWARDED_ALLOW_IPS=trusted)
    browser = Browser(app.origin)
    for n in range(6):
        wrong = enter(browser, f"guess-{n}", address="203.0.113.7, 192.0.2.1")
    assert wrong.status_code == 429
    assert (enter(browser, address="192.0.2.2").status_code == 303) is others_enter  # else all visitors are one


def test_log_in_trusts_whoever_comes_if_told_so(program):
    app = program(NOTEBOOK, "log-in", ADMIN_PASSWORD=PASSWORD, FORWARDED_ALLOW_IPS="*")
    robber = Browser(app.origin)
    guesses = [enter(robber, f"{n}", address=f"203.0.113.{n}, 192.0.2.1").status_code for n in range(10)]
    assert guesses == 10 * [401]  # an address of their own choice for each: no limit


# --- single-sign-on ---


@pytest.fixture
def keycloak():
    eve = user("eve", email="eve@else.example", email_verified=True)
    bob = user("bob", email="bob@lab.example", email_verified=False)
    with Provider(user("ada", **ADA), eve, bob) as provider:
        yield provider


@pytest.fixture
def staff(imported, serve, monkeypatch, keycloak):
    """The recipe `single-sign-on` in this process: its module, and where it answers."""
    for name, value in {"OIDC_ISSUER": keycloak.url, **CLIENT}.items():
        monkeypatch.setenv(name, value)
    module = imported(NOTEBOOK, "single-sign-on")
    return module, serve(module.app)


def session_of(browser: Browser) -> dict[str, str]:
    return {"staff-session": browser.cookies["staff-session"]}


def test_single_sign_on_sends_what_protects_it(staff):
    module, app = staff
    first = Browser(app.origin).get("/login")
    sent = httpx.URL(first.headers["location"]).params
    assert {"state", "nonce", "code_challenge"} <= set(sent)
    assert sent["code_challenge_method"] == "S256"
    cookie = first.headers["set-cookie"].lower()
    assert all(flag in cookie for flag in ("httponly", "secure", "samesite=lax", f"max-age={module.SECONDS}"))


def test_single_sign_on_refuses_every_attack(staff, keycloak):
    module, app = staff
    robber, ada = Browser(app.origin), Browser(app.origin)
    assert robber.get("/staff/").status_code == 303
    page, _ = keycloak.log_in(ada, "ada")
    callback = next(step.url for step in page.history if step.url.path == "/callback")
    state = httpx.URL(robber.get("/login").headers["location"]).params["state"]
    question = ada.get("/login").headers["location"]  # the provider knows her and asks nothing
    code = httpx.URL(ada.get(question).headers["location"]).params["code"]
    tries = {
        "header": config(app.url, headers={"x-forwarded-user": "ada@lab.example"}),
        "callback without a log-in": Browser(app.origin).get("/callback?code=x&state=y").status_code,
        "callback a second time": ada.get(callback).status_code,
        "callback in another browser": robber.get(callback).status_code,
        "somebody's code with an own state": robber.get("/callback", params={"code": code, "state": state}).status_code,
        "account of another domain": keycloak.log_in(Browser(app.origin), "eve")[0].status_code,
        "address that nobody verified": keycloak.log_in(Browser(app.origin), "bob")[0].status_code,
    }
    assert list(tries.values()) == [401, 400, 400, 400, 400, 403, 403]
    assert len(module.sessions) == 1


def test_single_sign_on_says_what_is_missing(staff, keycloak):
    module, app = staff
    ada = Browser(app.origin)
    with patch.dict(module.settings, OIDC_CLIENT_SECRET=""):
        answer = ada.get("/login")
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "Single sign-on is not set up: set OIDC_CLIENT_SECRET.",
    )
    keycloak.stop()
    answer = ada.get("/login")
    assert (answer.status_code, answer.json()["detail"]) == (503, "The provider does not answer. Try again later.")
    keycloak.start()
    assert keycloak.log_in(ada, "ada")[0].url.path == "/staff/"  # as soon as it is back


def test_single_sign_on_session_ends(staff, keycloak):
    module, app = staff
    keycloak.log_in(ada := Browser(app.origin), "ada")
    assert config(app.url, cookies=session_of(ada)) == 200
    next(iter(module.sessions.values()))["expires"] = time.time() - 1
    assert config(app.url, cookies=session_of(ada)) == 401


def test_single_sign_on_forgets_expired_sessions_and_keeps_the_others(staff, keycloak):
    module, app = staff
    keycloak.log_in(first := Browser(app.origin), "ada")
    keycloak.log_in(second := Browser(app.origin), "ada")
    expired, living = module.sessions
    module.sessions[expired]["expires"] = time.time() - 1
    keycloak.log_in(Browser(app.origin), "ada")
    assert len(module.sessions) == 2
    assert expired not in module.sessions
    assert living in module.sessions
    assert [config(app.url, cookies=session_of(browser)) for browser in (first, second)] == [401, 200]


def test_logout_from_the_demo_alone_is_undone_by_the_next_click(staff, keycloak):
    module, app = staff
    keycloak.log_in(ada := Browser(app.origin), "ada")
    module.sessions.clear()
    page, asked = keycloak.log_in(ada, "ada")
    assert page.url.path == "/staff/"
    assert not asked


def test_single_sign_on_logs_out_where_the_provider_cannot(staff, keycloak):
    module, app = staff
    keycloak.log_in(ada := Browser(app.origin), "ada")
    left, client = session_of(ada), module.oauth.provider
    metadata = {key: value for key, value in client.server_metadata.items() if key != "end_session_endpoint"}
    with patch.object(client, "server_metadata", metadata):
        answer = ada.get("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert config(app.url, cookies=left) == 401


@pytest.mark.parametrize(("trusted", "scheme"), [(PROXY, "https"), (ELSEWHERE, "http")])
def test_single_sign_on_addresses_behind_a_proxy(program, keycloak, trusted, scheme):
    app = program(NOTEBOOK, "single-sign-on", OIDC_ISSUER=keycloak.url, FORWARDED_ALLOW_IPS=trusted, **CLIENT)
    through_proxy = {"host": "demo.lab.example", "x-forwarded-proto": "https"}
    sent = httpx.get(f"{app.origin}/login", headers=through_proxy, timeout=60).headers["location"]
    assert httpx.URL(sent).params["redirect_uri"] == f"{scheme}://demo.lab.example/callback"
    keycloak.log_in(ada := Browser(app.origin), "ada")
    goodbye = ada.get("/logout", headers=through_proxy)
    home = httpx.URL(goodbye.headers["location"]).params["post_logout_redirect_uri"]
    assert home == f"{scheme}://demo.lab.example/"


# --- who-may-do-what ---


@pytest.fixture
def board(imported, serve):
    """The recipe `who-may-do-what` in this process: its module, and where it answers."""
    module = imported(NOTEBOOK, "who-may-do-what")
    return module, serve(module.app)


def ticket_holder(module, app, name: str) -> Browser:
    browser = Browser(app.origin)
    browser.get(f"/enter?ticket={module.tickets.dumps(name)}")
    return browser


@contextlib.contextmanager
def signed_long_ago(seconds: float):
    """What is signed meanwhile looks that old."""
    then = int(time.time() - seconds)
    with patch.object(TimestampSigner, "get_timestamp", lambda self: then):
        yield


def test_ticket_is_good_for_a_quarter_of_an_hour(board):
    module, app = board
    answers = []
    for age in (800, 1000):
        with signed_long_ago(age):
            ticket = module.tickets.dumps("ada")
        answers.append(Browser(app.origin).get(f"/enter?ticket={ticket}"))
    assert [answer.status_code for answer in answers] == [303, 403]
    assert answers[1].json()["detail"] == "This ticket is too old or not ours. Ask for a new one."


def test_cookie_of_a_ticket_ends_and_is_hidden_from_scripts(board):
    module, app = board
    entered = Browser(app.origin).get(f"/enter?ticket={module.tickets.dumps('ada')}")
    flags = {flag.strip().lower() for flag in entered.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", f"max-age={module.SECONDS}"} <= flags
    opened = []
    for age in (module.SECONDS - 100, module.SECONDS + 100):
        with signed_long_ago(age):
            cookie = module.cookies.dumps("ada")
        opened.append(config(f"{app.origin}/audit", cookies={module.BOARD: cookie}))
    assert opened == [200, 401]


def test_rights_hold_against_every_attack(board):
    module, app = board
    guest, bob, ada = Browser(app.origin), ticket_holder(module, app, "bob"), ticket_holder(module, app, "ada")
    assert guest.run("/propose", "Colourless green ideas sleep.")[0] == 200
    assert guest.run("/propose", " ") == (500, "Write a sentence first.")
    assert guest.run("/review") == (500, "You may not review. Ask an editor.")
    for person in (guest, bob):
        assert person.run("/publish", 1) == (500, "You may not publish. Ask an editor.")
    for number in (99, 0, None):
        assert ada.run("/publish", number) == (500, "There is no proposal with this number.")
    with patch.dict(module.MAY, ada=set()):  # a right is taken away: at once
        assert ada.run("/publish", 1)[0] == 500
    assert "Colourless" not in guest.get("/config").text  # hidden tabs hold no data
    forged = "ImFkYSI." + module.cookies.dumps("bob").partition(".")[2]  # "ada"
    for cookie in (forged, module.tickets.dumps("ada")):  # a ticket is no cookie
        assert config(f"{app.origin}/audit", cookies={module.BOARD: cookie}) == 401
    assert guest.get(f"/enter?ticket={module.cookies.dumps('ada')}").status_code == 403  # nor a cookie a ticket
    assert [person.get("/audit/").status_code for person in (guest, bob, ada)] == [401, 401, 200]


def test_an_open_form_does_not_fill_the_memory(board):
    module, app = board
    module.proposed.extend(["guest", f"{n}"] for n in range(500))
    assert Browser(app.origin).run("/propose", "x" * 1000)[0] == 200
    assert len(module.proposed) == 100
    assert module.proposed[-1] == ["guest", 300 * "x"]


def test_two_apps_with_one_cookie_name_log_each_other_out(serve):
    def app_of_its_own() -> FastAPI:
        app = FastAPI()
        app.add_middleware(SessionMiddleware, secret_key=secrets.token_urlsafe())  # its cookie's name: session

        @app.get("/enter")
        def enter_as_ada(request: Request):
            request.session["name"] = "ada"

        @app.get("/")
        def name(request: Request):
            return request.session.get("name")

        return app

    first, second = (serve(app_of_its_own()).origin for _ in range(2))  # two ports
    ada = Browser()
    ada.get(f"{first}/enter")
    assert ada.get(first).json() == "ada"
    ada.get(f"{second}/enter")
    assert ada.get(first).json() is None


# --- api-keys ---


@pytest.fixture
def keyed(imported, serve, monkeypatch, tmp_path):
    """The recipe `api-keys` in this process: its module, where it answers, and a browser with the key of admin."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/keys.db")
    monkeypatch.setenv("ADMIN_KEY", "kept in a vault")
    module = imported(NOTEBOOK, "api-keys")
    app = serve(module.app)
    return module, app, with_key(app, "kept in a vault")


def with_key(app, key: str) -> Browser:
    return Browser(f"{app.origin}/v1/", headers={"Authorization": f"Bearer {key}"})


def test_keys_hold_against_every_attack(keyed):
    module, app, admin = keyed
    _, nightly = admin.run("/create_key", "nightly")
    with module.database.connect() as db:
        stored = str(db.execute(module.select(module.keys)).all())
    assert "nightly" in stored
    assert nightly not in stored
    script = with_key(app, nightly)
    assert script.run("/measure", "a")[0] == 200
    assert Browser(f"{app.origin}/v1/").run("/measure", "a")[0] == 401
    for key in ("time_" + "x" * 43, module.digest(nightly)):  # a made-up one, the stored digest
        assert with_key(app, key).run("/measure", "a")[0] == 401
    only_admin = (500, "Only the key of admin may do this.")
    assert script.run("/create_key", "eve") == script.run("/revoke_key", "admin") == only_admin
    assert admin.run("/create_key", " ") == (500, "Say whose key it is.")
    assert admin.run("/create_key", "nightly") == (500, "nightly has a key. Revoke it first.")
    assert admin.run("/revoke_key", "nightly") == (200, True)
    assert script.run("/measure", "a")[0] == 401


def test_every_way_to_start_work_is_counted(keyed):
    _, app, admin = keyed
    with pytest.raises(httpx.HTTPStatusError, match="429 Too Many Requests") as error:
        script = visitor(f"{app.origin}/v1/", headers=dict(admin.headers))
        for _ in range(200):
            script.predict("a", api_name="/measure")
    assert "Try again in" in error.value.response.json()["detail"]
    ways = ["run/measure", "api/measure", "call/measure", "call/v2/measure", "queue/join", "upload"]
    for way in [*ways, "process_recording", "component_server"]:
        body = {"data": ["a"], "session_hash": "x"}
        # Tokens come back while the others are tried.
        assert any(admin.post(f"/gradio_api/{way}", json=body).status_code == 429 for _ in range(60)), way


@pytest.mark.parametrize(("trusted", "others_call"), [(PROXY, True), (ELSEWHERE, False)])
def test_visitors_have_calls_of_their_own_behind_a_proxy_that_is_trusted(program, trusted, others_call):
    app = program(NOTEBOOK, "api-keys", FORWARDED_ALLOW_IPS=trusted)
    first, second = (Browser(app.origin, headers={"x-forwarded-for": f"192.0.2.{n}"}) for n in (1, 2))
    begin, answers = time.monotonic(), []
    while 429 not in answers and len(answers) < 60:
        answers.append(first.run("/sample", "a")[0])
    assert 5 <= answers.count(200) <= 6 + (time.monotonic() - begin) / 12
    assert (second.run("/sample", "a")[0] == 200) is others_call


# --- hugging-face-login ---


def test_off_a_space_everybody_signs_in_as_the_developer(serve):
    def build() -> gr.Blocks:
        with gr.Blocks() as demo:
            gr.LoginButton()
            gr.api(greet, api_name="greet")
        return demo

    def greet(profile: gr.OAuthProfile | None) -> str:
        return profile.username if profile else "nobody"

    account = {"type": "user", "name": "developer", "fullname": "Me", "avatarUrl": ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with (
            patch("gradio.oauth.get_token", return_value=None),
            pytest.raises(ValueError, match=r"^Your machine must be logged in to HF to debug"),
        ):
            build()
        with patch("gradio.oauth.get_token", return_value="hf_x"), patch("gradio.oauth.whoami", return_value=account):
            app = serve(build())
    stranger = Browser(app)
    assert stranger.run("/greet") == (200, "nobody")
    stranger.get("/login/huggingface", follow_redirects=True)
    assert stranger.run("/greet") == (200, "developer")  # one click, and the stranger is you


@pytest.fixture
def space(program):
    with Provider("ada", "eve") as hub:
        yield hub, program(NOTEBOOK, "hugging-face-login", **hub.space(MEMBERS="ada"))


def test_space_holds_against_every_attack(space):
    hub, app = space
    ada, eve = Browser(app), Browser(app)
    hub.log_in(ada, "ada", "/login/huggingface")
    assert ada.call("/greet")[2] == "Signed in as ada"
    signed = ada.cookies["session"]
    forged = Browser(app, cookies={"session": signed[:-6] + "AAAAAA"})
    assert forged.call("/whole", "a") == (200, "error", "Sign in with Hugging Face first.")
    assert Browser(app).call("/whole", "a", oauth_token="made up")[1] == "error"  # a token is no profile
    assert ada.run("/sample", "a")[0] == 404  # on a Space nothing goes past the queue
    hub.log_in(eve, "eve", "/login/huggingface")
    copied = Browser(app, cookies={"session": eve.cookies["session"]})
    eve.get("/logout", follow_redirects=True)
    assert "session" not in eve.cookies
    # The cookie is the session: a copy of it lives until the Hub's token expires.
    assert copied.call("/greet") == (200, "complete", "Signed in as eve")


def test_script_passes_a_token_that_the_hub_knows(space):
    hub, app = space
    hub.log_in(ada := Browser(app), "ada", "/login/huggingface")
    assert ada.call("/hub_name")[2] == "ada"
    session = json.loads(base64.b64decode(ada.cookies["session"].partition(".")[0]))  # signed, and readable
    token = session["oauth_info"]["access_token"]
    assert visitor(app.url, oauth_token=token).predict(api_name="/hub_name") == "ada"


def test_hugging_face_login_has_the_hub_refuse_a_made_up_token(space):
    _, app = space
    with pytest.raises(AppError, match="The Hub refuses your token"):
        visitor(app.url, oauth_token="made up").predict(api_name="/hub_name")


def test_space_builds_its_own_address_behind_any_proxy(program):
    with Provider("ada") as hub:
        env = hub.space(SPACE_HOST="ada-demo.hf.space", FORWARDED_ALLOW_IPS=ELSEWHERE)
        app = program(NOTEBOOK, "hugging-face-login", **env)
        sent = Browser(app).get("/login/huggingface").headers["location"]
    redirect = httpx.URL(sent).params["redirect_uri"]
    assert redirect.startswith("https://ada-demo.hf.space/login/callback")


# --- share-safely ---


def test_environment_publishes_a_demo_that_says_nothing_of_it(monkeypatch):
    monkeypatch.setenv("GRADIO_SHARE", "True")
    demo, printed = members_only(), io.StringIO()
    with (
        patch("gradio.networking.setup_tunnel", lambda local_host, local_port, *_, **__: "http://public.example"),
        contextlib.redirect_stdout(printed),
    ):
        demo.launch(inline=False, quiet=True, prevent_thread_lock=True)
        address = demo.share_url
        demo.share = False  # nothing to tear down
        demo.close(verbose=False)
    assert "* Running on public URL: https://public.example" in printed.getvalue()
    assert address == "https://public.example"


def test_relay_of_a_share_link_can_visit_too(serve):
    app = serve(members_only(), auth=("ada", "tulip-42"))
    with Relay(app) as relay:
        Browser(relay.url).post("/login", data={"username": "ada", "password": "tulip-42"})
        stolen = re.search(r"(access-token-unsecure-[^=]*)=([^;\s]*)", relay.overheard)
        assert config(app.url) == 401
        assert config(app.url, cookies={stolen[1]: stolen[2]}) == 200


@pytest.fixture
def invitations(imported, serve):
    """The recipe `share-safely` in this process: its module, where it answers, and the owner's browser."""
    module = imported(NOTEBOOK, "share-safely")
    app = serve(module.app)
    owner = Browser(app.origin)
    assert owner.post(f"/enter?invitation={module.OWNER}").status_code == 303
    return module, app, owner


def run(browser: Browser, api_name: str, *data):
    return browser.run(api_name, *data, path="/demo")


def test_invitation_holds_against_every_attack(invitations):
    _, app, owner = invitations
    grace, stranger, kept = Browser(app.origin), Browser(app.origin), Browser(app.origin)
    first, second = (run(owner, "/invite", "Grace", 4)[1] for _ in range(2))
    entered = grace.post(first)
    cookie = entered.headers["set-cookie"].lower()
    assert all(flag in cookie for flag in ("httponly", "secure", "samesite=lax", "max-age=14"))  # of nearly 4 hours
    assert grace.post(first).status_code == stranger.post(first).status_code == 403
    assert "set-cookie" not in stranger.get(second).headers  # a preview
    only_owner = (500, "Only the owner of the demo may do this.")
    assert run(grace, "/invite", "Mallory", 4) == run(grace, "/withdraw", "owner") == only_owner
    assert [run(stranger, "/measure", "a")[0], stranger.get("/demo/").status_code] == [401, 401]
    kept.cookies.update(dict(grace.cookies))
    assert run(kept, "/measure", "a")[0] == 200
    assert run(owner, "/withdraw", "Grace") == (200, "2 withdrawn")  # her stay and the second link
    assert [run(browser, "/measure", "a")[0] for browser in (grace, kept)] == [401, 401]
    assert stranger.post(second).status_code == 403
    assert run(owner, "/withdraw", "owner") == (200, "0 withdrawn")
    assert run(owner, "/look")[0] == 200


def test_invitation_opened_by_somebody_else_can_be_withdrawn(invitations):
    _, app, owner = invitations
    _, link = run(owner, "/invite", "Grace", 4)
    thief = Browser(app.origin)
    assert [thief.post(link).status_code, Browser(app.origin).post(link).status_code] == [303, 403]
    assert run(owner, "/withdraw", "Grace") == (200, "1 withdrawn")
    assert run(thief, "/measure", "a")[0] == 401


def test_links_and_stays_end(invitations):
    module, app, owner = invitations
    past = time.time() - 1
    ended = module.admit(module.visits, "Grace", past)
    assert config(f"{app.origin}/demo", cookies={module.INVITED: ended}) == 401
    link = module.admit(module.links, "Grace", past)
    assert Browser(app.origin).post(f"/enter?invitation={link}").status_code == 403
    module.visits[module.digest(owner.cookies[module.INVITED])] = ("owner", past)
    assert run(owner, "/look")[0] == 401
    owner.post(f"/enter?invitation={module.OWNER}")  # works as often as needed
    assert run(owner, "/look")[0] == 200
    assert min(end for _, end in module.visits.values()) > time.time()  # what has ended is forgotten


def test_owner_is_told_what_cannot_be(invitations):
    _, _, owner = invitations
    for name in ("", "owner"):
        assert run(owner, "/invite", name, 4) == (500, "Say who is invited.")
    for hours in (0, -1, 25, None):
        assert run(owner, "/invite", "Grace", hours) == (500, "Choose up to 24 hours.")


def test_strangers_knock_and_do_not_fill_the_memory(invitations):
    module, app, owner = invitations
    stranger = Browser(app.origin)
    assert stranger.run("/knock", " ") == (500, "Say who you are and how to reach you.")
    assert stranger.run("/knock", 1000 * "x") == (200, "The owner has been told.")
    module.knocks.extend(f"{n}" for n in range(100))
    assert len(module.knocks) == 50
    assert stranger.run("/knock", "Grace") == (200, "The owner has been told.")
    assert run(owner, "/look")[1][1].endswith("Grace")
