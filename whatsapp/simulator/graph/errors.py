"""Graph's error answers (Cloud API, "Error codes")."""

import secrets

from whatsapp.simulator.http import Json


class GraphError(Exception):
    """
    A refusal of Graph's. `title` follows the code in its message, `details` says more (`error_data`), `subcode` is
    sent when there is one.
    """

    def __init__(
        self, code: int, title: str, details: str = "", http_status: int = 400, subcode: int | None = None
    ) -> None:
        super().__init__(f"(#{code}) {title}")
        self.code = code
        self.title = title
        self.details = details
        self.http_status = http_status
        self.subcode = subcode

    def as_json(self) -> Json:
        """The body of the answer."""
        error: Json = {"message": str(self), "type": "OAuthException", "code": self.code}
        if self.subcode:
            error["error_subcode"] = self.subcode
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return {"error": {**error, "fbtrace_id": secrets.token_urlsafe(8)}}

    def as_webhook_error(self) -> Json:
        """An element of a failed status's `errors`."""
        return {
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": {"details": self.details or self.title},
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        }


class InvalidToken(GraphError):
    def __init__(self, is_expired: bool = False) -> None:
        title = "Invalid OAuth access token - Cannot parse access token"
        if is_expired:
            title = "Error validating access token: Session has expired"
        super().__init__(190, title, http_status=401, subcode=463 if is_expired else None)

    def __str__(self) -> str:
        return self.title


class NoSuchObject(GraphError):
    def __init__(self, method: str, object_id: str) -> None:
        super().__init__(
            100,
            f"Unsupported {method.lower()} request. Object with ID '{object_id}' does not exist, cannot be loaded due "
            "to missing permissions, or does not support this operation",
            subcode=33,
        )

    def __str__(self) -> str:
        return self.title


def missing(parameter: str) -> GraphError:
    return GraphError(100, f"The parameter {parameter} is required.")


def too_long(parameter: str, limit: int) -> GraphError:
    return GraphError(100, f"Param {parameter} must be at most {limit} characters long.")


def part_missing(details: str) -> GraphError:
    return GraphError(131008, "Required parameter is missing", details)


def value_wrong(details: str) -> GraphError:
    return GraphError(131009, "Parameter value is not valid", details)
