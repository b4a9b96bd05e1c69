"""What the endpoints share: finding what a token may use, choosing fields, paging."""

import base64
from collections.abc import Mapping, Sequence

from whatsapp.simulator.graph.errors import GraphError, NoSuchObject
from whatsapp.simulator.graph.phone_numbers import PhoneNumber
from whatsapp.simulator.http import Json, Request
from whatsapp.simulator.state import Simulator

DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 25, 100


def find_number(simulator: Simulator, request: Request, phone_number_id: str) -> PhoneNumber:
    """The number of this id. Raises NoSuchObject unless the request's token may use it."""
    number = simulator.directory.number(phone_number_id, request.token)
    if number is None:
        raise NoSuchObject(request.method, phone_number_id)
    return number


def find_account_numbers(simulator: Simulator, request: Request, waba_id: str) -> list[PhoneNumber]:
    """
    The numbers of an account that the request's token may use, newest first. Anybody may use an account without
    numbers. Raises NoSuchObject for an account that is unknown or somebody else's.
    """
    numbers = simulator.directory.numbers_of(waba_id, request.token)
    is_others = not numbers and any(number.waba_id == waba_id for number in list(simulator.directory.numbers.values()))
    if is_others or not simulator.directory.is_account(waba_id):
        raise NoSuchObject(request.method, waba_id)
    return numbers[::-1]


def pick(node: Mapping[str, object], request: Request, default: Sequence[str]) -> Json:
    """The fields of a node that the request asks for, its id always among them."""
    fields = request.query.get("fields", ",".join(default)).split(",")
    unknown = [name for name in fields if name not in node]
    if unknown:
        raise GraphError(100, f"Tried accessing nonexisting field ({unknown[0]}) on node")
    return {name: node[name] for name in dict.fromkeys([*fields, "id"])}


def page(request: Request, nodes: Sequence[Json]) -> Json:
    """Graph's cursor paging (Graph API, "Paginated Results")."""
    limit = min(int(request.query.get("limit", DEFAULT_PAGE_SIZE)), MAX_PAGE_SIZE)
    start = _position(request.query["after"]) if request.query.get("after") else 0
    shown = nodes[start : start + limit]
    if not shown:
        return {"data": []}
    after = _cursor(start + len(shown))
    paging: Json = {"cursors": {"before": _cursor(start), "after": after}}
    if start + limit < len(nodes):
        others = "".join(f"&{key}={value}" for key, value in request.query.items() if key not in ("after", "limit"))
        paging["next"] = f"{request.base_url}{request.path}?limit={limit}&after={after}{others}"
    return {"data": shown, "paging": paging}


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def _position(cursor: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(cursor + "=="))
    except ValueError as error:
        raise GraphError(131059, "Invalid cursor", "Begin again without a cursor") from error
