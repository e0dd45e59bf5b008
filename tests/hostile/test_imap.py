"""Group IM of the attack catalogue, and what a session process must bear."""

import base64
import hashlib
import hmac
import os
import time

import pytest

from tests.harness.raw import Raw


def b64(octets):
    return base64.b64encode(octets).decode()


def connect(site):
    r = Raw(site.port("imaps"), tls=site.tls(), name=site.facts["host"])
    assert r.line().startswith(b"* OK")
    return r


def login(site, user="alice"):
    r = connect(site)
    facts = site.user(user)
    r.send(f'in LOGIN "{facts["name"]}" "{facts["password"]}"\r\n')
    assert r.line().startswith(b"in OK")
    return r


def answers(r, tag):
    """All lines up to the tagged one; it is the last."""
    lines = []
    while not lines or not lines[-1].startswith(tag + b" "):
        line = r.line()
        assert line, lines
        lines.append(line)
    return lines


def scram(r, tag, user):
    """A right SCRAM-SHA-256 up to the server's last message (RFC 5802)."""
    bare = f"n={user['name']},r={b64(os.urandom(12))}"
    r.send(f"{tag} AUTHENTICATE SCRAM-SHA-256 {b64(('n,,' + bare).encode())}\r\n")
    first = base64.b64decode(r.line()[2:]).decode()
    said = dict(f.split("=", 1) for f in first.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", user["password"].encode(),
                                 base64.b64decode(said["s"]), int(said["i"]))
    key = hmac.digest(salted, b"Client Key", "sha256")
    final = f"c={b64(b'n,,')},r={said['r']}"
    signed = hmac.digest(hashlib.sha256(key).digest(),
                         f"{bare},{first},{final}".encode(), "sha256")
    proof = bytes(a ^ b for a, b in zip(key, signed))
    r.send(b64(f"{final},p={b64(proof)}".encode()) + "\r\n")
    assert base64.b64decode(r.line()[2:]).startswith(b"v=")


def sessions(site):
    return set(site.processes().get("imap", []))


def wait_until(holds, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_scram_ends_in_a_session(site):
    before = sessions(site)
    with connect(site) as r:
        scram(r, "a", site.user("alice"))
        r.send("\r\n")
        assert r.line().startswith(b"a OK")
        assert len(sessions(site) - before) == 1
    wait_until(lambda: not sessions(site) - before)


@pytest.mark.parametrize("last", ["*", "AAAA", "b NOOP"])
def test_nobody_logs_in_twice(site, last):
    """Who is in and gives up would leave a session behind that nobody owns."""
    before = sessions(site)
    with connect(site) as r:
        scram(r, "a", site.user("alice"))
        r.send(last + "\r\n")
        assert r.line().startswith(b"* BYE")
        assert r.line() == b""
    wait_until(lambda: not sessions(site) - before)
