import pathlib
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
