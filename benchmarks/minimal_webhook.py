"""The yardstick: a Django view that does HMAC and one INSERT, and nothing else."""

import hmac
import os

import environ
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY="only-for-benchmarks",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {**environ.Env.db_url_config(os.environ["DATABASE_URL"]), "CONN_MAX_AGE": 60}},
)

SECRET = b"the-app-secret"


def receive(request):
    body = request.body
    expected = "sha256=" + hmac.digest(SECRET, body, "sha256").hex()
    if not hmac.compare_digest(expected, request.headers["X-Hub-Signature-256"]):
        return HttpResponse(status=401)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO minimal_events (body) VALUES (%s)", [body.decode()])
    return HttpResponse()


urlpatterns = [path("webhooks/whatsapp/", receive)]
application = get_wsgi_application()
