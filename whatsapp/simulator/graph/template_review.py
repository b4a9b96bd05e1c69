"""
New message templates at the simulated Meta: submitted, looked at with their example files, approved, deleted (Business
management API, "Message templates"; Graph API, "Resumable upload").
"""

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from whatsapp.simulator.http import Json

from .errors import GraphError, missing
from .message_templates import DEFAULT_TEMPLATES, PLACEHOLDER, Template

#: How long Meta reviews a new template before it approves it.
REVIEW_SECONDS = 5

#: What the handle of a file begins with.
HANDLE_PREFIX = "4::"

NAME = re.compile(r"[a-z0-9_]{1,512}")
PLACEHOLDER_AT_END = re.compile(PLACEHOLDER.pattern + r"\Z")


class TemplateRefused(GraphError):
    """A refusal of a new template, with a title and a sentence for people (Business management API, "Error codes")."""

    def __init__(self, subcode: int, title: str, message: str) -> None:
        super().__init__(100, "Invalid parameter", message, subcode=subcode)
        self.user_title = title

    def as_json(self) -> Json:
        error = super().as_json()["error"]
        error.pop("error_data")
        return {"error": {**error, "error_user_title": self.user_title, "error_user_msg": self.details}}


@dataclass
class AccountTemplates:
    """The templates of one account, and the (name, language) pairs that are blocked since they were deleted."""

    templates: list[Template] = field(default_factory=lambda: list(DEFAULT_TEMPLATES))
    deleted: set[tuple[str, str]] = field(default_factory=set)

    def create(self, body: Json) -> Template:
        """Take a new template for review."""
        name, language = str(body.get("name", "")), str(body.get("language", ""))
        self._check_name(name, language)
        components = body.get("components") or []
        for component in components:
            _check_component(component)
        template: Template = {
            "id": str(10**15 + secrets.randbelow(10**15)),
            "name": name,
            "language": language,
            "status": "PENDING",
            "category": body.get("category", ""),
            "parameter_format": body.get("parameter_format", "POSITIONAL"),
            "components": [_as_stored(component) for component in components],
            "reviewed_at": time.time() + REVIEW_SECONDS,
        }
        self.templates.append(template)
        return template

    def _check_name(self, name: str, language: str) -> None:
        if not NAME.fullmatch(name):
            raise GraphError(100, "Param name must contain only lower case letters, digits and underscores.")
        if not language:
            raise missing("language")
        if any((each["name"], each["language"]) == (name, language) for each in self.templates):
            raise TemplateRefused(
                2388024, "Content in this language already exists", f"There is already {language} content for {name}."
            )
        if (name, language) in self.deleted:
            raise TemplateRefused(
                2388023,
                "Message template language is being deleted",
                f"New {language} content can't be added while the existing {language} content is being deleted.",
            )

    def approve_reviewed(self) -> None:
        """Approve the new templates whose review is over."""
        for template in self.templates:
            if template["status"] == "PENDING" and template.get("reviewed_at", inf) <= time.time():
                template["status"] = "APPROVED"

    def delete(self, name: str, template_id: str = "") -> None:
        """Delete a template in every language or, by its id, in one; the name is blocked from then on."""
        chosen = [each for each in self.templates if each["name"] == name and template_id in ("", each["id"])]
        if not chosen:
            raise TemplateRefused(2593002, "Message template not found", "The message template could not be found.")
        for template in chosen:
            self.templates.remove(template)
            self.deleted.add((name, template["language"]))


def status_change(template: Template) -> Json:
    """The change that reports a template's approval (Webhooks, "message_template_status_update")."""
    value = {
        "event": "APPROVED",
        "message_template_id": int(template["id"]),
        "message_template_name": template["name"],
        "message_template_language": template["language"],
        "reason": "NONE",
    }
    return {"field": "message_template_status_update", "value": value}


def _check_component(component: Json) -> None:
    kind, example = component.get("type", ""), component.get("example") or {}
    text = component.get("text", "")
    if kind == "BODY" and (PLACEHOLDER.match(text) or PLACEHOLDER_AT_END.search(text)):
        raise TemplateRefused(
            2388299, "Leading or trailing params", "Variables can't be at the start or end of the template."
        )
    is_media = component.get("format") in ("IMAGE", "VIDEO", "DOCUMENT")
    if (is_media and not example.get("header_handle")) or (PLACEHOLDER.search(text) and not example):
        raise TemplateRefused(
            2388043, "Missing expected field(s)", f"component of type {kind} is missing expected field(s) (example)"
        )
    if is_media and not str(example["header_handle"][0]).startswith(HANDLE_PREFIX):
        raise TemplateRefused(2388273, "Invalid media handle", "The sample of the header is no handle of a file.")


def _as_stored(component: Json) -> Json:
    """Templates of sign-in codes come back with the texts that Meta writes (Cloud API, "Authentication templates")."""
    if component["type"] == "BODY" and "text" not in component:
        hint = " For your security, do not share this code." if component.get("add_security_recommendation") else ""
        return {
            **component,
            "text": f"*{{{{1}}}}* is your verification code.{hint}",
            "example": {"body_text": [["123456"]]},
        }
    if component["type"] == "FOOTER" and "text" not in component:
        return {**component, "text": f"This code expires in {component['code_expiration_minutes']} minutes."}
    if component["type"] == "BUTTONS":
        return {**component, "buttons": [_button_as_stored(button) for button in component["buttons"]]}
    return component


def _button_as_stored(button: Json) -> Json:
    if button["type"] == "COPY_CODE":
        return {"text": "Copy offer code", **button}
    if button["type"] != "OTP":
        return button
    address = "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}"
    example = [address.replace("{{1}}", "123456")]
    return {"type": "URL", "text": button.get("text") or "Copy code", "url": address, "example": example}


class Uploads:
    """The uploads of example files that were begun: the length of each file by the session's id."""

    def __init__(self) -> None:
        self._lengths: dict[str, int] = {}

    def begin(self, query: Mapping[str, str]) -> Json:
        if query.get("file_type") not in ("application/pdf", "image/jpeg", "image/png", "video/mp4"):
            raise GraphError(100, "Param file_type must be one of application/pdf, image/jpeg, image/png, video/mp4")
        session = f"upload:{secrets.token_urlsafe(12)}="
        self._lengths[session] = int(query["file_length"])
        return {"id": f"{session}?sig={secrets.token_urlsafe(9)}"}

    def finish(self, session: str, body: bytes) -> Json:
        if self._lengths.pop(session, None) != len(body):
            raise GraphError(100, "The file does not have the length that was announced")
        return {"h": HANDLE_PREFIX + base64.b64encode(hashlib.sha256(body).digest()).decode()}
