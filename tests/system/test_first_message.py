"""Mail goes in, is stored, is read, and goes out."""

import imaplib
import smtplib
import time
import uuid

import pytest

EICAR = ("X5O!P%@AP[4\\PZX54(P^)7CC)7}$"
         "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")


def message(sender, recipient, subject, body="Hello.\r\n"):
    return (f"From: <{sender}>\r\nTo: <{recipient}>\r\n"
            f"Subject: {subject}\r\n"
            f"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\n"
            f"Message-ID: <{uuid.uuid4()}@test.example>\r\n\r\n{body}")


def fetch(site, name, subject, seconds=10):
    """The octets of the message with that subject, or None."""
    end = time.monotonic() + seconds
    while True:
        with site.imap(name) as i:
            i.select("INBOX")
            _, found = i.search(None, "SUBJECT", f'"{subject}"')
            if found[0]:
                _, data = i.fetch(found[0].split()[0], "(BODY.PEEK[])")
                return data[0][1]
        if time.monotonic() > end:
            return None
        time.sleep(0.1)


def test_in_by_the_mx_port_and_read_by_imap(site):
    subject = str(uuid.uuid4())
    with site.mx() as s:
        s.sendmail("someone@other.test", ["alice@agency.example"],
                   message("someone@other.test", "alice@agency.example",
                           subject))
    got = fetch(site, "alice", subject)
    assert b"\r\n\r\nHello.\r\n" in got
    assert b"Return-Path: <someone@other.test>" in got
    assert got.count(b"Received: from ") == 1


def test_out_by_submission(site, sink):
    subject = str(uuid.uuid4())
    with site.submission("alice") as s:
        s.sendmail("alice@agency.example", ["someone@other.test"],
                   message("alice@agency.example", "someone@other.test",
                           subject))
    got = sink.wait_for(lambda m: subject.encode() in m.body)
    assert got.recipients == ["someone@other.test"]
    assert got.sender == "alice@agency.example"


def test_between_two_mailboxes_and_out_in_one_message(site, sink):
    subject = str(uuid.uuid4())
    with site.submission("alice") as s:
        s.sendmail("alice@agency.example",
                   ["bob@agency.example", "x@other.test"],
                   message("alice@agency.example", "bob@agency.example",
                           subject))
    assert fetch(site, "bob", subject)
    assert sink.wait_for(lambda m: subject.encode() in m.body).recipients == [
        "x@other.test"]


def test_relaying_without_a_login_is_refused(site):
    with site.mx() as s:
        s.ehlo("x.test")
        s.mail("a@other.test")
        code, text = s.rcpt("t@elsewhere.test")
    assert code == 550 and text.startswith(b"5.7.1")


def test_an_unknown_user_is_refused_in_the_session(site):
    with site.mx() as s:
        s.ehlo("x.test")
        s.mail("a@other.test")
        code, text = s.rcpt("nosuch@agency.example")
    assert code == 550 and text.startswith(b"5.1.1")


def test_postmaster_without_a_domain_is_accepted(site):
    with site.mx() as s:
        s.ehlo("x.test")
        s.mail("a@other.test")
        s.putcmd("RCPT TO:<postmaster>")
        assert s.getreply()[0] == 250


@pytest.mark.parametrize("where", ["mx", "submission"])
def test_a_virus_is_refused(site, where):
    body = message("alice@agency.example", "bob@agency.example",
                   "virus", EICAR + "\r\n")
    s = site.mx() if where == "mx" else site.submission("alice")
    sender = "a@other.test" if where == "mx" else "alice@agency.example"
    with s, pytest.raises(smtplib.SMTPDataError) as refused:
        s.sendmail(sender, ["bob@agency.example"], body)
    assert refused.value.smtp_code == 554


def test_a_forged_header_from_is_refused(site):
    with site.submission("alice") as s, pytest.raises(
            smtplib.SMTPDataError) as refused:
        s.sendmail("alice@agency.example", ["x@other.test"],
                   message("bob@agency.example", "x@other.test", "forged"))
    assert refused.value.smtp_code == 550


def test_a_forged_envelope_sender_is_refused(site):
    with site.submission("alice") as s:
        s.ehlo("x.test")
        code, _ = s.mail("bob@agency.example")
        if code == 250:
            code, _ = s.rcpt("x@other.test")
    assert code == 550


def test_submission_demands_a_login(site):
    with site.submission() as s:
        s.ehlo("x.test")
        code, _ = s.mail("alice@agency.example")
    assert code == 530


def test_a_wrong_password_is_refused(site):
    with site.submission() as s, pytest.raises(
            smtplib.SMTPAuthenticationError) as refused:
        s.login("alice", "wrong")
    assert refused.value.smtp_code == 535
    with pytest.raises(imaplib.IMAP4.error):
        from tests.harness.site import LocalIMAPS
        LocalIMAPS(site.facts["host"], site.port("imaps"),
                   site.tls()).login("alice", "wrong")
