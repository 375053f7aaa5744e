"""`gradio_patterns.testing.Nginx`: what it makes of a text, what it says when something is wrong, what it leaves."""

import os
import shutil
import signal
import subprocess
import sys

import httpx
import psutil
import pytest

from gradio_patterns.testing.certificate import make_certificate
from gradio_patterns.testing.nginx import Nginx, NginxMissing, NginxRefused
from gradio_patterns.testing.nginx_text import listeners, localized
from gradio_patterns.testing.waiting import free_port, is_free, until
from tools.programs import NGINX

HELLO = 'server { listen 8080; location / { return 200 "hello"; } }'
SITE = """
user www-data;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log warn;
events { worker_connections 64; }

http {
    # listen 9999; and a `server nobody:1;` that are none
    upstream app { server app:7860; }
    server {
        listen 80 default_server;
        listen [::]:80 default_server ipv6only=on;
        return 301 https://$host:443$request_uri;
    }
    server {
        listen 443 ssl http2;
        ssl_certificate /etc/letsencrypt/live/example.org/fullchain.pem;
        ssl_certificate_key /etc/letsencrypt/live/example.org/privkey.pem;
        include proxy.conf;
        location / { proxy_pass http://app; }
        location /other/ { proxy_pass http://other:9000/; }
    }
}
"""


NOBODY = {"app:7860": 1, "other:9000": 1}


@pytest.fixture
def nginx(need):
    need(NGINX)


@pytest.mark.usefixtures("nginx")
def test_a_text_for_http_runs():
    with Nginx(HELLO) as nginx:
        assert nginx.url == nginx.http_url == f"http://localhost:{nginx.ports[8080]}"
        assert httpx.get(nginx.url).text == "hello"


@pytest.mark.usefixtures("nginx")
def test_a_whole_configuration_runs_with_hosts_ports_and_certificate_of_this_machine():
    headers = {"proxy.conf": "add_header X-From proxy.conf;"}
    other = "server { listen 8080; return 200 $request_uri; }"
    with Nginx(HELLO) as app, Nginx(other) as second:
        hosts = {"app:7860": app, "other:9000": second.ports[8080]}
        with Nginx(SITE, hosts, files=headers) as nginx, httpx.Client(verify=nginx.context) as http:
            assert nginx.url == f"https://localhost:{nginx.ports[443]}"
            sent = http.get(f"{nginx.http_url}/page")
            assert (sent.status_code, sent.headers["location"]) == (301, f"{nginx.url}/page")
            answer = http.get(nginx.url)
            assert (answer.text, answer.headers["x-from"]) == ("hello", "proxy.conf")
            assert http.get(f"{nginx.url}/other/x").text == "/x"
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                httpx.get(nginx.url)


@pytest.mark.usefixtures("nginx")
def test_a_program_trusts_it_by_the_authoritys_file():
    with Nginx(SITE, NOBODY, files={"proxy.conf": ""}) as nginx:
        program = f"import httpx; print(httpx.get('{nginx.url}').status_code)"
        env = {**os.environ, "SSL_CERT_FILE": str(nginx.ca)}
        done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
        assert done.stdout == "502\n", done.stderr
        assert "connect() failed" in nginx.log()
    assert "connect() failed" in nginx.log()  # after the end, too
    assert "[notice]" not in nginx.log()


@pytest.mark.usefixtures("nginx")
def test_text_without_a_plain_listener_says_so():
    with Nginx(
        HELLO.replace("8080", "8443 ssl; ssl_certificate certificate.pem; ssl_certificate_key key.pem")
    ) as nginx:
        assert httpx.get(nginx.url, verify=nginx.context).text == "hello"
        with pytest.raises(LookupError, match="no plain listener"):
            _ = nginx.http_url


@pytest.mark.usefixtures("nginx")
def test_reload_takes_a_text_or_an_edit_and_lets_running_requests_end():
    long = "x" * 300  # for two seconds
    slow = f'location /slow {{ limit_rate 150; return 200 "{long}"; }} location / {{ return 200 "one"; }}'
    with Nginx(f"server {{ listen 8080; {slow} }}") as nginx:
        with httpx.stream("GET", f"{nginx.url}/slow") as running:
            nginx.reload(lambda text: text.replace('"one"', '"two"'))
            assert {httpx.get(nginx.url).text for _ in range(8)} == {"two"}
            assert running.read().decode() == long
        nginx.reload(HELLO.replace("hello", "three"))
        assert httpx.get(nginx.url).text == "three"
        nginx.reload()
        assert httpx.get(nginx.url).text == "three"


