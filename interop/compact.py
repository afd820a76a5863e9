"""Tokens taken apart and put together again by hand: forgeries that no library would make."""
import base64
import hashlib
import hmac
import json


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header(token):
    return json.loads(unb64(token.split(".")[0]))


def claims(token):
    """The claims in their order, unverified."""
    return json.loads(unb64(token.split(".")[1]))


def signing_input(token):
    return token.rsplit(".", 1)[0]


def flipped(token):
    """The token with one bit of its signature changed: at the ends, and twice within."""
    text, signature = token.rsplit(".", 1)
    signature = unb64(signature)
    last = len(signature) * 8 - 1
    for bit in (0, last // 3, last // 2, last):
        changed = bytearray(signature)
        changed[bit // 8] ^= 0x80 >> bit % 8
        yield f"{text}.{b64(bytes(changed))}"


def with_algorithm(token, name):
    """The token with another `alg` in its header and the signature that it had."""
    _, payload, signature = token.split(".")
    changed = b64(json.dumps({**header(token), "alg": name}, separators=(",", ":")).encode())
    return f"{changed}.{payload}.{signature}"


def unsigned(token):
    return with_algorithm(token, "none").rsplit(".", 1)[0] + "."


def keyed_with(token, secret):
    """The claims of the token under HS256 with these bytes, which PyJWT refuses to sign with if they are a PEM."""
    text = signing_input(with_algorithm(token, "HS256"))
    return f"{text}.{b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"
