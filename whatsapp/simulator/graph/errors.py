"""Graph's error answers (Cloud API, "Error codes")."""

import secrets


class GraphError(Exception):
    def __init__(self, code, title, details="", http_status=400, subcode=None):
        super().__init__(f"(#{code}) {title}")
        self.code = code
        self.title = title
        self.details = details
        self.http_status = http_status
        self.subcode = subcode

    def as_json(self):
        error = {"message": str(self), "type": "OAuthException", "code": self.code}
        if self.subcode:
            error["error_subcode"] = self.subcode
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return {"error": {**error, "fbtrace_id": secrets.token_urlsafe(8)}}

    def as_webhook_error(self):
        """An element of a failed status's `errors`."""
        return {
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": {"details": self.details or self.title},
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        }


class InvalidToken(GraphError):
    def __init__(self, is_expired=False):
        title = "Invalid OAuth access token - Cannot parse access token"
        if is_expired:
            title = "Error validating access token: Session has expired"
        super().__init__(190, title, http_status=401, subcode=463 if is_expired else None)

    def __str__(self):
        return self.title


class NoSuchObject(GraphError):
    def __init__(self, method, object_id):
        super().__init__(
            100,
            f"Unsupported {method.lower()} request. Object with ID '{object_id}' does not exist, cannot be loaded due "
            "to missing permissions, or does not support this operation",
            subcode=33,
        )

    def __str__(self):
        return self.title


def missing(parameter):
    return GraphError(100, f"The parameter {parameter} is required.")


def too_long(parameter, limit):
    return GraphError(100, f"Param {parameter} must be at most {limit} characters long.")


def part_missing(details):
    return GraphError(131008, "Required parameter is missing", details)


def value_wrong(details):
    return GraphError(131009, "Parameter value is not valid", details)
