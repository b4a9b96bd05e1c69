"""Changing an allowed host. Its secret was entered for one address, and is sent to no other."""

from django.db import transaction

from bots.models import AllowedHost

#: What an address is made of: where a call goes, and whether others on the way can read it.
ADDRESS = ("host", "allow_http")


@transaction.atomic
def change(host: AllowedHost, /, **changes: object) -> bool:
    """
    Save these changes of an allowed host, and nothing else of it. When they change the address, the secret that was
    saved goes, unless they hold one. Returns whether a secret went.
    """
    stored = AllowedHost.objects.select_for_update().get(pk=host.pk)
    is_moved = any(name in changes and changes[name] != getattr(stored, name) for name in ADDRESS)
    loses_secret = is_moved and not changes.get("authorization")
    if loses_secret:
        changes["authorization"] = ""
    for name, value in changes.items():
        setattr(host, name, value)
    host.save(update_fields=list(changes))
    return loses_secret and stored.has_authorization
