"""A real server of ours: the program, a configuration, a store, a user, and loopback."""
import contextlib
import http.client
import json
import os
import re
import subprocess
import time

USERNAME, PASSWORD = "ada", "kittens-and-carburetors"
COMMAND_SECONDS = START_SECONDS = 30
REQUEST_SECONDS = STOP_SECONDS = 10


class Server:
    """The preset `simplejwt` with one algorithm; without a key the server makes its own."""

    def __init__(self, binary, folder, algorithm, key=None, sections=None):
        self.binary, self.folder = binary, folder
        self.folder.mkdir(exist_ok=True)
        self.config = folder / "countersign.toml"
        self.log = folder / "server.log"
        if key and not key.is_secret:
            (self.folder / "signing.pem").write_text(key.signing, encoding="utf-8")
        self.config.write_text(toml(settings_for(algorithm, key, sections)), encoding="utf-8")
        self.user_id = self.address = None

    def command(self, *arguments, stdin=None):
        """Runs a command and returns what it says as JSON."""
        done = self.try_command(*arguments, "--json", stdin=stdin)
        assert done.returncode == 0, f"`countersign {' '.join(arguments)}` ended with {done.returncode}: {done.stderr[:600]}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def try_command(self, *arguments, stdin=None):
        return subprocess.run(
            [self.binary, *arguments, "--config", self.config],
            input=stdin or "", capture_output=True, text=True, timeout=COMMAND_SECONDS, cwd=self.folder, env=environment(),
        )

    @contextlib.contextmanager
    def running(self):
        self.command("migrate")
        user = self.command("user", "create", "--username", USERNAME, "--password-stdin", stdin=PASSWORD + "\n")
        self.user_id = user["id"]
        with open(self.log, "wb") as log:
            process = subprocess.Popen(
                [self.binary, "serve", "--config", self.config, "--log", "info"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, cwd=self.folder, env=environment(),
            )
        try:
            self.address = self.wait_for_address(process)
            yield self
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait_for_address(self, process):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            found = re.search(r'"server\.address":"127\.0\.0\.1:(\d+)"', self.log.read_text(errors="replace"))
            if found:
                return "127.0.0.1", int(found[1])
            time.sleep(0.02)
        raise RuntimeError(f"the server does not listen: {self.log.read_text(errors='replace')[-600:]}")

    @property
    def jwks_url(self):
        return f"http://{self.address[0]}:{self.address[1]}/.well-known/jwks.json"

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(*self.address, timeout=REQUEST_SECONDS)
        try:
            headers = dict(headers or {})
            if body is not None:
                headers["Content-Type"] = "application/json"
                body = json.dumps(body)
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()

    def post(self, path, **body):
        return self.request("POST", path, body)

    def login(self, path="/api/token/"):
        return self.post(path, username=USERNAME, password=PASSWORD).ok()

    def me(self, token):
        return self.request("GET", "/api/me/", headers={"Authorization": f"Bearer {token}"})

    def accepts(self, token):
        body = self.me(token).ok()
        user = {"id": body["id"], "username": body["username"]}
        assert user == {"id": self.user_id, "username": USERNAME}, f"the token is taken for {user}"

    def refuses(self, token, message="Token is invalid"):
        """Demands that the resource refuses an access token with this message."""
        answer = self.me(token)
        assert answer.status == 401, f"{answer} instead of a refusal"
        messages = [entry["message"] for entry in answer.json().get("messages", [])]
        assert messages == [message], f"refused with {messages}, expected {message!r}"

    def jwks(self):
        return self.request("GET", "/.well-known/jwks.json").ok()["keys"]


class Answer:
    def __init__(self, status, text):
        self.status, self.text = status, text

    def __str__(self):
        return f"{self.status} {self.text[:300]!r}"

    def json(self):
        return json.loads(self.text)

    def ok(self):
        assert self.status == 200, f"{self} instead of a success"
        return self.json()

    def refused(self, detail):
        assert self.status == 401, f"{self} instead of a refusal"
        assert self.json()["detail"] == detail, f"refused with {self.json()['detail']!r}, expected {detail!r}"


def environment():
    """The caller's, without settings of the program, which would beat the file."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COUNTERSIGN__")}


def settings_for(algorithm, key, sections):
    settings = {
        "server": {"bind": "127.0.0.1:0"},
        "store": {"url": "sqlite:interop.db"},
        "jwt": {"algorithm": algorithm},
        "passwords": {"danger_cheap_hashes": True},
    }
    if key and key.is_secret:
        settings["jwt"]["signing_key"] = key.signing
    elif key:
        settings["jwt"]["signing_key_file"] = "signing.pem"
    for section, values in (sections or {}).items():
        settings.setdefault(section, {}).update(values)
    return settings


def toml(settings):
    lines = ['preset = "simplejwt"']
    for section, values in settings.items():
        # A JSON string, number, switch or list of strings reads the same in TOML.
        lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
    return "\n".join(lines) + "\n"
