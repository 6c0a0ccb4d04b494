"""The nginx recipe of deploy/README.md, as it stands there: without the password nothing is read and nothing halts."""

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess

from tests.doors.attack import NAME, Answer, Attack, Skipped, must, refused
from tests.support.stack import free_port
from tests.support.waiting import ROOT, Failed, wait_until

PASSWORD = "correct horse battery staple"
_BASIC = "Basic b3BlcmF0b3I6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ=="  # operator and the password
_WRONG = "Basic b3BlcmF0b3I6d3Jvbmc="                                  # operator:wrong
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def _recipe():
    text = (ROOT / "deploy" / "README.md").read_text()
    found = re.findall(r"```nginx\n(.*?)```", text, re.DOTALL)
    if len(found) != 1:
        raise Failed(f"deploy/README.md has {len(found)} blocks for nginx")
    return found[0]


def _openssl(*words):
    return subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def _replaced(text, old, new):
    if text.count(old) != 1:
        raise Failed(f"the recipe has {old!r} {text.count(old)} times")
    return text.replace(old, new)


class Proxy:
    """nginx with the recipe; only its ports and the places of its files differ."""

    def __init__(self, run):
        self.folder = run.folder / "nginx"
        self.folder.mkdir()
        self.port = free_port()
        certificate, key, passwords = (self.folder / name for name in ("polybot.pem", "polybot.key", "htpasswd"))
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}", "-addext",
                 f"subjectAltName=DNS:{NAME}", "-keyout", key, "-out", certificate)
        passwords.write_text(f"operator:{_openssl('passwd', '-apr1', PASSWORD)}\n")
        recipe = _recipe()
        for old, new in (("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
                         ("/etc/ssl/polybot.pem", str(certificate)), ("/etc/ssl/private/polybot.key", str(key)),
                         ("/etc/nginx/polybot.htpasswd", str(passwords)),
                         ("http://127.0.0.1:8080", run.stack.api)):
            recipe = _replaced(recipe, old, new)
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(
            f"daemon off;\n{'user root;' if os.geteuid() == 0 else ''}\npid {self.folder}/pid;\n"
            f"error_log {self.folder}/error.log;\n"
            f"events {{}}\nhttp {{\naccess_log {self.folder}/access.log;\n{temporary}{recipe}}}\n")
        self._tls = ssl.create_default_context(cafile=certificate)
        self._process = subprocess.Popen([NGINX, "-p", self.folder, "-c", self.folder / "nginx.conf"],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=open(self.folder / "stderr", "w"))

    def wait_ready(self):
        def missing():
            if self._process.poll() is not None:
                raise Failed("nginx ended: " + (self.folder / "stderr").read_text().strip()[-300:])
            return None if self.ask("GET", "/").status else "no answer"
        wait_until("nginx answers", missing, 20)

    def ask(self, method, path, headers=None):
        """Through TLS, with the certificate checked for the recipe's name."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self._tls)
        try:
            # As curl --connect-to: the name of the recipe, at the address of this host.
            connection.sock = self._tls.wrap_socket(
                socket.create_connection(("127.0.0.1", self.port), timeout=10), server_hostname=NAME)
            connection.request(method, path, headers={"Host": NAME} | (headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode(errors="replace") if answer.status != 101 else "")
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, str(error))
        finally:
            connection.close()

    def refused(self):
        """How many requests it says that it refused for their password."""
        return (self.folder / "access.log").read_text().count('" 401 ')

    def stop(self):
        self._process.terminate()
        self._process.wait(20)


def _proxy(run):
    if not NGINX:
        raise Skipped("nginx is not installed")
    if "proxy" not in run.memory:
        proxy = Proxy(run)
        run.cleanup.callback(proxy.stop)
        proxy.wait_ready()
        run.memory["proxy"] = proxy
    return run.memory["proxy"]


def _basic(credentials, **more):
    return {"Authorization": credentials} | more


def _reads(run):
    proxy = _proxy(run)
    answers = [must(proxy.ask("GET", path, headers), 401)
               for path in ("/", "/api/v1/pnl") for headers in ({}, _basic(_WRONG))]
    must(proxy.ask("GET", "/api/v1/pnl", _basic(_BASIC)), 200)
    return f"{answers[0]}, with the password 200"


def _streams(run):
    proxy = _proxy(run)
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    answer = must(proxy.ask("GET", "/ws", upgrade), 401)
    must(proxy.ask("GET", "/ws", upgrade | _basic(_BASIC)), 101)
    return f"{answer}, with the password 101"


def _commands(run):
    proxy = _proxy(run)
    token = {"X-Api-Token": run.stack.token()}
    answer = must(proxy.ask("POST", "/api/v1/trading/halt", token), 401)
    must(proxy.ask("POST", "/api/v1/trading/halt", token | {"Authorization": f"Bearer {run.stack.token()}"}), 401)
    must(proxy.ask("POST", "/api/v1/trading/halt", _basic(_BASIC) | token), 200)
    must(proxy.ask("POST", "/api/v1/trading/resume", _basic(_BASIC) | token), 200)
    return f"{answer}, with password and token 200"


def _commands_by_password(run):
    proxy = _proxy(run)
    page = _basic(_BASIC) | {"X-Api-Token": run.stack.token(), "Origin": "https://evil.example"}
    must(proxy.ask("POST", "/api/v1/trading/halt", page), 403)
    return must(proxy.ask("POST", "/api/v1/trading/halt", _basic(_BASIC)), 401)


def _by_nginx(run):
    return _proxy(run).refused()


ATTACKS = (
    Attack("somebody reads through nginx without the password", _reads, _by_nginx, least=4),
    Attack("somebody listens through nginx without the password", _streams, _by_nginx),
    Attack("somebody with a token but no password halts through nginx", _commands, _by_nginx, least=2),
    Attack("a password alone, or a foreign page, halts through nginx", _commands_by_password,
           refused(port="api", reason="no_token")),
)
