import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from tests.harness.sink import Sink  # noqa: E402
from tests.harness.site import Site  # noqa: E402


@pytest.fixture(scope="session")
def sink():
    s = Sink()
    yield s
    s.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory, sink):
    """One demo site for all tests of a run that do not break it."""
    s = Site(tmp_path_factory.mktemp("site") / "demo", "--smarthost",
             f"127.0.0.1:{sink.port}")
    s.start()
    yield s
    assert s.stop() == 0, s.output()


# A site takes some hundred MB.  What a test that passed made is removed at
# once, what was made for a whole file with the end of a run that passed.

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    if outcome.get_result().failed:
        item.failed = True


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item):
    place = item.funcargs.get("tmp_path")
    yield
    if place and not getattr(item, "failed", False):
        shutil.rmtree(place, ignore_errors=True)


def pytest_sessionfinish(session, exitstatus):
    base = getattr(session.config, "_tmp_path_factory", None)
    if base and exitstatus == 0:
        shutil.rmtree(base.getbasetemp(), ignore_errors=True)
