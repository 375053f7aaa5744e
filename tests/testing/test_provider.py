"""`gradio_patterns.testing.Provider`: what a client sees of it, and what it adds to oidc-provider-mock."""

import base64
import hashlib
import json
import secrets
import sys

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import RedirectResponse

from gradio_patterns.testing.browser import Browser
from gradio_patterns.testing.provider import Provider, user
from gradio_patterns.testing.serving import serve

VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
HOME = "http://127.0.0.1:9/callback"


@pytest.fixture
def provider():
    with Provider(user("ada", email="ada@lab.example", email_verified=True), "eve") as running:
        yield running


def question(provider: Provider, **more: str) -> str:
    """The address where an app sends a browser to log in."""
    asked = {"response_type": "code", "client_id": "app", "redirect_uri": HOME, "scope": "openid email profile"}
    asked |= {"nonce": secrets.token_urlsafe(), "state": "x", "code_challenge": CHALLENGE, **more}
    return str(httpx.URL(f"{provider.url}/oauth2/authorize", params={**asked, "code_challenge_method": "S256"}))


def code_of(answer: httpx.Response) -> str:
    return httpx.URL(answer.headers["location"]).params["code"]


def exchange(provider: Provider, code: str, verifier: str = VERIFIER) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": HOME, "code_verifier": verifier}
    return httpx.post(f"{provider.url}/oauth2/token", data=form, auth=("app", "secret"))


def claims(id_token: str) -> dict:
    part = id_token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_user_gets_a_token_with_the_claims_that_were_given(provider):
    code = code_of(Browser().post(question(provider), data={"sub": "ada"}))
    token = exchange(provider, code).json()
    told = claims(token["id_token"])
    assert (told["iss"], told["aud"], told["sub"]) == (provider.url, "app", "ada")
    assert (told["email"], told["email_verified"]) == ("ada@lab.example", True)
    assert (told["name"], told["preferred_username"]) == ("Ada", "ada")
    assert provider.requests == ["POST /oauth2/authorize", "POST /oauth2/token"]


@pytest.mark.parametrize("verifier", ["", "another", CHALLENGE], ids=["none", "another", "the challenge itself"])
def test_wrong_verifier_gets_no_token(provider, verifier):
    code = code_of(Browser().post(question(provider), data={"sub": "ada"}))
    refused = exchange(provider, code, verifier)
    assert (refused.status_code, refused.json()) == (400, {"error": "invalid_grant", "error_description": "PKCE"})


def test_code_without_a_challenge_needs_no_verifier(provider):
    code = code_of(Browser().post(question(provider, code_challenge=""), data={"sub": "ada"}))
    assert exchange(provider, code, "").status_code == 200


def test_browser_that_is_logged_in_is_not_asked_again(provider):
    browser = Browser()
    assert browser.get(question(provider)).status_code == 200  # the form
    browser.post(question(provider), data={"sub": "eve"})
    code = code_of(browser.get(question(provider)))
    assert claims(exchange(provider, code).json()["id_token"])["sub"] == "eve"
    assert browser.get(question(provider, prompt="login")).status_code == 200
    assert Browser().get(question(provider)).status_code == 200  # nobody else is


def test_logout_ends_the_session_at_the_provider(provider):
    browser = Browser()
    browser.post(question(provider), data={"sub": "eve"})
    browser.post(f"{provider.url}/oauth2/end_session/confirm", data={"redirect_uri": HOME})
    assert browser.get(question(provider)).status_code == 200


def test_whoever_refuses_is_not_logged_in(provider):
    browser = Browser()
    refused = browser.post(question(provider), data={"action": "deny"})
    assert httpx.URL(refused.headers["location"]).params["error"] == "access_denied"
    assert browser.get(question(provider)).status_code == 200


def test_whoami_is_the_hubs(provider):
    token = exchange(provider, code_of(Browser().post(question(provider), data={"sub": "eve"}))).json()
    asked = {"authorization": f"Bearer {token['access_token']}"}
    assert httpx.get(f"{provider.url}/api/whoami-v2", headers=asked).json() == {"type": "user", "name": "eve"}
    assert httpx.get(f"{provider.url}/api/whoami-v2", headers={"authorization": "Bearer x"}).status_code == 401
    assert httpx.get(f"{provider.url}/api/whoami-v2").status_code == 401
    assert provider.requests.count("GET /api/whoami-v2") == 3
    assert "GET /userinfo" not in provider.requests  # it asked itself


def test_log_in_goes_there_and_back(provider):
    app = FastAPI()
    app.get("/in")(lambda: RedirectResponse(question(provider, redirect_uri=f"{served.origin}/callback")))
    app.get("/callback")(lambda code: "in")
    app.get("/shut")(lambda: "closed today")
    with serve(app) as served, Browser(served) as ada:
        page, asked = provider.log_in(ada, "ada", "/in")
        assert (page.json(), asked) == ("in", True)
        page, asked = provider.log_in(ada, "ada", "/in")
        assert (page.json(), asked) == ("in", False)
        page, asked = provider.log_in(ada, "ada", "/shut")
        assert (page.json(), asked) == ("closed today", False)


def test_started_again_it_has_the_same_address_and_knows_everybody(provider):
    code = code_of(Browser().post(question(provider), data={"sub": "ada"}))
    provider.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(provider.url)
    provider.start()
    assert exchange(provider, code).status_code == 200


def test_taken_port_is_an_error(provider):
    second = Provider()
    second._port = provider._port
    with pytest.raises((OSError, SystemExit)):
        second.start()


def test_it_says_nothing(provider, capfd):
    httpx.get(f"{provider.url}/nowhere")
    httpx.get(f"{provider.url}/oauth2/authorize")
    exchange(provider, "made up")
    provider.stop()
    assert capfd.readouterr() == ("", "")


def test_environment_of_a_space_names_the_provider(provider):
    env = provider.space(MEMBERS="ada", SPACE_ID="eve/other")
    assert env["SYSTEM"] == "spaces"
    assert env["OPENID_PROVIDER_URL"] == env["HF_ENDPOINT"] == provider.url
    assert (env["MEMBERS"], env["SPACE_ID"]) == ("ada", "eve/other")


def test_missing_library_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "oidc_provider_mock", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "gradio-patterns\[testing\]"'):
        Provider("ada")
