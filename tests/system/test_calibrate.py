"""NC-2.1.8: limits follow from what this machine was measured to do."""

import re
import subprocess

import pytest

from tests.harness.site import POSTHOLD


def posthold(*words):
    return subprocess.run([POSTHOLD, *map(str, words)], capture_output=True,
                          text=True, timeout=300)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A new site, not running, that was calibrated, with the limits that
    follow."""
    place = tmp_path_factory.mktemp("calibrate")
    made = posthold("init", "--dir", place / "site", "agency.example")
    assert made.returncode == 0, made.stderr
    before = posthold("conf", "check", "--site", place / "site")
    assert before.returncode == 0
    assert "no performance standard" in before.stderr
    done = posthold("calibrate", "--site", place / "site", "--seconds", 1,
                    place / "scratch")
    assert done.returncode == 0, done.stderr
    assert not (place / "scratch").exists()
    with open(place / "site" / "posthold.conf", "a") as settings:
        settings.write(done.stdout)
    return place / "site", done


def standard(site):
    return (site / "performance.standard").read_text()


def check(site):
    return posthold("conf", "check", "--site", site)


def test_it_shows_progress_and_says_which_limits_follow(site):
    _, done = site
    assert "messages of 10 KiB a second" in done.stderr
    assert "fdatasync" in done.stderr
    assert re.search(r"site-messages +\d+", done.stdout)


def test_the_standard_is_measured(site):
    values = dict(re.findall(r"(?m)^([a-z0-9-]+) (\d+)$", standard(site[0])))
    for name in ("messages-per-second", "connections-per-second",
                 "octets-per-second", "p99-us", "fdatasync-per-second"):
        assert int(values[name]) > 0, name


def test_limits_are_at_most_70_percent(site):
    text = standard(site[0])
    measured = int(re.search(r"messages-per-second (\d+)", text)[1])
    limit = int(re.search(r"limit site-messages (\d+)", text)[1])
    assert limit == measured * 3600 * 70 // 100


def test_the_limits_that_follow_are_good(site):
    done = check(site[0])
    assert done.returncode == 0, done.stderr


def test_settings_above_are_refused_and_the_remedy_named(site):
    path = site[0] / "posthold.conf"
    good = path.read_text()
    limit = int(re.search(r"limit site-messages (\d+)", standard(site[0]))[1])
    try:
        path.write_text(re.sub(r"site-messages +\d+",
                               f"site-messages {limit + 1}", good))
        refused = check(site[0])
        assert refused.returncode == 78
        assert f"set {limit} or less" in refused.stderr
    finally:
        path.write_text(good)


def test_a_standard_that_was_changed_is_refused(site):
    path = site[0] / "performance.standard"
    text = path.read_text()
    try:
        path.write_text(text.replace("messages-per-second ",
                                     "messages-per-second 9", 1))
        refused = check(site[0])
        assert refused.returncode != 0
        assert "capacity_unsigned" in refused.stderr
    finally:
        path.write_text(text)
    assert check(site[0]).returncode == 0


def test_without_its_key_none_is_written(site):
    """A new key only where there never was one."""
    key = site[0] / "performance.standard.key"
    octets = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    before = standard(site[0])
    try:
        key.unlink()
        done = posthold("calibrate", "--site", site[0], "--seconds", 1,
                        site[0].parent / "again")
        assert done.returncode == 77
        assert ".key" in done.stderr
        assert standard(site[0]) == before
    finally:
        key.write_bytes(octets)
        key.chmod(0o600)


def test_a_place_that_is_there_is_left_alone(site):
    done = posthold("calibrate", "--site", site[0], site[0])
    assert done.returncode == 73
    assert (site[0] / "posthold.conf").exists()
