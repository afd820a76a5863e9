"""A site with SimpleJWT's endpoints and one protected resource: the peer of the program under load.

    peer.py FOLDER prepare USERS PASSWORD     makes the database and user0, user1, …
    gunicorn peer:application                 with BENCH_FOLDER in the environment

SQLite is set as ours is: a write-ahead log, synced at every commit, writers that wait for each other instead of failing.
"""
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

FOLDER = Path(sys.argv[1] if __name__ == "__main__" else os.environ["BENCH_FOLDER"])


class SameCost(Argon2PasswordHasher):
    """What the program hashes with."""

    memory_cost, time_cost, parallelism = 19 * 1024, 2, 1


settings.configure(
    SECRET_KEY="pUNZ7yV0mQ9cXa4tRk2sBf6hLw8eGd1jTo5iKx3nHv7rMq0b",
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes",
        "rest_framework", "rest_framework_simplejwt", "rest_framework_simplejwt.token_blacklist",
    ],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],  # of the usual seven the one that states lengths
    PASSWORD_HASHERS=[f"{__name__}.SameCost"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": FOLDER / "django.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
            },
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
    SIMPLE_JWT={"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True},
)
django.setup()

from rest_framework.permissions import IsAuthenticated  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402
from rest_framework_simplejwt import views  # noqa: E402


class Me(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request):
        user = request.user
        return Response({"id": user.id, "username": user.username, "email": user.email})


urlpatterns = [
    path("healthz", lambda request: HttpResponse("ok")),
    path("api/token/", views.TokenObtainPairView.as_view()),
    path("api/token/refresh/", views.TokenRefreshView.as_view()),
    path("api/token/verify/", views.TokenVerifyView.as_view()),
    path("api/me/", Me.as_view()),
]
application = get_wsgi_application()


def prepare(users, password):
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    User.objects.bulk_create(
        User(username=f"user{number}", password=make_password(password)) for number in range(users)
    )


if __name__ == "__main__":
    prepare(int(sys.argv[3]), sys.argv[4])
