"""What the texts of variables mean."""

import pytest

from chatbot_site.operations import parsers


@pytest.mark.parametrize(
    ("url", "host", "name"),
    [
        ("postgres://%2Fvar%2Frun%2Fpostgresql/shop", "/var/run/postgresql", "shop"),
        ("postgres://user:pass@%2Ftmp%2FSocket:5433/shop", "/tmp/Socket", "shop"),
        ("postgres:////var/run/postgresql/shop", "/var/run/postgresql", "shop"),
        ("postgres://db.example.com/shop", "db.example.com", "shop"),
        ("postgres:///shop", "", "shop"),
    ],
)
def test_the_host_of_a_database_may_be_a_socket(url, host, name):
    config = parsers.database_url(url)
    assert (config["HOST"], config["NAME"]) == (host, name)


def test_the_password_of_a_database_is_decoded():
    assert parsers.database_url("postgres://user:p%40ss%2Fword@host/shop")["PASSWORD"] == "p@ss/word"