@pytest.mark.usefixtures("nginx")
def test_reload_with_a_refused_text_raises_and_the_old_one_goes_on():
    with Nginx(HELLO) as nginx:
        with pytest.raises(NginxRefused, match='unknown directive "retrun"'):
            nginx.reload(lambda text: text.replace("return", "retrun"))
        with pytest.raises(ValueError, match="has no `listen`"):
            nginx.reload("")
        assert httpx.get(nginx.url).text == "hello"
        nginx.reload()
        assert httpx.get(nginx.url).text == "hello"


@pytest.mark.usefixtures("nginx")
def test_reload_of_one_that_has_ended_says_so():
    with Nginx(HELLO) as nginx:
        nginx.process.terminate()
        nginx.process.wait(20)
        with pytest.raises(RuntimeError, match="nginx ended"):
            nginx.reload()


@pytest.mark.usefixtures("nginx")
def test_stopped_and_started_again_it_has_the_same_address():
    nginx = Nginx(HELLO)
    with nginx:
        url = nginx.url
    with nginx:
        assert (nginx.url, httpx.get(url).text) == (url, "hello")
    nginx.stop()  # twice does no harm


@pytest.mark.usefixtures("nginx")
@pytest.mark.parametrize(("text", "hosts"), [(SITE, NOBODY), ("\n\n" + HELLO, {})], ids=["whole", "inside"])
def test_a_refused_configuration_names_the_line_of_the_text(text, hosts):
    wrong = text.replace("return", "retrun", 1)
    (number,) = [n for n, line in enumerate(wrong.splitlines(), 1) if "retrun" in line]
    with pytest.raises(NginxRefused, match=rf'unknown directive "retrun" in nginx.conf:{number}\n +.*retrun') as caught:
        Nginx(wrong, hosts, files={"proxy.conf": ""}).start()
    assert "/nginx-" not in str(caught.value)


@pytest.mark.usefixtures("nginx")
def test_missing_file_says_how_to_give_it():
    with pytest.raises(NginxRefused, match=r'open\(\) "proxy.conf" failed(.|\n)*files='):
        Nginx(SITE, NOBODY).start()


@pytest.mark.usefixtures("nginx")
@pytest.mark.parametrize("name", ["../proxy.conf", "/proxy.conf"])
def test_file_outside_of_its_folder_is_refused(name):
    with pytest.raises(ValueError, match="would lie outside"):
        Nginx(HELLO, files={name: ""}).start()


@pytest.mark.usefixtures("nginx")
def test_unknown_host_names_those_of_the_text():
    with pytest.raises(ValueError, match=r"no `server ap:7860`. Its servers are: app:7860, other:9000\."):
        Nginx(SITE, {"ap:7860": 1}).start()
    with pytest.raises(ValueError, match="Its servers are: none"):
        Nginx(HELLO, {"app:7860": 1}).start()


@pytest.mark.usefixtures("nginx")
def test_host_that_nothing_stands_for_is_named():
    with pytest.raises(ValueError, match=r"What stands for `server other:9000` here\?"):
        Nginx(SITE, {"app:7860": 1}).start()


def test_upstream_that_does_not_run_is_said_at_once():
    with pytest.raises(ValueError, match="object has no address"):
        Nginx(SITE, {"app:7860": object()})


@pytest.mark.usefixtures("nginx")
def test_port_is_the_given_one_and_a_taken_one_is_refused():
    port = free_port()
    with Nginx(HELLO, ports={8080: port}) as nginx:
        assert nginx.url == f"http://localhost:{port}"
        with pytest.raises(OSError, match=rf"Port {port} of 127.0.0.1 is taken"):
            Nginx(HELLO, ports={8080: port}).start()


