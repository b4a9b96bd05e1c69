"""The signature of a webhook (Webhooks, "Validating payloads")."""

import hmac


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether an X-Hub-Signature-256 header is that of a body and an app secret. In constant time."""
    expected = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
