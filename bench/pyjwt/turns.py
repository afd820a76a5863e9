"""PyJWT in a contest: does its work so many times when told to, and answers how long that took.

The first line of the input is a JSON object with the key, the claims and a token. Each line after it is a
request and gets one line back:
    sign N          nanoseconds for N tokens
    verify N        nanoseconds for N checks of the token
    make            a token
    accepts TOKEN   true or false
"""

import json
import sys
from itertools import repeat
from time import perf_counter_ns

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key


class Candidate:
    def __init__(self, subject):
        self.algorithm = subject["algorithm"]
        self.claims = subject["claims"]
        self.token = subject["token"]
        # Keys are prepared once: what PyJWT is given is what it would otherwise make of a PEM text every time.
        if "secret" in subject:
            self.signing = self.verifying = bytes.fromhex(subject["secret"])
        else:
            self.signing = load_pem_private_key(subject["pem"].encode(), None)
            self.verifying = self.signing.public_key()
        expected = {name: subject[name] for name in ("issuer", "audience") if name in subject}
        self.expected = {"algorithms": [self.algorithm], **expected}

    def sign(self):
        return jwt.encode(self.claims, self.signing, algorithm=self.algorithm)

    def verify(self, token):
        return jwt.decode(token, self.verifying, **self.expected)["token_type"] == "access"

    def accepts(self, token):
        try:
            return self.verify(token)
        except jwt.InvalidTokenError:
            return False

    def answer(self, request, word):
        if request == "sign":
            return timed(self.sign, int(word))
        if request == "verify":
            return timed(lambda: self.verify(self.token), int(word))
        if request == "accepts":
            return "true" if self.accepts(word) else "false"
        return self.sign()


def timed(work, repetitions):
    start = perf_counter_ns()
    for _ in repeat(None, repetitions):
        work()
    return perf_counter_ns() - start


def main():
    candidate = Candidate(json.loads(sys.stdin.readline()))
    print("ready", flush=True)
    for line in sys.stdin:
        request, _, word = line.strip().partition(" ")
        print(candidate.answer(request, word), flush=True)


if __name__ == "__main__":
    main()
