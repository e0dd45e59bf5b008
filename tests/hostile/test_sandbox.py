"""Every role, taken over: at least 40 things it would try, all denied.

A hostile build runs sys/hostile.c in each process right after its sandbox and
writes what it could do.  The negative control runs the same attempts outside
any sandbox and must see that most of them succeed.
"""

import os
import re
import signal
import subprocess

import pytest

from tests.harness.site import ROOT, Site

HOSTILE = ROOT / "build" / "hostile"
ROLES = {"log", "keys", "dns", "auth", "scan", "store", "queue", "meter", "dial",
         "relay", "mx", "submission", "login", "imap"}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    if not (HOSTILE / "posthold").exists():
        pytest.skip("make MODE=hostile all has not been run")
    site = Site(tmp_path_factory.mktemp("hostile") / "demo", build=HOSTILE)
    site.start()
    with site.imap("alice") as i:  # a session process
        i.noop()
    site.stop()
    return site.log_path.read_text(errors="replace")


def test_every_role_was_tried(report):
    assert set(re.findall(r"hostile (\w+): \d+ of \d+ denied", report)) == ROLES


def test_every_attempt_was_denied(report):
    assert re.findall(r"hostile \w+: could .*", report) == []
    for denied, tried in re.findall(r"hostile \w+: (\d+) of (\d+) denied", report):
        assert denied == tried and int(tried) >= 40


def test_without_a_sandbox_most_attempts_succeed():
    control = HOSTILE / "tests" / "hostile_control"
    if not control.exists():
        pytest.skip("make MODE=hostile all has not been run")
    done = subprocess.run([control], capture_output=True, text=True,
                          timeout=60)
    assert done.stderr.count("could ") >= 25


def test_a_forbidden_call_ends_the_process(site):
    """The filter as shipped does not answer, it kills: see Seccomp and the
    uids in /proc, of each thread."""
    for role, pids in site.processes().items():
        if role == "master":
            continue
        for pid, task in ((p, t) for p in pids
                          for t in os.listdir(f"/proc/{p}/task")):
            status = open(f"/proc/{pid}/task/{task}/status").read()
            assert re.search(r"^Seccomp:\s+2$", status, re.M), role
            assert re.search(r"^NoNewPrivs:\s+1$", status, re.M), role
            assert re.search(r"^CapEff:\s+0+$", status, re.M), role
            assert not re.search(r"^Uid:\s+0\s", status, re.M), role
            assert os.readlink(f"/proc/{pid}/root") != "/", role


def test_only_auth_has_threads(site):
    for role, pids in site.processes().items():
        for pid in pids:
            threads = len(os.listdir(f"/proc/{pid}/task"))
            assert 2 <= threads <= 5 if role == "auth" else threads == 1


def test_roles_have_users_of_their_own(site):
    uids = {}
    for role, pids in site.processes().items():
        if role not in ("master", "imap"):
            uids[role] = os.stat(f"/proc/{pids[0]}/fd").st_uid or \
                int(open(f"/proc/{pids[0]}/status").read()
                    .split("Uid:")[1].split()[0])
    assert len(set(uids.values())) == len(uids)


@pytest.mark.parametrize("signals", [[signal.SIGTERM, signal.SIGHUP,
                                      signal.SIGALRM, signal.SIGUSR1]])
def test_a_storm_of_signals_to_a_role_changes_nothing(site, signals):
    before = site.processes()
    for role in ("mx", "queue", "store"):
        for _ in range(200):
            for s in signals:
                os.kill(before[role][0], s)
    assert site.answers()
    after = site.processes()
    assert all(after[r] == before[r] for r in ("mx", "queue", "store"))
