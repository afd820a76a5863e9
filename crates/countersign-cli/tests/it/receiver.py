"""A receiver of Countersign's webhooks, as somebody who runs one would write it: the standard library and nothing else.

    python3 receiver.py SECRET_FILE

It prints its port, then one line of JSON for every message: the verdict, the message, and the raw request, which a
test uses to send the same thing again. The path says how it behaves once a message is accepted.
"""

import hashlib
import hmac
import json
import pathlib
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE = 300  # seconds that a message may be old, or ahead of our clock
SECRET = pathlib.Path(sys.argv[1]).read_text().strip().encode()

seen = {}  # ids of accepted messages, each with the time from which it may be forgotten
lock = threading.Lock()


def verdict(header, body):
    """Why a message is refused, or None. In this order: nothing of an unsigned message is read."""
    fields = dict(field.partition("=")[::2] for field in (header or "").split(","))
    at, tag = fields.get("t", ""), fields.get("v1", "")
    expected = hmac.new(SECRET, at.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(tag.encode(), expected.encode()):
        return "signature"
    now = time.time()
    if abs(now - int(at)) > TOLERANCE:
        return "too old"
    with lock:
        for old in [id for id, until in seen.items() if until < now]:
            del seen[old]
        id = json.loads(body)["id"]
        if id in seen:
            return "replay"
        seen[id] = now + 2 * TOLERANCE
    return None


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signature = self.headers["Countersign-Signature"]
        refused = verdict(signature, body)
        report = {"path": self.path, "refused": refused, "signature": signature, "body": body.decode()}
        with lock:  # each line whole, whoever else prints
            print(json.dumps(report), flush=True)
        if refused:
            return self.answer(409 if refused == "replay" else 401, b"")
        getattr(self, self.path.strip("/"))(json.loads(body))

    def claims(self, message):
        claims = {"team": "blue", "greeting": "hello " + message["account"]["username"]}
        self.answer(200, json.dumps({"claims": claims}).encode())

    def login(self, message):
        self.answer(204, b"")

    def none(self, message):
        self.answer(204, b"")

    def refuse(self, message):
        self.answer(403, b"")

    def never(self, message):
        threading.Event().wait()

    def broken(self, message):
        self.answer(500, b'{"claims": {"team": "broken"}}')

    def elsewhere(self, message):
        self.answer(307, b"", {"Location": "/claims"})

    def ours(self, message):
        self.answer(200, b'{"claims": {"team": "blue", "user_id": "1"}}')

    def twice(self, message):
        self.answer(200, b'{"claims": {"team": "blue", "team": "red"}}')

    def bare(self, message):
        self.answer(200, b'{"team": "blue"}')

    def huge(self, message):
        self.answer(200, b'{"claims": {}}' + b" " * (64 * 1024))

    def long(self, message):
        self.answer(200, json.dumps({"claims": {"note": "n" * 5000}}).encode())

    def infinite(self, message):
        self.answer(200, b'{"claims": {"team": "blue", "level": [1e400]}}')

    def answer(self, status, body, headers={}):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
