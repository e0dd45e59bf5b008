"""What users hand in: what is added, carried on and refused (RFC 6409)."""

import base64
import re
import time
import uuid

import pytest

from tests.harness.raw import Smtp

FROM = "From: <alice@agency.example>\r\n"


@pytest.fixture
def alice(site):
    """Raw, under TLS and logged in."""
    user = site.user("alice")
    with Smtp(site.port("submissions"), tls=site.tls(),
              name=site.facts["host"]) as s:
        plain = base64.b64encode(
            f"\0{user['name']}\0{user['password']}".encode()).decode()
        assert s.code(f"AUTH PLAIN {plain}") == 235
        yield s


@pytest.fixture
def words(sink):
    """What the next server offers, for this test."""
    before = list(sink.offers)
    sink.hang_up()
    yield sink.offers
    sink.offers[:] = before
    sink.hang_up()


def hand_in(s, header, mail="FROM:<alice@agency.example>",
            rcpt="TO:<x@other.test>", body="Hello.\r\n"):
    mark = str(uuid.uuid4())
    assert s.code(f"MAIL {mail}") == 250
    assert s.code(f"RCPT {rcpt}") == 250
    code, text = s.data(f"{header}Subject: {mark}\r\n\r\n{body}.\r\n")
    return mark, code


def arrived(sink, mark):
    got = sink.wait_for(lambda m: mark.encode() in m.body)
    assert got
    return got


def test_date_and_message_id_are_added(alice, sink):
    mark, code = hand_in(alice, FROM)
    assert code == 250
    header = arrived(sink, mark).body.split(b"\r\n\r\n")[0]
    assert header.count(b"\nDate: ") == 1
    assert re.search(rb"\r\nMessage-ID: <[0-9a-f]{24}@[a-z.]+>\r\n", header)
    assert header.startswith(b"Received: ")


def test_what_is_there_stays_as_it_is(alice, sink):
    own = ("Message-ID: <mine@agency.example>\r\n"
           "Date: Tue, 24 Nov 2026 10:00:00 +0000\r\n")
    mark, code = hand_in(alice, FROM + own)
    assert code == 250
    header = arrived(sink, mark).body.split(b"\r\n\r\n")[0]
    assert header.endswith((FROM + own + f"Subject: {mark}").encode())
    assert header.count(b"Message-ID") == 1


def test_the_added_fields_are_each_their_own(alice, sink):
    marks = [hand_in(alice, FROM)[0] for _ in range(2)]
    ids = {re.search(rb"Message-ID: (.*)\r", arrived(sink, m).body)[1]
           for m in marks}
    assert len(ids) == 2


def test_where_the_user_is_is_not_told(alice, sink):
    mark, _ = hand_in(alice, FROM)
    assert b"127.0.0.1" not in arrived(sink, mark).body
    assert b"probe.att.test" not in arrived(sink, mark).body


def test_no_sender_for_an_ordinary_message(alice):
    _, code = hand_in(alice, FROM, mail="FROM:<>")
    assert code == 550


@pytest.mark.parametrize("kind", ["disposition-notification",
                                  "delivery-status"])
def test_no_sender_for_a_report(alice, sink, kind):
    report = (FROM + f"Content-Type: multipart/report; report-type={kind};"
              " boundary=b\r\n")
    mark, code = hand_in(alice, report, mail="FROM:<>",
                         body="--b\r\n\r\nread\r\n--b--\r\n")
    assert code == 250
    assert arrived(sink, mark).sender == ""


def test_a_report_speaks_in_no_other_name(alice):
    report = ("From: <bob@agency.example>\r\nContent-Type: multipart/report;"
              " report-type=disposition-notification; boundary=b\r\n")
    assert hand_in(alice, report, mail="FROM:<>")[1] == 550


def test_wishes_are_carried_on(alice, sink, words):
    words.append("DSN")
    mark, code = hand_in(
        alice, FROM,
        mail="FROM:<alice@agency.example> RET=HDRS ENVID=e+2Bd",
        rcpt="TO:<x@other.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;y@other.test")
    assert code == 250
    mail, rcpt = arrived(sink, mark).commands
    assert mail.endswith(" RET=HDRS ENVID=e+2Bd")
    assert rcpt.endswith(" NOTIFY=FAILURE,DELAY ORCPT=rfc822;y@other.test")


def test_wishes_are_not_told_to_who_does_not_know_them(alice, sink):
    mark, _ = hand_in(alice, FROM,
                      mail="FROM:<alice@agency.example> RET=FULL",
                      rcpt="TO:<x@other.test> NOTIFY=NEVER")
    assert not any("RET" in c or "NOTIFY" in c
                   for c in arrived(sink, mark).commands)


