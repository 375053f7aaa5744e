"""An OpenID provider on this machine, for apps that let people in by single sign-on, or by Hugging Face.

    with Provider(user("ada", email="ada@lab.example", email_verified=True), "eve") as provider:
        os.environ["OIDC_ISSUER"] = provider.url
        page, asked = provider.log_in(Browser(app.origin), "ada")

    with Provider("ada", "eve") as hub, Program(demo, env=hub.space(MEMBERS="ada")) as space:
        hub.log_in(Browser(space), "ada", "/login/huggingface")

It is `oidc-provider-mock`, a real one in all that a client sees, with what that leaves out: it verifies PKCE, remembers
in a cookie who has logged in, and answers the Hub's `whoami`. It takes any client, any secret and no password.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import secrets
import threading
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from .waiting import free_port

if TYPE_CHECKING:
    import flask
    import httpx
    from flask.typing import ResponseReturnValue
    from oidc_provider_mock import User

COOKIE = "provider-session"
INSIDE = "gradio_patterns.inside"  # marks, in a request's environment, what the provider asks itself


def user(sub: str, **claims: Any) -> User:
    """Somebody with an account: with the profile that Hugging Face would give, and these claims."""
    picture = {"profile": f"https://huggingface.co/{sub}", "picture": ""}
    return _library().User(sub=sub, claims={"name": sub.title(), "preferred_username": sub, **picture, **claims})


class Provider:
    """An OpenID provider, for the time of a with statement, or from `start()` to `stop()`.

    users: who has an account, as `user(...)` or by name alone. Started again after a `stop()`, it has the same address
    and still knows everybody, as after an outage.

    url: its address, the issuer. requests: what it was asked, as "METHOD /path".
    """

    def __init__(self, *users: User | str):
        self._users = {one.sub: one for one in (user(u) if isinstance(u, str) else u for u in users)}
        self.requests: list[str] = []
        self._port = free_port()
        self.url = f"http://localhost:{self._port}"
        self._app = _library().app(require_nonce=True, user_claims=tuple(self._users.values()))
        self._challenges: dict[str, str] = {}
        self._complete()

    def start(self) -> Provider:
        """Start it. Raises `OSError` if its port has been taken meanwhile."""
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Quiet(WSGIRequestHandler):
            def log(self, type: str, message: str, *args: Any) -> None:
                """Say nothing: it would of every request."""

        logging.getLogger("oidc_provider_mock").setLevel(logging.CRITICAL)  # it warns of what an attack tries
        self._server = make_server("localhost", self._port, self._app, threaded=True, request_handler=Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop it; nobody answers at its address until it is started again."""
        if hasattr(self, "_server"):
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(10)

    def __enter__(self) -> Provider:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def log_in(self, browser: httpx.Client, sub: str, path: str = "/login") -> tuple[httpx.Response, bool]:
        """Go through the log-in that begins at `path` of an app; where it ends, and whether the provider had to ask."""
        page = browser.get(path, follow_redirects=True)
        asked = str(page.url).startswith(f"{self.url}/oauth2/authorize")
        if asked:
            page = browser.post(page.url, data={"sub": sub}, follow_redirects=True)
        return page, asked

    def space(self, **env: str) -> dict[str, str]:
        """The environment of a Space that asks this provider in place of huggingface.co; `env` is more of it."""
        return {
            **{"SYSTEM": "spaces", "SPACE_ID": "ada/demo", "OAUTH_SCOPES": "openid profile"},
            **{"OAUTH_CLIENT_ID": "space", "OAUTH_CLIENT_SECRET": secrets.token_urlsafe()},
            **{"OPENID_PROVIDER_URL": self.url, "HF_ENDPOINT": self.url, "HF_HUB_OFFLINE": "0"},
            **{"GRADIO_SERVER_NAME": "127.0.0.1", **env},
        }

    def _complete(self) -> None:
        """Add what the library leaves out."""
        import flask

        app, request = self._app, flask.request

        @app.before_request
        def before() -> ResponseReturnValue | None:
            if INSIDE in request.environ:
                return None
            self.requests.append(f"{request.method} {request.path}")
            if request.path == "/oauth2/token":
                challenge = self._challenges.get(request.form.get("code", ""))
                if challenge and challenge != _challenge(request.form.get("code_verifier", "")):
                    return {"error": "invalid_grant", "error_description": "PKCE"}, 400
            known = request.cookies.get(COOKIE)
            if self.requests[-1] == "GET /oauth2/authorize" and known and request.args.get("prompt") != "login":
                again = self._ask_itself("POST", request.full_path, data={"sub": known})
                return flask.redirect(again.location) if again.location else None
            return None

        @app.get("/api/whoami-v2")
        def whoami() -> ResponseReturnValue:
            answer = self._ask_itself("GET", "/userinfo", headers=dict(request.headers))
            if answer.status_code != 200:
                return {"error": "Invalid username or password."}, 401  # as the Hub has it
            return {"type": "user", "name": answer.json["sub"]}

        @app.after_request
        def after(answer: flask.Response) -> flask.Response:
            sub = request.form.get("sub", "")
            if (request.method, request.path) == ("POST", "/oauth2/authorize") and sub:
                if sub in self._users:  # a text, as Hugging Face has it: Gradio's LoginButton fails on a list
                    self._users[sub].claims["aud"] = request.args.get("client_id", "")
                for code in parse_qs(urlsplit(answer.location or "").query).get("code", ()):
                    self._challenges[code] = request.args.get("code_challenge", "")
                    answer.set_cookie(COOKIE, sub, httponly=True, samesite="Lax")
            if request.path == "/oauth2/end_session/confirm":
                answer.delete_cookie(COOKIE)
            return answer

    def _ask_itself(self, method: str, path: str, **options: Any) -> Any:
        return self._app.test_client().open(
            path, method=method, base_url=self.url, environ_overrides={INSIDE: True}, **options
        )


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _library() -> Any:
    """`oidc_provider_mock`, imported without its libraries' warnings of each other's old names.

    Raises `ModuleNotFoundError`, with how to get it.
    """
    try:
        with warnings.catch_warnings():
            import_module("authlib.deprecate")  # switches its own warnings on
            warnings.simplefilter("ignore")
            return import_module("oidc_provider_mock")
    except ModuleNotFoundError as error:
        how = 'pip install "gradio-patterns[testing]"'
        raise ModuleNotFoundError(f"{error.name} is not installed. Get it with: {how}", name=error.name) from error
