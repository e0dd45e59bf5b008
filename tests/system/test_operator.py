"""What the operator does: reload, store check, queue verbs, second start."""

import json
import os
import re
import shutil
import smtplib
import socket
import subprocess
import time
import uuid

import pytest

from tests.harness.sink import Sink
from tests.harness.site import Site
from tests.system.test_first_message import fetch, message


@pytest.fixture
def own(tmp_path):
    """A site and sink that a test may break."""
    sink = Sink()
    site = Site(tmp_path / "demo", "--no-volume", "--smarthost",
                f"127.0.0.1:{sink.port}")
    site.start()
    yield site, sink
    site.stop()
    sink.close()


def deliver(site, subject):
    with site.mx() as s:
        s.sendmail("a@other.test", ["alice@agency.example"],
                   message("a@other.test", "alice@agency.example", subject))


def test_store_check_and_rebuild(own):
    site, _ = own
    subject = uuid.uuid4().hex
    deliver(site, subject)
    busy = site.run("store", "check")
    assert busy.returncode != 0 and "running" in busy.stderr
    assert site.stop() == 0
    clean = site.run("store", "check")
    assert clean.returncode == 0 and ": 0 damaged" in clean.stdout
    mailboxes = site.directory / "mailboxes"
    for part in mailboxes.glob("index*"):
        part.unlink()
    assert site.run("store", "rebuild-index").returncode == 0
    site.start()
    assert fetch(site, "alice", subject)


def test_a_flipped_octet_is_found(own):
    site, _ = own
    deliver(site, uuid.uuid4().hex)
    deliver(site, uuid.uuid4().hex)
    assert site.stop() == 0
    segment = next((site.directory / "mailboxes").rglob("*.seg"))
    octets = bytearray(segment.read_bytes())
    at = octets.index(b"Hello.")
    octets[at] ^= 1
    segment.write_bytes(octets)
    assert site.run("store", "check").returncode != 0


def test_reload_takes_good_settings_and_refuses_bad_ones(own):
    site, _ = own
    settings = site.directory / "posthold.conf"
    good = settings.read_text()
    before = site.processes()
    settings.write_text(good + "\nno-such-setting 1\n")
    bad = site.run("reload")
    assert bad.returncode != 0 and "no-such-setting" in bad.stderr
    assert site.answers()
    settings.write_text(good.replace("agency.example\n",
                                     "agency.example\ndomain second.example\n",
                                     1) if "second" not in good else good)
    assert site.run("reload").returncode == 0
    deadline = time.monotonic() + 10
    while not site.answers() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert site.answers()
    assert site.processes() == before
    with site.mx() as s:
        s.ehlo("x.test")
        s.mail("a@other.test")
        code, text = s.rcpt("nobody@second.example")
    assert (code, text[:5]) == (550, b"5.1.1")  # represented now, no such user


def test_a_second_start_is_refused(own):
    site, _ = own
    master = site.posthold.parent / "libexec" / "master"
    second = subprocess.run([master, site.directory / "posthold.conf"],
                            capture_output=True, text=True, timeout=30)
    assert second.returncode != 0 and "running already" in second.stderr
    assert site.answers()


def test_deferred_mail_is_shown_and_retried(own):
    site, sink = own
    sink.replies["RCPT"] = "450 4.2.0 greylisted, come back"
    subject = uuid.uuid4().hex
    with site.submission("alice") as s:
        s.sendmail("alice@agency.example", ["x@other.test"],
                   message("alice@agency.example", "x@other.test", subject))
    for _ in range(100):
        shown = site.run("queue", "list").stdout
        if "greylisted" in shown:
            break
        time.sleep(0.1)
    assert "greylisted" in shown and "x@other.test" in shown
    assert "deferred: peer greylists, next attempt" in shown

    def listed(*options):
        done = site.run("queue", "list", "--format", "json", *options)
        return [row["rcpt"] for row in json.loads(done.stdout)["queue"]]

    assert listed("--reason", "greylisted") == ["x@other.test"]
    assert listed("--domain", "other.test", "--sender", "@agency.example") \
        == ["x@other.test"]
    assert listed("--domain", "another.test") == []
    assert listed("--older", "1d") == []
    done = site.run("queue", "hold", "all", "--reason", "busy")
    assert done.stdout.startswith("0 ")
    done = site.run("queue", "hold", "all", "--domain", "other.test")
    assert done.stdout.startswith("1 ")
    assert "held: by the operator" in site.run("queue", "list").stdout
    assert site.run("queue", "release", "all").stdout.startswith("1 ")
    del sink.replies["RCPT"]
    assert site.run("queue", "retry", "all").returncode == 0
    assert sink.wait_for(lambda m: subject.encode() in m.body)


def test_mail_is_traced(own):
    site, sink = own
    sink.replies[("RCPT", "gone@other.test")] = "550 5.1.1 no such user there"
    sink.replies[("RCPT", "late@other.test")] = "450 4.2.0 greylisted"
    with site.submission("alice") as s:
        s.sendmail("alice@agency.example",
                   ["bob@agency.example", "gone@other.test",
                    "late@other.test", "x@other.test"],
                   message("alice@agency.example", "x@other.test", "traced"))
    for _ in range(100):
        told = site.run("trace", "late@other.test").stdout
        if "deferred for" in told and "<x@other.test> taken by" in told:
            break
        time.sleep(0.1)
    assert "accepted from <alice@agency.example>, 4 recipients" in told
    assert "<gone@other.test> failed: 550" in told
    assert "<x@other.test> taken by 127.0.0.1: 250" in told
    assert "in the mailbox of account" in told
    assert "to <late@other.test>  deferred: peer greylists" in told
    number = re.search(r"(\S{16})  <x@other.test> taken", told).group(1)
    assert "<gone@other.test> failed: 550" in site.run("trace", number).stdout
    assert "accepted from <alice" in site.run("trace",
                                              "bob@agency.example").stdout
    assert site.run("trace", "nobody@other.test").returncode == 1


