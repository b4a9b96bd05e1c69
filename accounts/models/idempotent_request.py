from typing import Any

from django.db import models
from rest_framework.utils.encoders import JSONEncoder

from .user import User


class IdempotentRequest(models.Model):
    """A response stored under its request's `Idempotency-Key`, so that repeating the request repeats the response."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True, encoder=JSONEncoder)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "idempotent_requests"
        constraints = [models.UniqueConstraint("user", "key", name="idempotent_request_once_per_user")]
        # Serves: deleting old keys.
        indexes = [models.Index("created_at", name="idempotent_request_created")]

    @classmethod
    def scope_for(cls, queryset: models.QuerySet[Any], user: User) -> models.QuerySet[Any]:
        return queryset.filter(user=user)