def test_missing_nginx_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(NginxMissing, match=r"(apt-get|brew) install nginx") as caught:
        Nginx(HELLO).start()
    assert isinstance(caught.value, FileNotFoundError)


@pytest.mark.usefixtures("nginx")
def test_nothing_is_left_when_the_block_fails():
    nginx = Nginx(HELLO)
    with pytest.raises(ZeroDivisionError), nginx:
        workers = until(psutil.Process(nginx.process.pid).children, "the workers")
        _ = 1 / 0
    assert not nginx.folder.exists()
    assert nginx.process.poll() is not None
    assert not any(worker.is_running() for worker in workers)
    assert is_free(nginx.ports[8080])


@pytest.mark.usefixtures("nginx")
def test_nothing_is_left_when_it_does_not_start():
    nginx = Nginx(HELLO.replace("return", "retrun"))
    with pytest.raises(NginxRefused):
        nginx.start()
    assert not nginx.folder.exists()


@pytest.mark.usefixtures("nginx")
def test_nothing_is_left_when_its_master_is_killed():
    with Nginx(HELLO) as nginx:
        workers = until(psutil.Process(nginx.process.pid).children, "the workers")
        os.kill(nginx.process.pid, signal.SIGKILL)
    until(lambda: not any(worker.is_running() for worker in workers), "the workers to end", 10)


@pytest.mark.usefixtures("nginx")
def test_nothing_is_left_by_a_program_that_never_stops_it():
    program = f"from gradio_patterns.testing import Nginx; n = Nginx({HELLO!r}).start(); print(n.process.pid, n.folder)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    pid, folder = done.stdout.split()
    assert not psutil.pid_exists(int(pid))
    assert not os.path.exists(folder)
    assert done.stderr == ""


def moved(text: str, upstreams=None, **ports: int) -> str:
    numbers = {int(name.removeprefix("p")): port for name, port in ports.items()}
    return localized({"part.conf": text}, upstreams or {}, numbers)["part.conf"]


def test_listeners_are_those_of_statements():
    text = """
        listen 80; # and; listen 81;
        server{listen 443 ssl;} log_format 'it is' it's "# no comment; "; listen 127.0.0.1:82;
        listen localhost; listen unix:/run/x;
    """
    assert listeners([text, "listen [::]:83 ssl;"]) == {80: False, 443: True, 82: False, 83: True}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("listen 80;", "listen 127.0.0.1:20080;"),
        ("listen *:80 default_server;", "listen 127.0.0.1:20080 default_server;"),
        ("listen 127.0.0.1:80;", "listen 127.0.0.1:20080;"),
        ("listen 0.0.0.0;", "listen 127.0.0.1:20080;"),
        ("listen 80; listen [::]:80;", "listen 127.0.0.1:20080; "),
        ("listen [::]:80 ipv6only=on;", "listen 127.0.0.1:20080;"),
        ("listen unix:/run/app.sock;", "listen unix:/run/app.sock;"),
        ("return 301 http://$host:80/;", "return 301 http://$host:20080/;"),
        ("return 301 http://$host:8000/;", "return 301 http://$host:8000/;"),
        ("error_page 404 /80;", "error_page 404 /80;"),
    ],
)
def test_only_ports_that_it_listens_on_are_moved(text, expected):
    assert moved(text, p80=20080) == expected


def test_a_host_gets_a_port_that_is_not_taken_for_one_of_the_text():
    text = "server app:7860; server app.org:78601; proxy_pass http://app:7860/; set $x app:7860;"
    assert moved(text, {"app:7860": "127.0.0.1:80"}, p80=20080) == (
        "server 127.0.0.1:80; server app.org:78601; proxy_pass http://127.0.0.1:80/; set $x app:7860;"
    )


def test_the_certificate_is_for_the_names(tmp_path):
    context = make_certificate(tmp_path, "demo.test")
    assert len(context.get_ca_certs()) >= 1
    assert {path.name for path in tmp_path.iterdir()} == {"ca.pem", "certificate.pem", "key.pem"}
    decoded = subprocess.run(
        ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", tmp_path / "certificate.pem"],
        capture_output=True,
        text=True,
    )
    assert "DNS:demo.test" in decoded.stdout or decoded.returncode
