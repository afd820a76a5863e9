"""The peers: Django, REST framework and SimpleJWT in this process, and tokens made with PyJWT alone."""
import sys
import time
import uuid

import django
import jwt
from django.conf import settings
from django.core.management import call_command


def configure_django():
    """Everything but SimpleJWT's settings, which each group gives in its own process."""
    apps = ["django.contrib.contenttypes", "django.contrib.auth", "rest_framework_simplejwt.token_blacklist"]
    settings.configure(
        SECRET_KEY="not used by any check, which all name their keys",
        ALLOWED_HOSTS=["testserver"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=apps,
        # Tables straight from the models: the steps that lead there are not what is tested here.
        MIGRATION_MODULES={"contenttypes": None, "auth": None, "token_blacklist": None},
        REST_FRAMEWORK={"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]},
        USE_TZ=True,
    )
    django.setup()


def start_simplejwt(user_id, username, **simple_jwt):
    """A Django site with these settings and one user, who has the id that our server gave."""
    assert "rest_framework_simplejwt.settings" not in sys.modules, "SimpleJWT has read its settings already"
    settings.SIMPLE_JWT = simple_jwt
    call_command("migrate", run_syncdb=True, verbosity=0)
    from django.contrib.auth.models import User

    return User.objects.create(pk=user_id, username=username)


def post(view, **body):
    """The answer of one of SimpleJWT's views to an in-process request: status and body."""
    from rest_framework.test import APIRequestFactory

    response = view.as_view()(APIRequestFactory().post("/", body, format="json"))
    return response.status_code, response.data


def resource(authentication):
    """A protected DRF resource; call it with a token for status and body."""
    from rest_framework.permissions import IsAuthenticated
    from rest_framework.response import Response
    from rest_framework.test import APIRequestFactory
    from rest_framework.views import APIView

    class Resource(APIView):
        authentication_classes = [authentication]
        permission_classes = [IsAuthenticated]

        def get(self, request):
            return Response({"id": request.user.pk, "username": request.user.username})

    def call(token):
        request = APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {token}")
        response = Resource.as_view()(request)
        return response.status_code, response.data

    return call


def access_claims(user_id, **changes):
    now = int(time.time())
    return {
        "token_type": "access",
        "exp": now + 300,
        "iat": now,
        "jti": uuid.uuid4().hex,
        "user_id": str(user_id),
        **changes,
    }


def signed(key, algorithm=None, **claims):
    return jwt.encode(claims, key.signing, algorithm=algorithm or key.algorithm)
