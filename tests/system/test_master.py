"""What master promises: settings change whole or not at all, clients that wait
are not lost, and what cannot be used is said."""

import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
import time

import pytest

from tests.harness.site import Site


@pytest.fixture
def own(tmp_path):
    site = Site(tmp_path / "demo", "--no-volume")
    site.start()
    yield site
    site.stop()


@contextlib.contextmanager
def asleep(site, role):
    """The process of a role takes no connection meanwhile."""
    pid = site.processes()[role][0]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGCONT)


def settings_of(site):
    return site.directory / "posthold.conf"


def add_domain(text):
    return text.replace("agency.example\n",
                        "agency.example\ndomain second.example\n", 1) \
        if "second.example" not in text else text


def answers_rcpt(site, recipient):
    with site.mx() as s:
        s.ehlo("x.test")
        s.mail("a@other.test")
        return s.rcpt(recipient)[1][:5]


def wait_for(holds, seconds=30):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    assert holds()


def rows(site, event):
    return [r for r in site.log_rows() if r["event"] == event]


@pytest.mark.parametrize("change", [
    lambda text: text + "# nothing\n",
    # permits behind it get other numbers
    lambda text: re.sub(r"permit submission \{.*\n", "", text)],
    ids=["nothing", "another permit"])
def test_who_waits_in_a_listener_is_served_after_a_reload(own, change):
    text = settings_of(own).read_text()
    changed = change(text)
    assert changed != text
    with asleep(own, "mx"), asleep(own, "login"):
        mx, imaps = own.raw("mx"), own.raw("imaps")
        settings_of(own).write_text(changed)
        assert own.run("reload").returncode == 0
    assert mx.recv(4) == b"220 "
    tls = own.tls().wrap_socket(imaps, server_hostname=own.facts["host"])
    assert tls.recv(4) == b"* OK"
    assert own.answers()
    with own.imap("alice") as i:
        assert i.noop()[0] == "OK"


def test_settings_that_cannot_be_used_whole_are_not_used_at_all(own):
    text = settings_of(own).read_text()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings_of(own).write_text(add_domain(
            re.sub(rf"\b{own.port('submission')}\b",
                   str(taken.getsockname()[1]), text)))
        refused = own.run("reload")
        assert refused.returncode != 0
        assert "nothing was changed" in refused.stderr
    assert answers_rcpt(own, "x@second.example") == b"5.7.1"
    assert "port" in rows(own, "SETTINGS_REFUSED")[-1]["error"]
    with own.raw("submission") as s:
        assert s.recv(4) == b"220 "
    assert len(rows(own, "SETTINGS_LOADED")) == 1
    settings_of(own).write_text(add_domain(text))
    assert own.run("reload").returncode == 0
    wait_for(lambda: answers_rcpt(own, "x@second.example") == b"5.1.1")


def certificate(site):
    with own_tls(site) as s:
        return s.getpeercert(binary_form=True)


def own_tls(site):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(site.raw("imaps"))


def test_a_new_certificate_is_used_after_a_reload(own):
    before = certificate(own)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj",
         f"/CN={own.facts['host']}", "-addext",
         f"subjectAltName=DNS:{own.facts['host']}", "-keyout",
         own.directory / "key.pem", "-out", own.directory / "certificate.pem"],
        check=True, capture_output=True)
    assert own.run("reload").returncode == 0
    wait_for(lambda: certificate(own) != before)


def test_a_reload_during_the_stop_changes_nothing(own):
    master = own.processes()["master"][0]
    with asleep(own, "mx"):
        os.kill(master, signal.SIGTERM)
        wait_for(lambda: rows(own, "SITE_STOPPED"))
        assert "session_stopping" in own.run("reload").stderr
        os.kill(master, signal.SIGHUP)
        assert own.run("status").returncode == 0  # the signal was seen
    assert own.process.wait(60) is not None
    assert len(rows(own, "SETTINGS_LOADED")) == 1
    assert not rows(own, "SERVICE_CLOSED")


def test_what_is_no_file_is_said_and_not_waited_for(own):
    users = own.directory / "users"
    users.rename(own.directory / "users.kept")
    os.mkfifo(users)
    os.kill(own.processes()["auth"][0], signal.SIGKILL)
    wait_for(lambda: rows(own, "FILE_UNUSABLE"))
    row = rows(own, "FILE_UNUSABLE")[0]
    assert row["name"] == "auth" and row["path"] == str(users)
    assert own.run("status").returncode == 0


def test_the_first_events_are_kept(own):
    for event in ("SETTINGS_LOADED", "SITE_STARTED", "USERS_LOADED",
                  "KEY_TAKEN"):
        assert len(rows(own, event)) == 1, event
    assert len(rows(own, "SERVICE_LISTEN")) == 4
    assert not rows(own, "LOG_SUPPRESSED")


@pytest.mark.parametrize("spoil, says", [
    (lambda run: run.chmod(0o777), "others can write"),
    (lambda run: os.chown(run, 12345, 12345), "belongs to somebody else"),
    (lambda run: ((run / "master.pid").unlink(),
                  (run / "master.pid").mkdir()), "Is a directory"),
], ids=["mode", "owner", "lock"])
def test_a_run_directory_of_others_is_refused(own, spoil, says):
    own.stop()
    spoil(own.directory / "run")
    master = own.posthold.parent / "libexec" / "master"
    done = subprocess.run([master, settings_of(own)], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 78 and says in done.stderr
    assert "running already" not in done.stderr


def test_the_host_is_looked_at_after_the_start_and_each_reload(own):
    assert own.run("reload").returncode == 0
    wait_for(lambda: len(rows(own, "HOST_SURVEYED")) == 2)
    for row in rows(own, "HOST_SURVEYED"):
        assert row["judged"] == "site" and row["unpermitted"] == 0
        assert row["sockets"] >= 4 and row["namespaces"] >= 1
        assert row["accounts"] > 0
    assert not rows(own, "SOCKET_UNPERMITTED")


def test_an_append_ends_with_none_but_whom_it_waits_for(own):
    """It waits for scan, and log has nothing to do with it: refused, it would be
    handed in again, and be there twice."""
    message = b"Subject: x\r\n\r\ny\r\n"
    log = own.processes()["log"]
    with own.imap("alice") as i:
        with asleep(own, "scan"):
            i.send(b"a APPEND INBOX {%d}\r\n" % len(message))
            assert i.readline().startswith(b"+")
            i.send(message + b"\r\n")
            time.sleep(0.5)  # the question is on its way
            os.kill(log[0], signal.SIGKILL)
            wait_for(lambda: own.processes().get("log", log) != log)
            time.sleep(0.5)  # everybody knows
        assert i.readline().startswith(b"a OK")
        assert i.select("INBOX")[1] == [b"1"]
