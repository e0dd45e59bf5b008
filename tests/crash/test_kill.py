"""kill -9, of each role in turn under load and of everything at random
moments: nothing that was acknowledged is lost, nothing is in the mailbox
twice, and the siblings of the dead live on."""

import os
import random
import signal
import time

import pytest

from tests.crash.ledger import Ledger, Load, subjects, verify
from tests.harness.sink import Sink
from tests.harness.site import Site

ROLES = ["log", "keys", "dns", "auth", "scan", "store", "queue", "dial",
         "relay", "mx", "submission", "login"]
MOMENTS = int(os.environ.get("CRASH_MOMENTS", "12"))
SEED = int(os.environ.get("CRASH_SEED", "20261124"))


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    sink = Sink()
    site = Site(tmp_path_factory.mktemp("crash") / "demo", "--smarthost",
                f"127.0.0.1:{sink.port}")
    site.start()
    yield site, sink
    site.stop()
    sink.close()


def wait_for(site, role, old, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        now = site.processes().get(role, [])
        if now and now != old:
            return now
        time.sleep(0.02)
    raise AssertionError(f"{role} did not come back")


def test_each_role_dies_in_turn(rig):
    site, sink = rig
    ledger = Ledger()
    with Load(site, ledger):
        time.sleep(1)
        for role in ROLES:
            before = site.processes()
            os.kill(before[role][0], signal.SIGKILL)
            wait_for(site, role, before[role])
            time.sleep(0.3)
            after = site.processes()
            for sibling in ROLES:
                if sibling != role:
                    assert after[sibling] == before[sibling], (role, sibling)
            assert after["master"] == before["master"]
        before = len(ledger.local), len(ledger.remote)
        time.sleep(2)
    assert len(ledger.local) > before[0] and len(ledger.remote) > before[1]
    verify(site, sink, ledger)


def kill_everything(site):
    processes = site.processes()
    for pid in processes.get("master", []):  # nobody starts them again
        os.kill(pid, signal.SIGSTOP)
    for role, pids in processes.items():
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
    site.process.kill()
    site.process.wait()


def test_everything_dies_at_random_moments(rig):
    site, sink = rig
    chance = random.Random(SEED)
    ledger = Ledger()
    for _ in range(MOMENTS):
        with Load(site, ledger):
            time.sleep(chance.uniform(0.05, 0.6))
            kill_everything(site)
        site.start()
    verify(site, sink, ledger)
    print(f"{MOMENTS} moments, {ledger.sent} sent, {len(ledger.local)} and "
          f"{len(ledger.remote)} acknowledged, 0 lost")


def test_the_comparison_can_fail(rig):
    """A ledger with a message that was never sent must not verify."""
    site, sink = rig
    ledger = Ledger()
    ledger.acknowledge("f" * 32, remote=False)
    assert "f" * 32 not in subjects(site)
    with pytest.raises(AssertionError, match="acknowledged and lost"):
        verify(site, sink, ledger)
