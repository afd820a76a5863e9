"""One algorithm, one key: PyJWT and our server verify each other's tokens."""
import re
import time

import jwt

import compact
import keys
import peers
from report import equal

NAMES = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
NAMES += ["ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "none", "None", ""]


def run(report, server, key):
    pair = server.login()
    for kind, lifetime in (("access", 300), ("refresh", 86_400)):
        with report.check(f"PyJWT verifies our {kind} token, and its claims are SimpleJWT's"):
            verify_ours(pair[kind], kind, lifetime, server, key)
    if key.is_secret:
        with report.check("our key set does not publish the secret"):
            equal(server.jwks(), [], "the key set")
    else:
        with report.check("PyJWT verifies our access token with the key that we publish"):
            verify_with_published(pair["access"], server, key)
    theirs_at_ours(report, server, key)


def verify_ours(token, kind, lifetime, server, key):
    decoded = jwt.decode_complete(
        token, key.verifying, algorithms=[key.algorithm], options={"require": ["exp", "iat", "jti"]}
    )
    claims = decoded["payload"]
    equal(decoded["header"], {"alg": key.algorithm, "typ": "JWT"}, "the header")
    equal(list(claims), ["token_type", "exp", "iat", "jti", "user_id"], "the order of claims")
    equal(claims["token_type"], kind, "token_type")
    equal(claims["user_id"], str(server.user_id), "user_id")
    equal(claims["exp"] - claims["iat"], lifetime, "the lifetime")
    assert abs(claims["iat"] - time.time()) < 60, f"iat is {claims['iat']}"
    assert re.fullmatch(r"[0-9a-f]{32}", claims["jti"]), f"jti is {claims['jti']}"


def verify_with_published(token, server, key):
    published = server.jwks()
    equal(len(published), 1, "the number of keys")
    equal(published[0]["alg"], key.algorithm, "alg")
    equal(published[0]["use"], "sig", "use")
    equal(published[0]["kid"], keys.thumbprint(published[0]), "kid")
    loaded = jwt.PyJWK.from_dict(published[0])
    equal(loaded.key, key.private.public_key(), "the public key")
    jwt.decode(token, loaded, algorithms=[key.algorithm])


def theirs_at_ours(report, server, key):
    good = peers.signed(key, **peers.access_claims(server.user_id))
    with report.check("we accept an access token that PyJWT signed"):
        server.accepts(good)
        equal(server.post("/api/token/verify/", token=good).ok(), {}, "the answer of verify")
    with report.check("we refuse it with one bit of the signature changed"):
        for changed in compact.flipped(good):
            server.refuses(changed)
    with report.check("we refuse it with another alg in its header"):
        for name in NAMES:
            if name != key.algorithm:
                server.refuses(compact.with_algorithm(good, name))
        server.refuses(compact.unsigned(good))
    if siblings(key):
        with report.check("we refuse it signed with our key under another algorithm"):
            for algorithm in siblings(key):
                server.refuses(peers.signed(key, algorithm, **peers.access_claims(server.user_id)))
    if not key.is_secret:
        with report.check("we refuse HS256 keyed with our public key"):
            pem = key.verifying.encode()
            for secret in (pem, pem.strip(), keys.public_der(key.private), b""):
                server.refuses(compact.keyed_with(good, secret))
    with report.check("we refuse it signed with another key"):
        server.refuses(peers.signed(keys.generate(key.algorithm), **peers.access_claims(server.user_id)))
    at_its_times(report, server, key)
    with report.check("we accept it again after all that"):
        server.accepts(good)


def at_its_times(report, server, key):
    now = int(time.time())
    cases = {
        "expired": ({"iat": now - 400, "exp": now - 100}, "Token is expired"),
        "from the future": ({"iat": now + 200}, "Token is invalid"),
        "not yet valid": ({"nbf": now + 200}, "Token is invalid"),
    }
    for name, (changes, message) in cases.items():
        with report.check(f"we refuse it {name}"):
            server.refuses(peers.signed(key, **peers.access_claims(server.user_id, **changes)), message)


def siblings(key):
    """Algorithms that can sign with the same key."""
    family = next((family for family in (keys.HMAC, keys.RSA) if key.algorithm in family), ())
    return [algorithm for algorithm in family if algorithm != key.algorithm]
