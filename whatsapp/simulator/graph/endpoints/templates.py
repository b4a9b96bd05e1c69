"""Message templates, and the example files of new ones (Business management API; Graph API, "Resumable upload")."""

from whatsapp.simulator.graph.errors import GraphError, NoSuchObject, missing
from whatsapp.simulator.graph.message_templates import Template
from whatsapp.simulator.http import Json, Request
from whatsapp.simulator.state import Simulator

from .nodes import find_account_numbers, page, pick

TEMPLATE_FIELDS = ("name", "parameter_format", "components", "language", "status", "category", "id")

#: What Meta says of a template of which nothing else is said.
DEFAULTS = {"rejected_reason": "NONE", "quality_score": {"score": "UNKNOWN"}}


def get_message_templates(simulator: Simulator, request: Request, waba_id: str) -> Json:
    find_account_numbers(simulator, request, waba_id)
    templates = [template for template in simulator.templates(waba_id) if _is_asked_for(template, request)]
    return page(request, [pick({**DEFAULTS, **template}, request, TEMPLATE_FIELDS) for template in templates])


def _is_asked_for(template: Template, request: Request) -> bool:
    name, status = request.query.get("name"), request.query.get("status")
    return name in (None, template["name"]) and status in (None, template["status"])


def post_message_templates(simulator: Simulator, request: Request, waba_id: str) -> Json:
    number = next(iter(find_account_numbers(simulator, request, waba_id)), None)
    if number is None:
        raise NoSuchObject(request.method, waba_id)
    try:
        template = simulator.create_template(number, request.json)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise GraphError(100, "Invalid parameter", f"The template has an unexpected shape: {error}") from error
    return {"id": template["id"], "status": template["status"], "category": template["category"]}


def delete_message_templates(simulator: Simulator, request: Request, waba_id: str) -> Json:
    find_account_numbers(simulator, request, waba_id)
    if not request.query.get("name"):
        raise missing("name")
    simulator.delete_templates(waba_id, request.query["name"], request.query.get("hsm_id", ""))
    return {"success": True}


def post_uploads(simulator: Simulator, request: Request, app_id: str) -> Json:
    """Begin to upload an example file."""
    return simulator.uploads.begin(request.query)


def post_upload(simulator: Simulator, request: Request, session: str) -> Json:
    """The bytes of a file whose upload was begun."""
    if not session.startswith("upload:"):
        raise NoSuchObject(request.method, session)
    return simulator.uploads.finish(session, request.body)
