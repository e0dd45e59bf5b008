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
    r.send("up NOOP\r\n")  # the answer of the session's process
    assert r.line().startswith(b"up OK")
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
        r.send("\r\nb NOOP\r\n")
        assert r.line().startswith(b"a OK")
        assert r.line().startswith(b"b OK")
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


EICAR = (b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$"
         b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def append(r, tag, message, mailbox=b"INBOX"):
    r.send(b"%s APPEND %s {%d}\r\n" % (tag, mailbox, len(message)))
    assert r.line().startswith(b"+ ")
    r.send(message + b"\r\n")
    return answers(r, tag)[-1]


def test_a_refused_message_is_not_kept(site):
    """Each would hold a file of the queue's volume as long as the session."""
    message = (b"Subject: x\r\n\r\n" + EICAR + b"\r\n" +
               (b"y" * 78 + b"\r\n") * 20000)
    before = sessions(site)
    with login(site) as r:
        (pid,) = sessions(site) - before
        assert append(r, b"a", message).startswith(b"a NO")
        held = descriptors(pid)
        for _ in range(3):
            assert append(r, b"a", message).startswith(b"a NO")
        assert descriptors(pid) == held


def test_a_search_costs_no_more_than_reading(site):
    """Letters that repeat, in the needle and in the message."""
    with login(site, "bob") as r:
        message = b"Subject: x\r\n\r\n" + (b"a" * 998 + b"\r\n") * 2000
        assert append(r, b"a", message).startswith(b"a OK")
        r.send(b"b SELECT INBOX\r\n")
        assert answers(r, b"b")[-1].startswith(b"b OK")
        r.send(b"c SEARCH BODY %s\r\n" % (b"a" * 900 + b"b"))
        assert answers(r, b"c") == [b"* SEARCH", b"c OK SEARCH done"]


def test_names_above_names_do_not_end_the_session(site):
    with login(site) as r:
        for c in "abcd":
            r.send(f's SUBSCRIBE "{c}{"/x" * 125}/B"\r\n')
            assert answers(r, b"s")[-1].startswith(b"s OK")
        r.send('l LSUB "" "*/x"\r\n')
        assert len(answers(r, b"l")) == 4 * 125 + 1
        for c in "abcd":
            r.send(f's UNSUBSCRIBE "{c}{"/x" * 125}/B"\r\n')
            assert answers(r, b"s")[-1].startswith(b"s OK")


def test_copying_a_mailbox_into_itself_harms_nobody(site):
    message = b"Subject: x\r\n\r\ny\r\n"
    with login(site, "bob") as r:
        r.send(b"a CREATE self\r\n")
        assert answers(r, b"a")[-1].startswith(b"a OK")
        assert append(r, b"a", message, b"self").startswith(b"a OK")
        r.send(b"b SELECT self\r\n")
        answers(r, b"b")
        for _ in range(8):
            r.send(b"c COPY 1:* self\r\n")
            assert answers(r, b"c")[-1].startswith(b"c OK")
        r.send(b"d STATUS self (MESSAGES)\r\n")
        assert b"(MESSAGES 256)" in answers(r, b"d")[0]
    with login(site) as r:
        assert append(r, b"a", message).startswith(b"a OK")