@pytest.mark.parametrize("command", [
    "RCPT TO:<x@other.test> ORCPT=rfc822;a+0Abcc:+20z@x",
    "RCPT TO:<x@other.test> ORCPT=rfc822;a+00b",
    "RCPT TO:<x@other.test> NOTIFY=NEVER,DELAY",
    "RCPT TO:<x@other.test> NOTIFY=",
    "RCPT TO:<x@other.test> ORCPT=" + "a" * 600])
def test_a_wish_with_a_control_in_it_is_refused(alice, command):
    assert alice.code("MAIL FROM:<alice@agency.example>") == 250
    assert alice.code(command) == 501


@pytest.mark.parametrize("wish", ["ENVID=a+00b", "ENVID=+", "ENVID=+G1",
                                  "ENVID=+0a", "AUTH=a+0Ab", "RET=ALL",
                                  "ENVID=" + "a" * 101])
def test_a_name_with_a_control_in_it_is_refused(alice, wish):
    assert alice.code(f"MAIL FROM:<alice@agency.example> {wish}") == 501


def test_a_message_leaves_as_one_chunk(alice, sink, words):
    words.append("CHUNKING")
    mark, code = hand_in(alice, FROM, body="..a\r\n...\r\n")
    assert code == 250
    got = arrived(sink, mark)
    assert got.commands[-1] == f"BDAT {len(got.body)} LAST"
    assert got.body.endswith(b"\r\n.a\r\n..\r\n")


def test_an_international_message_goes_where_it_is_understood(alice, sink,
                                                              words):
    words.append("SMTPUTF8")
    mark, code = hand_in(
        alice, "From: Jürgen <alice@agency.example>\r\n",
        mail="FROM:<alice@agency.example> SMTPUTF8",
        rcpt="TO:<д@bücher.test>")
    assert code == 250
    got = arrived(sink, mark)
    assert got.commands[0].endswith(" SMTPUTF8")
    assert got.recipients == ["д@bücher.test"]


def test_an_international_message_comes_back_where_it_is_not(site, alice, sink):
    mark, code = hand_in(
        alice, FROM, mail="FROM:<alice@agency.example> SMTPUTF8",
        rcpt="TO:<д@bücher.test>")
    assert code == 250
    report = report_about(site, mark)
    assert b"\r\nFinal-Recipient: utf-8; \\x{434}@b\\x{FC}cher.test\r\n" in report
    assert b"\r\nStatus: 5.6.7\r\n" in report


def test_an_ordinary_message_needs_no_smtputf8(alice, sink):
    mark, code = hand_in(alice, FROM,
                         mail="FROM:<alice@agency.example> SMTPUTF8")
    assert code == 250
    assert "SMTPUTF8" not in arrived(sink, mark).commands[0]


def test_octets_tell_that_a_message_is_eight_bit(alice, sink):
    mark, code = hand_in(alice, FROM, body="Grüße\r\n")
    assert code == 250
    assert arrived(sink, mark).commands[0].endswith(" BODY=8BITMIME")
    mark, code = hand_in(
        alice, FROM, mail="FROM:<alice@agency.example> BODY=8BITMIME")
    assert code == 250
    assert "BODY" not in arrived(sink, mark).commands[0]


def report_about(site, mark, seconds=20):
    """The report in alice's INBOX that returns this header, or None."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with site.imap("alice") as i:
            i.select("INBOX", readonly=True)
            _, found = i.search(None, "BODY", f'"{mark}"')
            if found[0]:
                _, data = i.fetch(found[0].split()[-1], "(BODY.PEEK[])")
                return data[0][1]
        time.sleep(0.2)
    return None


def refuse(sink, address):
    sink.replies["RCPT", address] = "550 5.1.1 No such user"
    return f"TO:<{address}>"


def test_a_failure_is_reported_with_the_senders_words(site, alice, sink):
    mark, _ = hand_in(
        alice, FROM, mail="FROM:<alice@agency.example> ENVID=e+2Bd",
        rcpt=refuse(sink, "gone@other.test") +
        " NOTIFY=FAILURE ORCPT=rfc822;e+3Dmc2@other.test")
    report = report_about(site, mark)
    assert b"\r\nOriginal-Envelope-Id: e+d\r\n" in report
    assert b"\r\nOriginal-Recipient: rfc822; e=mc2@other.test\r\n" in report
    assert b"\r\nFinal-Recipient: rfc822; gone@other.test\r\n" in report


@pytest.mark.parametrize("wish", ["NEVER", "SUCCESS", "DELAY,SUCCESS"])
def test_who_does_not_want_to_hear_of_it_does_not(site, alice, sink, wish):
    mark, _ = hand_in(alice, FROM,
                      rcpt=refuse(sink, "gone@other.test") + f" NOTIFY={wish}")
    # one that is reported, later, is the sign that this one was not
    other, _ = hand_in(alice, FROM, rcpt=refuse(sink, "gone@other.test"))
    assert report_about(site, other)
    assert not report_about(site, mark, 0.5)
