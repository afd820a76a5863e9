"""The settings that change a token: issuer, audience, other claim names, rotation, and a key id that Django ignores."""
import datetime

import jwt

import compact
import keys
import peers
from report import equal, refused
from server import USERNAME, Server

ISSUER, AUDIENCE = "https://id.example", ["jobs", "billing"]


def run(report, binary, folder):
    key = keys.generate("ES256")
    sections = {
        "jwt": {
            "issuer": ISSUER, "audience": AUDIENCE, "leeway": "10s",
            "user_id_claim": "uid", "token_type_claim": "kind",
            "rotate_refresh_tokens": True, "blacklist_after_rotation": True,
        },
        "keys": {"kid": "always"},
    }
    with Server(binary, folder, "ES256", key, sections).running() as server:
        user = peers.start_simplejwt(
            server.user_id, USERNAME,
            ALGORITHM="ES256", SIGNING_KEY=key.signing, VERIFYING_KEY=key.verifying,
            ISSUER=ISSUER, AUDIENCE=AUDIENCE, LEEWAY=10, USER_ID_CLAIM="uid", TOKEN_TYPE_CLAIM="kind",
            ROTATE_REFRESH_TOKENS=True, BLACKLIST_AFTER_ROTATION=True,
        )
        ours_there(report, server, key)
        theirs_at_ours(report, server, key, user)
        rotation(report, server, user)


def ours_there(report, server, key):
    from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

    pair = server.login()
    with report.check("they take both tokens of ours, which name their key"):
        for kind, token_class in (("access", AccessToken), ("refresh", RefreshToken)):
            token = token_class(pair[kind])
            equal(compact.header(pair[kind])["kid"], server.jwks()[0]["kid"], "kid")
            equal(list(token.payload), ["kind", "exp", "iat", "jti", "uid", "aud", "iss"], "the order of claims")
    with report.check("PyJWT takes it with this issuer and either audience, and with no other"):
        decode = lambda **more: jwt.decode(pair["access"], key.verifying, algorithms=["ES256"], **more)  # noqa: E731
        for audience in AUDIENCE:
            decode(audience=audience, issuer=ISSUER)
        with refused(jwt.InvalidAudienceError):
            decode(audience="games", issuer=ISSUER)
        with refused(jwt.InvalidIssuerError):
            decode(audience="jobs", issuer="https://id.example/")


def theirs_at_ours(report, server, key, user):
    from rest_framework_simplejwt.tokens import AccessToken

    with report.check("we accept an access token of theirs, which names no key"):
        server.accepts(AccessToken.for_user(user))
    claims = compact.claims(str(AccessToken.for_user(user)))
    with report.check("we accept one audience of several as a string, as they do"):
        token = peers.signed(key, **{**claims, "aud": "billing"})
        AccessToken(token)
        server.accepts(token)
    for name, changes in {
        "another issuer": {"iss": "https://id.example/"},
        "no issuer": {"iss": None},
        "another audience": {"aud": ["games"]},
        "no audience": {"aud": None},
    }.items():
        with report.check(f"both sides refuse {name}"):
            changed = {key: value for key, value in {**claims, **changes}.items() if value is not None}
            refused_by_both(server, peers.signed(key, **changed), "Token is invalid")
    with report.check("both sides take a token that expired within the leeway, and none later"):
        token = AccessToken.for_user(user)
        token.set_exp(lifetime=datetime.timedelta(seconds=-2))
        AccessToken(str(token))
        server.accepts(token)
        token.set_exp(lifetime=datetime.timedelta(seconds=-30))
        refused_by_both(server, str(token), "Token is expired")


def refused_by_both(server, token, message):
    from rest_framework_simplejwt.exceptions import TokenError
    from rest_framework_simplejwt.tokens import AccessToken

    with refused(TokenError, message):
        AccessToken(token)
    server.refuses(token, message)


def rotation(report, server, user):
    from rest_framework_simplejwt.tokens import AccessToken, RefreshToken
    from rest_framework_simplejwt.views import TokenRefreshView

    with report.check("we rotate a refresh token of theirs; the old one is spent, the new one good on both sides"):
        old = str(RefreshToken.for_user(user))
        new = server.post("/api/token/refresh/", refresh=old).ok()
        server.post("/api/token/refresh/", refresh=old).refused("Token is blacklisted")
        server.accepts(new["access"])
        equal(AccessToken(new["access"])["uid"], str(user.pk), "uid")
        assert RefreshToken(new["refresh"])["jti"] != RefreshToken(old)["jti"], "the successor has its predecessor's jti"
        server.post("/api/token/refresh/", refresh=new["refresh"]).ok()
    with report.check("they rotate a refresh token of ours, and we take what comes"):
        status, body = peers.post(TokenRefreshView, refresh=server.login()["refresh"])
        equal(status, 200, "the status")
        server.accepts(body["access"])
        server.post("/api/token/refresh/", refresh=body["refresh"]).ok()