def test_a_message_is_sent_somewhere_else(own):
    site, sink = own
    other = Sink()
    try:
        sink.replies["RCPT"] = "450 4.2.0 greylisted, come back"
        with site.submission("alice") as s:
            s.sendmail("alice@agency.example", ["x@other.test"],
                       message("alice@agency.example", "x@other.test", "way"))
        for _ in range(100):
            if "greylisted" in site.run("queue", "list").stdout:
                break
            time.sleep(0.1)
        done = site.run("queue", "route", "all", f"127.0.0.1:{other.port}",
                        "--domain", "other.test")
        assert done.returncode == 0 and done.stdout.startswith("1 ")
        assert other.wait_for(lambda m: b"way" in m.body)
        assert sink.messages == []
    finally:
        other.close()


def test_a_refused_recipient_is_reported_once(own):
    site, sink = own
    sink.replies[("RCPT", "gone@other.test")] = "550 5.1.1 no such user there"
    subject = uuid.uuid4().hex
    with site.submission("alice") as s:
        s.sendmail("alice@agency.example", ["gone@other.test", "x@other.test"],
                   message("alice@agency.example", "gone@other.test", subject))
    report = fetch(site, "alice", "Mail could not be delivered", seconds=20)
    assert b"multipart/report" in report
    assert b"Final-Recipient: rfc822; gone@other.test" in report
    assert b"Status: 5.1.1" in report and b"no such user there" in report
    assert subject.encode() in report and b"x@other.test" not in \
        report.split(b"text/rfc822-headers")[0]
    got = sink.wait_for(lambda m: subject.encode() in m.body)
    assert got.recipients == ["x@other.test"]
    with site.imap("alice") as i:
        i.select("INBOX")
        assert len(i.search(None, "SUBJECT", '"could not be"')[1][0].split()) == 1
    assert site.run("queue", "list").stdout.strip() in ("", "the queue is empty")


def test_a_user_who_is_disabled_cannot_log_in(own):
    site, _ = own
    with site.submission("bob"):
        pass
    assert site.run("user", "disable", "bob", "left").returncode == 0
    with pytest.raises(smtplib.SMTPAuthenticationError):
        site.submission("bob")
    with site.mx() as s:  # and still gets mail
        s.sendmail("a@other.test", ["bob@agency.example"],
                   message("a@other.test", "bob@agency.example", "x"))
    assert site.run("user", "enable", "bob").returncode == 0
    with site.submission("bob"):
        pass


def test_an_ended_permit_closes_its_port(own):
    site, _ = own
    settings = site.directory / "posthold.conf"
    text = settings.read_text()
    head, tail = text.split("permit imaps", 1)
    settings.write_text(head + "permit imaps" + re.sub(
        r"expires\s+\S+", "expires 2020-01-01", tail, count=1))
    assert site.run("reload").returncode == 0
    time.sleep(0.3)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", site.port("imaps")), 2)
    assert site.answers()


def free_part(directory):
    s = os.statvfs(directory)
    return s.f_bavail / s.f_blocks


@pytest.mark.skipif(not shutil.which("mkfs.ext4"), reason="needs mkfs.ext4")
def test_a_full_volume_refuses_and_comes_back(tmp_path):
    sink = Sink()
    site = Site(tmp_path / "demo", "--smarthost", f"127.0.0.1:{sink.port}")
    site.start()
    try:
        mailboxes = site.directory / "mailboxes"
        if mailboxes.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("no loop volume could be made")
        filler = mailboxes / "filler"
        with open(filler, "wb") as f:
            while free_part(mailboxes) > 0.045:
                f.write(b"\0" * (1 << 20))
                f.flush()
        with site.mx() as s, pytest.raises(smtplib.SMTPDataError) as full:
            s.sendmail("a@other.test", ["alice@agency.example"],
                       message("a@other.test", "alice@agency.example", "full"))
        assert full.value.smtp_code == 452
        # the part for elsewhere waits for store, so nothing was sent
        for attempt in range(2):
            with site.submission("alice") as s, \
                    pytest.raises(smtplib.SMTPDataError) as mixed:
                s.sendmail("alice@agency.example",
                           ["bob@agency.example", "x@other.test"],
                           message("alice@agency.example", "x@other.test",
                                   f"mixed {attempt}"))
            assert mixed.value.smtp_code == 452
        with site.submission("alice") as s:
            s.sendmail("alice@agency.example", ["y@other.test"],
                       message("alice@agency.example", "y@other.test", "last"))
        assert sink.wait_for(lambda m: b"last" in m.body)
        assert [m.recipients for m in sink.messages] == [["y@other.test"]]
        assert "x@other.test" not in site.run("queue", "list").stdout
        before = site.processes()["store"]
        filler.unlink()
        subject = uuid.uuid4().hex
        deliver(site, subject)
        assert fetch(site, "alice", subject)
        assert site.processes()["store"] == before
    finally:
        assert site.stop() == 0
        sink.close()
