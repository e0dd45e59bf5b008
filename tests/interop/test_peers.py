"""Postfix, Exim and OpenSMTPD, as Debian packs them, on the other end: mail from
them to a mailbox here, and mail from an account here to a mailbox there."""

import pathlib
import re
import shutil
import smtplib
import tempfile
import time
import uuid

import pytest

from tests.harness import peers
from tests.harness.site import Site
from tests.system.test_first_message import fetch, message

BIG = "0123456789" * 7


@pytest.fixture(scope="module", params=peers.ALL, ids=lambda kind: kind.name)
def pair(request):
    """A peer that sends our domain's mail to us, and a site whose smarthost is
    that peer."""
    kind = request.param
    if kind.missing():
        pytest.skip(kind.missing())
    at = pathlib.Path(tempfile.mkdtemp(prefix="posthold-peer-"))
    at.chmod(0o711)  # a peer has users of its own
    site = Site(at / "demo")
    peer = kind(at, "other.test", "agency.example",
                next_hop=site.base + 25)
    site.options = ("--smarthost", f"127.0.0.1:{peer.port}")
    site.start()
    try:
        peer.start()
        yield peer, site
    finally:
        if peer.process:
            peer.stop()
        assert site.stop() == 0, site.output()
        shutil.rmtree(at)


def from_peer(peer, text, recipient="alice@agency.example",
              sender="carol@third.test", **options):
    with smtplib.SMTP("127.0.0.1", peer.port, timeout=60) as s:
        s.sendmail(sender, [recipient], text, **options)


def to_peer(site, text, recipient="alice@other.test", **options):
    with site.submission("alice") as s:
        s.sendmail("alice@agency.example", [recipient], text, **options)


def test_its_mail_comes_in_over_tls(pair):
    peer, site = pair
    subject = uuid.uuid4().hex
    from_peer(peer, message("carol@third.test", "alice@agency.example", subject))
    got = fetch(site, "alice", subject, seconds=60)
    assert got is not None, peer.output()
    assert re.search(rb"by mail\.agency\.example with ESMTPS\b", got), got


def test_our_mail_arrives_there_over_tls_when_offered(pair):
    peer, site = pair
    subject = uuid.uuid4().hex
    to_peer(site, message("alice@agency.example", "alice@other.test", subject))
    got = peer.wait_for(subject.encode())
    assert got is not None, peer.output()
    assert bool(re.search(rb"by peer\.[^;]* with (ESMTPS|esmtps)", got)) == \
        peer.offers_tls, got


def test_dots_and_long_bodies_pass_both_ways(pair):
    """Four thousand lines, each with a dot in front or a bare one."""
    peer, site = pair
    lines = [f".{BIG}" if n % 2 else "." for n in range(4000)]
    for sender, recipient, send, receive in (
            ("carol@third.test", "alice@agency.example",
             lambda t: from_peer(peer, t),
             lambda s: fetch(site, "alice", s, seconds=60)),
            ("alice@agency.example", "alice@other.test",
             lambda t: to_peer(site, t),
             lambda s: peer.wait_for(s.encode()))):
        subject = uuid.uuid4().hex
        send(message(sender, recipient, subject, "\r\n".join(lines) + "\r\n"))
        got = receive(subject)
        assert got is not None, peer.output()
        body = got.replace(b"\r\n", b"\n").decode()
        assert body.endswith("\n".join(lines) + "\n")


def test_its_refusal_comes_back_as_a_report(pair):
    """No peer takes mail for a domain that is not its own."""
    peer, site = pair
    subject = uuid.uuid4().hex
    to_peer(site, message("alice@agency.example", "x@elsewhere.test", subject),
            recipient="x@elsewhere.test")
    report = fetch(site, "alice", "Mail could not be delivered", seconds=60)
    assert report is not None
    assert b"Action: failed" in report
    assert b"Final-Recipient: rfc822; x@elsewhere.test" in report
    assert b"Diagnostic-Code: smtp; 55" in report


def test_our_refusal_comes_back_from_it(pair):
    """The peer learns of an unknown user in its session with us and tells the
    sender itself: its report goes to the sender's domain, which is its own."""
    peer, site = pair
    from_peer(peer, message("alice@other.test", "ghost@agency.example",
                            uuid.uuid4().hex),
              recipient="ghost@agency.example", sender="alice@other.test")
    report = peer.wait_for(b"ghost@agency.example")
    assert report is not None, peer.output()
    assert b"5.1.1" in report


def needs(peer, word):
    with smtplib.SMTP("127.0.0.1", peer.port, timeout=60) as s:
        s.ehlo()
        if not s.has_extn(word):
            pytest.skip(f"{peer.name} does not offer {word}")


def test_a_success_that_a_user_asked_for_is_reported_by_it(pair):
    peer, site = pair
    needs(peer, "dsn")
    subject, name = uuid.uuid4().hex, uuid.uuid4().hex
    with site.submission("alice") as s:
        s.sendmail("alice@agency.example", ["alice@other.test"],
                   message("alice@agency.example", "alice@other.test", subject),
                   mail_options=[f"ENVID={name}"],
                   rcpt_options=["NOTIFY=SUCCESS",
                                 "ORCPT=rfc822;alice@other.test"])
    assert peer.wait_for(subject.encode()) is not None, peer.output()
    report = fetch_body(site, "alice", subject)
    assert report is not None, peer.output()
    assert re.search(rb"(?i)Action: (delivered|relayed)", report)
    if peer.name == "Postfix":  # OpenSMTPD leaves it out
        assert b"Original-Envelope-Id: " + name.encode() in report


def fetch_body(site, name, text, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with site.imap(name) as i:
            i.select("INBOX")
            _, found = i.search(None, "BODY", f'"{text}"')
            if found[0]:
                _, data = i.fetch(found[0].split()[0], "(BODY.PEEK[])")
                return data[0][1]
        time.sleep(0.2)
    return None


def test_international_mail_passes_both_ways(pair):
    peer, site = pair
    needs(peer, "smtputf8")
    options = {"mail_options": ["SMTPUTF8", "BODY=8BITMIME"]}
    subject = uuid.uuid4().hex
    text = message("дa@third.test", "alice@agency.example", subject,
                   "Grüße\r\n").encode()
    from_peer(peer, text, sender="дa@third.test", **options)
    got = fetch(site, "alice", subject, seconds=60)
    assert got is not None, peer.output()
    assert re.search(rb"with UTF8SMTPS\b", got) and "Grüße".encode() in got
    subject = uuid.uuid4().hex
    text = (f"From: Jürgen <alice@agency.example>\r\nTo: <alice@other.test>\r\n"
            f"Subject: {subject}\r\n\r\nGrüße\r\n").encode()
    to_peer(site, text, **options)
    got = peer.wait_for(subject.encode())
    assert got is not None, peer.output()
    assert "Jürgen".encode() in got and "Grüße".encode() in got
