import pytest

from bots.engine.conditions import holds


@pytest.mark.parametrize(
    ("known", "op", "wanted", "expected"),
    [
        ("S", "equals", "s", True),
        ("Ёлка", "equals", "елка", True),
        ("S", "equals", "M", False),
        (None, "equals", "M", False),
        ("1 500", "equals", "1500.0", True),
        (5, "equals", "5", True),
        ("5", "equals", 5, True),
        ("S", "not_equals", "M", True),
        (None, "not_equals", "M", True),
        (["VIP", "опт"], "equals", "vip", True),
        (["VIP"], "in_tags", "vip", True),
        (["VIP"], "in_tags", "опт", False),
        ([], "in_tags", "vip", False),
        (["VIP"], "not_equals", "vip", False),
        (True, "equals", "yes", True),
        (True, "equals", True, True),
        (True, "equals", "да", True),
        (False, "equals", False, True),
        (False, "equals", "yes", False),
        ("Anna@Example.com", "contains", "@example.", True),
        ("Anna", "contains", "", False),
        (None, "contains", "a", False),
        (["tea", "milk"], "contains", "tea", True),
        ("10", "greater", "9", True),
        ("9", "greater", "10", False),
        ("9,5", "less", "9.6", True),
        ("2026-12-25", "greater", "2026-12-24", True),
        ("много", "greater", "1", False),
        (None, "less", "1", False),
        (True, "greater", "0", False),
        ("x", "is_set", None, True),
        ("0", "is_set", None, True),
        (0, "is_set", None, True),
        ("", "is_set", None, False),
        (None, "is_set", None, False),
        ([], "is_set", None, False),
        (False, "is_set", None, False),
        (True, "is_set", None, True),
        ({"a": 1}, "equals", "x", False),
        ("9" * 5000, "greater", "1", False),
    ],
)
def test_a_rule(known, op, wanted, expected):
    assert holds(known, op, wanted) is expected
