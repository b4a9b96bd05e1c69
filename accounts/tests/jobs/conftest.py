from collections.abc import Callable

import pytest

from accounts.jobs import registry
from accounts.jobs.job import Job
from accounts.models import Business
from accounts.testing import make_business


@pytest.fixture(autouse=True)
def _nobody_was_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """A business may have the primary key of an earlier test's."""
    monkeypatch.setattr("accounts.jobs.job._served", {})


@pytest.fixture
def shop() -> Business:
    return make_business()


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make these jobs the only ones."""

    def only(*jobs: Job) -> None:
        monkeypatch.setattr(registry, "_jobs", {job.name: job for job in jobs})

    return only
