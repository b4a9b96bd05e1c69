"""Calls of the API, as short as tests want them."""

from rest_framework.test import APIClient


def signed_in(user):
    client = APIClient()
    client.force_authenticate(user)
    return client


def path(*parts):
    return f"/api/v1/{'/'.join(str(part) for part in parts)}/"


def post(api, address, data=None, **headers):
    return api.post(address, data or {}, format="json", headers=headers)
