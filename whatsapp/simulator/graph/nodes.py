"""What the endpoints of Graph share: finding what a token may use, choosing fields, paging."""

import base64

from .errors import GraphError, NoSuchObject

MOST_A_PAGE = 100


def number_of(simulator, request, phone_number_id):
    number = simulator.number(phone_number_id, request.token)
    if number is None:
        raise NoSuchObject(request.method, phone_number_id)
    return number


def account_numbers(simulator, request, waba_id):
    """The numbers of an account, newest first. An account with none is anybody's."""
    numbers = simulator.numbers_of(waba_id, request.token)
    is_others = not numbers and any(number.waba_id == waba_id for number in list(simulator.numbers.values()))
    if is_others or not simulator.is_account(waba_id):
        raise NoSuchObject(request.method, waba_id)
    return numbers[::-1]


def pick(node, request, default):
    fields = request.query.get("fields", ",".join(default)).split(",")
    unknown = [name for name in fields if name not in node]
    if unknown:
        raise GraphError(100, f"Tried accessing nonexisting field ({unknown[0]}) on node")
    return {name: node[name] for name in dict.fromkeys([*fields, "id"])}


def page(request, nodes):
    """Graph's cursor paging (Graph API, "Paginated Results")."""
    limit = min(int(request.query.get("limit", 25)), MOST_A_PAGE)
    start = _position(request.query["after"]) if request.query.get("after") else 0
    shown = nodes[start : start + limit]
    if not shown:
        return {"data": []}
    cursors = {"before": _cursor(start), "after": _cursor(start + len(shown))}
    paging = {"cursors": cursors}
    if start + limit < len(nodes):
        kept = "".join(f"&{key}={value}" for key, value in request.query.items() if key not in ("after", "limit"))
        paging["next"] = f"{request.base_url}{request.path}?limit={limit}&after={cursors['after']}{kept}"
    return {"data": shown, "paging": paging}


def _cursor(position):
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def _position(cursor):
    try:
        return int(base64.urlsafe_b64decode(cursor + "=="))
    except ValueError as error:
        raise GraphError(131059, "Invalid cursor", "Begin again without a cursor") from error
