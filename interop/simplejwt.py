"""One algorithm, one key: SimpleJWT's own classes and views, and our server, use each other's tokens."""
import datetime

import compact
import keys
import peers
from report import equal, refused
from server import USERNAME


def run(report, server, key):
    user = peers.start_simplejwt(
        server.user_id, USERNAME,
        ALGORITHM=key.algorithm, SIGNING_KEY=key.signing, VERIFYING_KEY="" if key.is_secret else key.verifying,
    )
    ours_there(report, server, key, user)
    ours_through_their_views(report, server)
    theirs_at_ours(report, server, user)
    sliding(report, server, key, user)


def ours_there(report, server, key, user):
    from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
    from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, UntypedToken

    pair = server.login()
    for kind, token_class in (("access", AccessToken), ("refresh", RefreshToken)):
        with report.check(f"{token_class.__name__} takes our {kind} token, and writes the same again"):
            written_the_same(token_class(pair[kind]), pair[kind], key)
            written_the_same(UntypedToken(pair[kind]), pair[kind], key)
        with report.check(f"our {kind} token has the form of one of theirs"):
            same_form(pair[kind], str(token_class.for_user(user)))
    with report.check("AccessToken refuses our refresh token, RefreshToken our access token"):
        for token_class, kind in ((AccessToken, "refresh"), (RefreshToken, "access")):
            with refused(TokenError, "Token has wrong type"):
                token_class(pair[kind])
    with report.check("they refuse our access token with one bit of the signature changed"):
        for changed in compact.flipped(pair["access"]):
            with refused(TokenError, "Token is invalid"):
                AccessToken(changed)
    with report.check("an expired token of theirs is expired on both sides"):
        token = AccessToken.for_user(user)
        token.set_exp(lifetime=-datetime.timedelta(seconds=5))
        with refused(ExpiredTokenError, "Token is expired"):
            AccessToken(str(token))
        server.refuses(str(token), "Token is expired")
    with report.check("the access token that they derive from our refresh token works here"):
        server.accepts(RefreshToken(pair["refresh"]).access_token)


def ours_through_their_views(report, server):
    from rest_framework_simplejwt.authentication import JWTAuthentication
    from rest_framework_simplejwt.views import TokenBlacklistView, TokenRefreshView, TokenVerifyView

    pair = server.login()
    with report.check("DRF accepts our access token, and names the same user"):
        equal(peers.resource(JWTAuthentication)(pair["access"]), (200, {"id": server.user_id, "username": USERNAME}))
    with report.check("their verify view takes both tokens of ours"):
        for token in pair.values():
            equal(peers.post(TokenVerifyView, token=token), (200, {}))
    with report.check("their refresh view takes our refresh token, and we take what it gives"):
        status, body = peers.post(TokenRefreshView, refresh=pair["refresh"])
        equal(status, 200, "the status")
        server.accepts(body["access"])
    with report.check("their blacklist view takes our refresh token, and ends it there"):
        equal(peers.post(TokenBlacklistView, refresh=pair["refresh"]), (200, {}))
        status, body = peers.post(TokenRefreshView, refresh=pair["refresh"])
        equal((status, str(body["detail"])), (401, "Token is blacklisted"))


def theirs_at_ours(report, server, user):
    from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

    access, refresh = str(AccessToken.for_user(user)), str(RefreshToken.for_user(user))
    with report.check("we accept an access token of theirs, and verify both kinds"):
        server.accepts(access)
        for token in (access, refresh):
            equal(server.post("/api/token/verify/", token=token).ok(), {})
    with report.check("we refuse their refresh token at the resource"):
        server.refuses(refresh, "Token has wrong type")
    with report.check("we refuse theirs with one bit of the signature changed"):
        for changed in compact.flipped(access):
            server.refuses(changed)
        for changed in compact.flipped(refresh):
            server.post("/api/token/refresh/", refresh=changed).refused("Token is invalid")
    with report.check("we refresh a refresh token of theirs, twice, and both sides take what comes"):
        for _ in range(2):
            fresh = server.post("/api/token/refresh/", refresh=refresh).ok()
            equal(list(fresh), ["access"], "the answer's members")
            server.accepts(fresh["access"])
            equal(AccessToken(fresh["access"])["user_id"], str(user.pk), "user_id")
    with report.check("we blacklist a refresh token of theirs, and it is of no more use here"):
        equal(server.post("/api/token/blacklist/", refresh=refresh).ok(), {})
        for path in ("/api/token/refresh/", "/api/token/blacklist/"):
            server.post(path, refresh=refresh).refused("Token is blacklisted")
    with report.check("another refresh token of theirs is not touched by that"):
        server.post("/api/token/refresh/", refresh=str(RefreshToken.for_user(user))).ok()


def sliding(report, server, key, user):
    from rest_framework_simplejwt.tokens import SlidingToken
    from rest_framework_simplejwt.views import TokenRefreshSlidingView

    ours = server.login("/api/token/sliding/")["token"]
    with report.check("SlidingToken takes our sliding token, and writes the same again"):
        written_the_same(SlidingToken(ours), ours, key)
        same_form(ours, str(SlidingToken.for_user(user)))
    with report.check("their sliding refresh view takes our sliding token"):
        status, body = peers.post(TokenRefreshSlidingView, token=ours)
        equal(status, 200, "the status")
        equal(server.post("/api/token/verify/", token=body["token"]).ok(), {})
    with report.check("we refresh a sliding token of theirs, and they take what comes"):
        theirs = SlidingToken.for_user(user)
        fresh = SlidingToken(server.post("/api/token/sliding/refresh/", token=str(theirs)).ok()["token"])
        for name in ("jti", "refresh_exp", "user_id"):
            equal(fresh[name], theirs[name], name)


def written_the_same(token, text, key):
    """SimpleJWT writes a token that it has read byte for byte as we wrote it, as far as the algorithm allows."""
    equal(compact.signing_input(str(token)), compact.signing_input(text), "what is signed")
    if key.algorithm in keys.DETERMINISTIC:
        equal(str(token), text, "the token")


def same_form(ours, theirs):
    """The same header, and claims of the same names, order and types."""
    equal(compact.header(ours), compact.header(theirs), "the header")
    mine, yours = (
        [(name, type(value)) for name, value in compact.claims(token).items()] for token in (ours, theirs)
    )
    equal(mine, yours, "the claims")
