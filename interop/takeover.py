"""A whole takeover, and the way back: a Django site on SQLite moves to us while it runs, and starts again on what we give back."""
import peers
from keys import generate
from report import equal
from server import PASSWORD, USERNAME, Server

SECTIONS = {
    "jwt": {"rotate_refresh_tokens": True, "blacklist_after_rotation": True},
    "passwords": {"write": "django", "danger_cheap_hashes": True},
}


def run(report, binary, folder):
    key = generate("HS256")
    site = Site(folder.parent / "site.sqlite3", key)
    server = Server(binary, folder, "HS256", key, SECTIONS)
    server.command("migrate")
    with report.check("an import takes every user and every token that has not expired, and a second one nothing"):
        equal(site.imported_by(server)["users"]["created"], 4, "users created")
        again = site.imported_by(server)
        equal((again["users"]["unchanged"], again["tokens"]["unchanged"]), (4, 4), "what the second one found")
    with server.running():
        there(report, server, site)
        here = changes(report, server, site)
    with report.check("an export writes users and dead tokens, and a second one changes nothing"):
        done = server.command("export", "django", "--to", str(site.path))
        equal(done["users"], {"updated": 3, "unchanged": 0, "inserted": 1, "shut_out": 1}, "users")
        equal(done["not_given"], [], "what was not given back")
        again = server.command("export", "django", "--to", str(site.path))
        equal((again["users"]["updated"], again["users"]["inserted"], again["tokens"]), (0, 0, 0), "what the second one wrote")
    back(report, site, here)


class Site:
    """The Django site, whose process is this one and stays connected all the time."""

    def __init__(self, path, key):
        from django.db import connections

        self.path = path
        connections.databases["default"]["NAME"] = str(path)
        peers.start_simplejwt(
            1, "ann", ALGORITHM="HS256", SIGNING_KEY=key.signing, ROTATE_REFRESH_TOKENS=True, BLACKLIST_AFTER_ROTATION=True
        )
        from django.contrib.auth.hashers import PBKDF2PasswordHasher
        from django.contrib.auth.models import User
        from django.db import connection
        from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

        connection.cursor().execute("PRAGMA journal_mode = wal")
        for name in ("ann", "bob", "carol", "dan"):
            user, _ = User.objects.get_or_create(username=name)
            user.password = PBKDF2PasswordHasher().encode(f"{name}-of-django", "abcdefghijklmnopqrstuv", iterations=1000)
            user.save()
        users = self.users = {user.username: user for user in User.objects.all()}
        self.live, self.later, self.dead, self.idle = (RefreshToken.for_user(users["ann"]) for _ in range(4))
        self.access = str(AccessToken.for_user(users["ann"]))
        self.dead.blacklist()

    def imported_by(self, server):
        return server.command("import", "django", "--from", f"sqlite:///{self.path}")


def login(server, name, password):
    return server.post("/api/token/", username=name, password=password)


def there(report, server, site):
    with report.check("passwords and live tokens of theirs work here, and no blacklisted one"):
        login(server, "ann", "ann-of-django").ok()
        equal(server.me(site.access).ok()["username"], "ann", "whom their access token names")
        server.post("/api/token/refresh/", refresh=str(site.dead)).refused("Token is blacklisted")
    with report.check("a token that they blacklist later is refused once it is imported, in the running server"):
        site.later.blacklist()
        equal(site.imported_by(server)["tokens"]["blacklisted"], 1, "newly blacklisted")
        server.post("/api/token/refresh/", refresh=str(site.later)).refused("Token is blacklisted")
    with report.check("a token that was used here and is blacklisted there ends its session"):
        from rest_framework_simplejwt.tokens import RefreshToken

        used = RefreshToken.for_user(site.users["ann"])
        moved = server.post("/api/token/refresh/", refresh=str(used)).ok()["refresh"]
        used.blacklist()
        equal(site.imported_by(server)["tokens"]["sessions_ended"], 1, "sessions ended")
        server.post("/api/token/refresh/", refresh=moved).refused("Token is blacklisted")


def changes(report, server, site):
    here = {}
    with report.check("their live token moves the login onto a session of ours"):
        here["spent"] = server.post("/api/token/refresh/", refresh=str(site.live)).ok()["refresh"]
        here["live"] = server.post("/api/token/refresh/", refresh=here["spent"]).ok()["refresh"]
    with report.check("what happens here: a sign-out, a new password, a deletion, a deactivation"):
        here["signed out"] = login(server, "ann", "ann-of-django").ok()["refresh"]
        server.post("/api/token/blacklist/", refresh=here["signed out"]).ok()
        server.command("user", "set-password", "--username", "bob", "--password-stdin", stdin="bob-of-ours\n")
        server.command("user", "delete", "--username", "carol")
        server.command("user", "deactivate", "--username", "dan")
        equal(server.user_id, 5, "the number of the user who was made here")
    return here


def back(report, site, here):
    from django.contrib.auth import authenticate
    from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

    def signs_in(name, password):
        return peers.post(TokenObtainPairView, username=name, password=password)[0] == 200

    with report.check("Django knows the passwords as they are now, also those that were set or made here"):
        assert signs_in("ann", "ann-of-django"), "ann cannot sign in"
        assert signs_in("bob", "bob-of-ours") and not signs_in("bob", "bob-of-django"), "bob has the wrong password"
        assert signs_in(USERNAME, PASSWORD), "the user who was made here cannot sign in"
        equal(authenticate(username=USERNAME, password=PASSWORD).pk, 5, "her id")
    with report.check("who was deleted or deactivated here stays out"):
        assert not signs_in("carol", "carol-of-django") and not signs_in("dan", "dan-of-django"), "they got in"
    with report.check("what was spent or signed out here stays dead, and what lives goes on"):
        for name, token in {**here, "of theirs, spent": str(site.live), "of theirs": str(site.idle)}.items():
            status, body = peers.post(TokenRefreshView, refresh=token)
            alive = name in ("live", "of theirs")
            equal(status, 200 if alive else 401, f"{name}: {body}")
            if not alive:
                equal(str(body["detail"]), "Token is blacklisted", name)
