"""Attacks that others collected: false ends of data and forged senders.

The files are not part of this project; POSTHOLD_TESTDATA names their folder.
Without them the tests are skipped and say so."""

import base64
import json
import os
import pathlib
import re

import pytest

from tests.harness.raw import Smtp
from tests.hostile.test_framing import HEAD, SMUGGLED

FOLDER = pathlib.Path(os.environ.get(
    "POSTHOLD_TESTDATA",
    pathlib.Path(__file__).resolve().parents[3] / "shared/testdata"))


def endings():
    try:
        text = (FOLDER / "smtp-attacks/end-of-data.yml").read_text()
    except OSError:
        return []
    return re.findall(r"id: (\S+)\n\s+bytes_b64: (\S+)", text)


def forgeries(kind):
    try:
        text = (FOLDER / "smtp-attacks/espoofer-odd.json").read_text()
    except OSError:
        return []
    return [c for c in json.loads(text) if c["id"].startswith(kind)]


def named(cases, name):
    return {"argnames": "case", "argvalues": cases or [None],
            "ids": [name(c) for c in cases] or ["absent"]}


@pytest.fixture
def case(request):
    if request.param is None:
        pytest.skip(f"no attacks in {FOLDER}; set POSTHOLD_TESTDATA")
    return request.param


@pytest.mark.parametrize(**named(endings(), lambda c: c[0]), indirect=True)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_false_end_of_data(site, mailbox, mark, case, chunked):
    text = (HEAD.format(mark=mark).encode() + b"x" +
            base64.b64decode(case[1]) + SMUGGLED.encode())
    with Smtp(site.port("mx")).envelope() as s:
        if chunked:
            s.send(b"BDAT %d LAST\r\n" % len(text) + text)
        else:
            assert s.code("DATA") == 354
            s.send(text)
        codes = s.rest(1)
    assert codes[0] == 550
    assert 250 not in codes[1:] and 354 not in codes
    assert mark.encode() not in mailbox() and b"smuggled" not in mailbox()


@pytest.mark.parametrize(**named(forgeries("client"), lambda c: c["id"]),
                         indirect=True)
def test_a_user_forges_a_sender(site, case):
    text = base64.b64decode(case["data_b64"]).replace(
        b"attacker@example.com", b"alice@agency.example")
    user = site.user("alice")
    plain = base64.b64encode(
        f"\0{user['name']}\0{user['password']}".encode()).decode()
    with Smtp(site.port("submissions"), tls=site.tls(),
              name=site.facts["host"]) as s:
        assert s.code(f"AUTH PLAIN {plain}") == 235
        s.envelope(sender="alice@agency.example", rcpt="bob@agency.example")
        assert s.data(text + b"\r\n.\r\n")[0] == 550


# The envelope is no mailbox, or the message has a NUL: refused without a look
# at who is who.
BROKEN = {"server_a3", "server_a5", "server_a7"}


@pytest.mark.parametrize(
    **named([c for c in forgeries("server") if c["id"] in BROKEN],
            lambda c: c["id"]), indirect=True)
def test_a_stranger_says_what_is_no_mail(site, mailbox, case):
    before = len(mailbox())
    text = base64.b64decode(case["data_b64"])
    if case["id"] == "server_a3":  # the NUL stood in its signature
        text = text.replace(b"\r\n\r\n", b"\r\nX: .\0.any\r\n\r\n", 1)
    with Smtp(site.port("mx")) as s:
        if s.code(f"MAIL FROM:{case['mail_from']}") == 250:
            assert s.code("RCPT TO:<alice@agency.example>") == 250
            assert s.data(text + b"\r\n.\r\n")[0] == 550
    assert len(mailbox()) == before
