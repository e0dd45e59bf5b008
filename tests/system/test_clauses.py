"""posthold check answers every clause, and claims nothing that was not shown."""

import json

import pytest

from tests.harness.site import Site

CLAUSES = {
    "NC-SCOPE", "NC-1.0", "NC-2.0", "NC-2.0.fn2", "NC-2.1.1", "NC-2.1.2",
    "NC-2.1.3", "NC-2.1.4", "NC-2.1.5", "NC-2.1.6", "NC-2.1.7", "NC-2.1.8",
    "NC-2.1.9.a", "NC-2.1.9.b", "NC-2.1.9.c", "NC-2.1.9.d", "NC-2.1.9.e",
    "NC-2.2.a", "NC-2.2.b", "NC-2.2.c", "NC-2.2.d", "NC-2.3.1", "NC-2.3.2",
    "NC-2.3.3", "NC-2.3.4", "NC-2.4.1", "NC-2.4.2", "NC-2.4.3", "NC-2.4.4",
    "NC-2.5", "NC-G1", "NC-fn1", "NC-fn3", "NC-fn4"}


def answers(site):
    done = site.run("check", "--format", "json")
    report = json.loads(done.stdout)
    assert report["exit"] == done.returncode
    return report, {c["clause"]: c for c in report["clauses"]}


def test_every_clause_is_answered_and_none_passes_without_proof(site):
    report, clauses = answers(site)
    assert set(clauses) == CLAUSES
    assert report["exit"] in (2, 3)
    assert all(c["state"] != "PASS" for c in clauses.values())


def test_the_text_has_a_line_for_each_and_ends_with_the_verdict(site):
    done = site.run("check")
    for clause in CLAUSES:
        assert f" {clause} " in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines()
               if "/" not in line)
    assert f"(exit {done.returncode})" in done.stdout.splitlines()[-1]


def test_mailboxes_without_a_volume_fail_2_2_b(site, tmp_path):
    broken = Site(tmp_path / "demo", "--no-volume")
    broken.start()
    try:
        _, good = answers(site)
        _, bad = answers(broken)
    finally:
        broken.stop()
    if good["NC-2.2.b"]["state"] == "FAIL":
        pytest.skip("no loop volume could be made here")
    assert bad["NC-2.2.b"]["state"] == "FAIL"
    assert {c for c in CLAUSES if bad[c]["state"] != good[c]["state"]} == {
        "NC-2.2.b"}
