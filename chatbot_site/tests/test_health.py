import pytest
from django.core.cache import cache
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from chatbot_site.operations import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_memory():
    """Neither a worker's heartbeat nor the knowledge that the database is migrated."""
    cache.delete(health.HEARTBEAT)
    health.check_migrated.cache_clear()
    yield
    cache.delete(health.HEARTBEAT)
    health.check_migrated.cache_clear()


def test_alive_without_a_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/livez").status_code == 200


def test_ready_when_migrated_and_a_worker_runs(client):
    health.note_heartbeat()
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"database": "ok", "worker": "ok"}


def test_not_ready_without_a_worker(client):
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"database": "ok", "worker": "not running"}


def test_not_ready_when_redis_is_out_of_reach(client):
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}
    with override_settings(CACHES={"default": redis}):
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"database": "ok", "worker": "Redis unreachable"}


def test_not_ready_before_the_database_is_migrated(client):
    health.note_heartbeat()
    latest = MigrationLoader(connection).graph.leaf_nodes("crm")[0]
    MigrationRecorder(connection).record_unapplied(*latest)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["database"] == "not migrated"


def test_health_is_not_redirected_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/livez").status_code == 200
