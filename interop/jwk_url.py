"""SimpleJWT with `JWK_URL` at our key set: a Django site that holds no key of ours and follows every change of keys."""
import compact
import keys
import peers
from report import equal
from server import USERNAME, Server

# Keys of the other RSA algorithms are the same keys, and slow to make: their life is looked at once.
CHANGED_RSA = "RS256"


def run(report, binary, folder, algorithm):
    with Server(binary, folder, algorithm, sections={"keys": {"kid": "always"}}).running() as server:
        peers.start_simplejwt(server.user_id, USERNAME, ALGORITHM=algorithm, JWK_URL=server.jwks_url)
        site = Site(server)
        first = server.login()["access"]
        verifies(report, server, site, first)
        if algorithm in keys.RSA and algorithm != CHANGED_RSA:
            return
        second = changes_key(report, server, site, first)
        third = changes_key_in_haste(report, server, site, first, second)
        loses_key(report, server, site, second, third)


class Site:
    """The Django site: a protected resource, and the client that fetches our key set."""

    def __init__(self, server):
        from rest_framework_simplejwt.authentication import JWTAuthentication
        from rest_framework_simplejwt.state import token_backend

        self.resource = peers.resource(JWTAuthentication)
        self.client = token_backend.jwks_client
        self.user = {"id": server.user_id, "username": USERNAME}
        self.fetches = 0
        fetch = self.client.fetch_data

        def counted():
            self.fetches += 1
            return fetch()

        self.client.fetch_data = counted

    def accepts(self, *tokens):
        for token in tokens:
            equal(self.resource(token), (200, self.user), "DRF's answer")

    def refuses(self, token):
        status, body = self.resource(token)
        equal((status, str(body["code"])), (401, "token_not_valid"), "DRF's answer")
        equal([str(entry["message"]) for entry in body["messages"]], ["Token is invalid"], "DRF's message")

    def fetches_anew(self):
        """What happens by itself when the copy of the key set is five minutes old."""
        self.client.get_jwk_set(refresh=True)


def verifies(report, server, site, token):
    with report.check("DRF accepts our access token, and fetches our key set once for many requests"):
        for _ in range(5):
            site.accepts(token)
        equal(site.fetches, 1, "the number of fetches")
    with report.check("DRF takes it for a stateless user too"):
        from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication

        body = {"id": str(server.user_id), "username": ""}
        equal(peers.resource(JWTStatelessUserAuthentication)(token), (200, body))
    with report.check("DRF accepts what our refresh gives"):
        site.accepts(server.post("/api/token/refresh/", refresh=server.login()["refresh"]).ok()["access"])
    with report.check("DRF refuses our token with one bit of the signature changed"):
        for changed in compact.flipped(token):
            site.refuses(changed)


def changes_key(report, server, site, first):
    kid = server.command("keys", "generate")["kid"]
    with report.check("a new key is published before it signs"):
        equal(sorted(entry["kid"] for entry in server.jwks()), sorted([kid, compact.header(first)["kid"]]), "the key set")
        equal(compact.header(server.login()["access"])["kid"], compact.header(first)["kid"], "the key that signs")
    site.fetches_anew()
    server.command("keys", "promote", kid, "--now")
    token = server.login()["access"]
    with report.check("a site that knew it beforehand accepts its first token without a fetch, and the old token too"):
        equal(compact.header(token)["kid"], kid, "the key that signs")
        fetches = site.fetches
        site.accepts(token, first)
        server.accepts(token)
        server.accepts(first)
        equal(site.fetches, fetches, "the number of fetches")
    return token


def changes_key_in_haste(report, server, site, *older):
    kid = server.command("keys", "generate")["kid"]
    server.command("keys", "promote", kid, "--now")
    token = server.login()["access"]
    with report.check("a site that has just fetched refuses a key that was promoted in haste"):
        site.refuses(token)
    with report.check("after its pause it fetches by itself and accepts the new token and the old ones"):
        pause, site.client.cooldown_duration = site.client.cooldown_duration, 0
        site.accepts(token, *older)
        site.client.cooldown_duration = pause
    return token


def loses_key(report, server, site, stolen, good):
    kid = compact.header(stolen)["kid"]
    server.command("keys", "revoke", kid, "--yes")
    with report.check("a revoked key is refused here at once, and there after the next fetch"):
        server.refuses(stolen)
        assert kid not in [entry["kid"] for entry in server.jwks()], "it is still published"
        site.fetches_anew()
        site.refuses(stolen)
    with report.check("the key that signs is not touched by that"):
        server.accepts(good)
        site.accepts(good)
