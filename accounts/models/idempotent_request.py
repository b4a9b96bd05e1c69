from django.db import models
from rest_framework.utils.encoders import JSONEncoder


class IdempotentRequest(models.Model):
    """An answer kept under the `Idempotency-Key` of its request, so that repeating the request repeats the answer."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True, encoder=JSONEncoder)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "idempotent_requests"
        constraints = [models.UniqueConstraint("user", "key", name="idempotent_request_once_per_user")]
        # Serves: forgetting old keys.
        indexes = [models.Index("created_at", name="idempotent_request_created")]

    @classmethod
    def scope_for(cls, queryset, user):
        return queryset.filter(user=user)
