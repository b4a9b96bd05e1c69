import pytest

from bots.document.interpolation import is_known


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("customer.name", True),
        ("customer.attributes.город", True),
        ("vars.x", True),
        ("vars.", False),
        ("customer.password", False),
        ("settings.SECRET_KEY", False),
        ("vars", False),
    ],
)
def test_only_some_names_are_known(name, known):
    assert is_known(name) is known
