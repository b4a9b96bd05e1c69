"""Tests skip by themselves what the machine lacks, and in CI nothing else."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = pytest.mark.processes

TESTS = """
import pytest

@pytest.mark.services
def test_services():
    pass

@pytest.mark.services
def test_services_and_more():
    pytest.skip("needs something else")

@pytest.mark.browser
def test_browser():
    pass

def test_unmarked():
    pytest.skip("needs something else")
"""

SERVICES = {"DATABASE_URL": "postgres://127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}


@pytest.fixture
def outcomes(tmp_path):
    """What becomes of each of the TESTS in an environment, and all that pytest says."""
    (tmp_path / "test_some.py").write_text(TESTS, encoding="utf-8")

    def run(**environment):
        known = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
        answer = subprocess.run(
            [sys.executable, "-m", "pytest", "-c", "pyproject.toml", "-n0", "-vrs", f"--rootdir={tmp_path}", tmp_path],
            cwd=settings.BASE_DIR,
            env={**known, **environment},
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        return dict(re.findall(r"test_some\.py::(\w+) ([A-Z]+)", answer.stdout)), answer.stdout

    return run


def test_a_newcomer_is_told_what_to_set(outcomes):
    by_test, said = outcomes()
    assert by_test["test_services"] == "SKIPPED"
    assert "set DATABASE_URL=postgres://" in said and "REDIS_URL=redis://" in said


@pytest.mark.parametrize("one_alone", sorted(SERVICES))
def test_one_service_alone_is_not_enough(outcomes, one_alone):
    by_test, _said = outcomes(**{one_alone: SERVICES[one_alone]})
    assert by_test["test_services"] == "SKIPPED"


def test_in_ci_without_services_nothing_but_the_marked_is_skipped(outcomes):
    by_test, said = outcomes(CI="true")
    assert (by_test["test_services"], by_test["test_unmarked"]) == ("SKIPPED", "FAILED")
    assert "Skipped, which CI does not allow" in said


def test_in_ci_with_services_nothing_is_skipped(outcomes):
    by_test, _said = outcomes(CI="true", **SERVICES)
    assert by_test["test_services"] == "PASSED"
    assert by_test["test_services_and_more"] == "FAILED"
