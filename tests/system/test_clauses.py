"""posthold check answers every clause, and claims nothing that was not shown."""

import hashlib
import json
import os
import re
import shutil
import socket
import socketserver
import subprocess
import threading
import time

import pytest

from tests.harness.site import Site

CLAUSES = {
    "NC-SCOPE", "NC-1.0", "NC-2.0", "NC-2.0.fn2", "NC-2.1.1", "NC-2.1.2",
    "NC-2.1.3", "NC-2.1.4", "NC-2.1.5", "NC-2.1.6", "NC-2.1.7", "NC-2.1.8",
    "NC-2.1.9.a", "NC-2.1.9.b", "NC-2.1.9.c", "NC-2.1.9.d", "NC-2.1.9.e",
    "NC-2.2.a", "NC-2.2.b", "NC-2.2.c", "NC-2.2.d", "NC-2.3.1", "NC-2.3.2",
    "NC-2.3.3", "NC-2.3.4", "NC-2.4.1", "NC-2.4.2", "NC-2.4.3", "NC-2.4.4",
    "NC-2.5", "NC-G1", "NC-fn1", "NC-fn3", "NC-fn4"}

# What a demonstration proves, host and network being somebody else's.
PROVEN = ["NC-2.1.1", "NC-2.1.2", "NC-2.1.3", "NC-2.1.4", "NC-2.1.5",
          "NC-2.1.6", "NC-2.2.c"]


def answers(site, *options, settings=None):
    done = subprocess.run(
        [site.posthold, "check", "--format", "json", *options, "-c",
         settings or site.directory / "posthold.conf"],
        capture_output=True, text=True, timeout=300)
    report = json.loads(done.stdout)
    assert report["exit"] == done.returncode
    return report, {c["clause"]: c for c in report["clauses"]}


def judge(site, clause, settings=None):
    return answers(site, "--clause", clause, settings=settings)[1][clause]


@pytest.fixture
def own(tmp_path):
    site = Site(tmp_path / "demo", "--no-volume")
    site.start()
    yield site
    site.stop()


def test_every_clause_is_answered_and_what_is_proven_has_three_letters(site):
    report, clauses = answers(site)
    assert set(clauses) == CLAUSES
    assert report["exit"] in (2, 3)
    for name, clause in clauses.items():
        if clause["state"] == "PASS":
            assert clause["missing"] == ""
            for letter in ("static", "blackbox", "continuous"):
                assert clause[letter]["found"] and clause[letter]["looked"]
    assert {c: clauses[c]["state"] for c in PROVEN} == dict.fromkeys(
        PROVEN, "PASS"), clauses


def test_the_text_has_a_line_for_each_and_ends_with_the_verdict(site):
    done = site.run("check")
    for clause in CLAUSES:
        assert f" {clause} " in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines()
               if "/" not in line)
    assert f"(exit {done.returncode})" in done.stdout.splitlines()[-1]
    assert "This host is not the site's alone" in done.stdout


def test_mailboxes_without_a_volume_fail_2_2_b(site, own):
    good, bad = judge(site, "NC-2.2.b"), judge(own, "NC-2.2.b")
    if good["state"] == "FAIL":
        pytest.skip("no loop volume could be made here")
    assert bad["state"] == "FAIL"


# --- a server that misbehaves -----------------------------------------------

class Liar(socketserver.ThreadingTCPServer):
    """Stands before the true mx and changes what it says."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, upstream, change):
        super().__init__(("127.0.0.1", 0), LiarSession)
        self.upstream, self.change = upstream, change
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def settings(self, site):
        """Those of the site, with our port for the mx permit."""
        path = site.directory / "liar.conf"
        text = (site.directory / "posthold.conf").read_text()
        path.write_text(re.sub(rf"\bport {self.upstream}\b",
                               f"port {self.server_address[1]}", text))
        return path


class LiarSession(socketserver.StreamRequestHandler):
    def handle(self):
        with socket.create_connection(
                ("127.0.0.1", self.server.upstream), 60) as s:
            replies = s.makefile("rb")
            command = b""
            while True:
                reply = b""
                while not reply or line[3:4] == b"-":
                    line = replies.readline()
                    if not line:
                        return
                    reply += line
                reply = self.server.change(command, reply) or reply
                self.wfile.write(reply)
                command = self.rfile.readline()
                if not command:
                    return
                s.sendall(command)
                while reply.startswith(b"354") and command:
                    command = self.rfile.readline()
                    s.sendall(command)
                    if command == b".\r\n":
                        break


def on(start, reply):
    return lambda command, said: reply if command.upper().startswith(
        start) else None


LIES = {
    "NC-2.1.1": on(b"EHLO", b"250-mail.agency.example\r\n250 ETRN\r\n"),
    "NC-2.1.3": on(b"XYZZY", b"502 5.5.2 Postfix: command not recognized\r\n"),
    "NC-2.1.4": on(b"AUTH", b"535 5.7.8 Bad credentials\r\n"),
    "NC-2.1.5": on(b"RCPT TO:<T%RELAY-PROBE", b"250 2.1.5 OK\r\n"),
    "NC-2.1.6": on(b"RCPT TO:<NO-SUCH", b"250 2.1.5 OK\r\n"),
    "NC-2.2.c": on(b"VRFY NOSUCH", b"550 5.1.1 User unknown\r\n"),
}


@pytest.mark.parametrize("clause", LIES)
def test_a_server_that_misbehaves_fails(own, clause):
    liar = Liar(own.port("mx"), LIES[clause])
    honest = Liar(own.port("mx"), lambda command, said: None)
    try:
        assert judge(own, clause, honest.settings(own))["blackbox"][
            "state"] == "PASS"
        bad = judge(own, clause, liar.settings(own))
        assert bad["state"] == "FAIL" and bad["blackbox"]["state"] == "FAIL"
        assert bad["blackbox"]["fix"]
    finally:
        liar.shutdown()
        honest.shutdown()


# --- what the host, the files and the log say -------------------------------

def test_a_socket_without_its_permit_fails_2_1_1(own):
    """The permit is gone from the settings, the socket is still there."""
    settings = own.directory / "posthold.conf"
    text = settings.read_text()
    settings.write_text(re.sub(r"permit imaps \{.*\n", "", text))
    bad = judge(own, "NC-2.1.1")
    assert bad["state"] == "FAIL" and bad["static"]["state"] == "FAIL"
    assert str(own.port("imaps")) in bad["static"]["found"]
    assert own.run("reload").returncode == 0
    assert judge(own, "NC-2.1.1")["state"] == "PASS"


def test_a_program_that_no_role_is_fails_2_1_1(tmp_path):
    build = tmp_path / "build"
    (build / "libexec").mkdir(parents=True)
    shutil.copy(Site(tmp_path).posthold, build / "posthold")
    for program in (Site(tmp_path).posthold.parent / "libexec").iterdir():
        shutil.copy(program, build / "libexec")
    site = Site(tmp_path / "demo", "--no-volume", build=build)
    site.start()
    try:
        assert judge(site, "NC-2.1.1")["state"] == "PASS"
        shutil.copy(build / "posthold", build / "libexec" / "webmail")
        bad = judge(site, "NC-2.1.1")["static"]
        assert bad["state"] == "FAIL" and "webmail" in bad["found"]
    finally:
        site.stop()


def test_a_reserved_login_fails_2_1_2(own):
    users = own.directory / "users"
    octets = bytearray(users.read_bytes())
    at = octets.index(b"alice\0") - 24  # a record of state/users/users.h
    record = octets[at:at + 2048].replace(b"alice\0", b"admin\0", 1)
    record[-32:] = hashlib.sha256(record[:-32]).digest()
    octets[at:at + 2048] = record
    users.write_bytes(octets)
    bad = judge(own, "NC-2.1.2")
    assert bad["state"] == "FAIL" and "admin" in bad["static"]["found"]


def test_a_certificate_of_another_name_fails_2_1_4(own):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "90", "-subj",
         "/CN=localhost", "-keyout", own.directory / "other.pem", "-out",
         own.directory / "certificate.pem"], check=True, capture_output=True)
    bad = judge(own, "NC-2.1.4")
    assert bad["state"] == "FAIL"
    assert "not for mail.agency.example" in bad["static"]["found"]


def test_who_changes_an_account_is_in_the_log(own):
    assert own.run("user", "disable", "bob", "left").returncode == 0
    assert own.run("user", "enable", "bob").returncode == 0
    rows = [r for r in own.log_rows() if r["event"] == "ACCOUNT_CHANGED"]
    assert [(r["deed"], r["login"], r["actor"]) for r in rows] == [
        ("disabled", "bob", 0), ("enabled", "bob", 0)]
    assert own.run("user", "add", "admin", "x@agency.example").returncode != 0
    assert judge(own, "NC-2.1.2")["state"] == "PASS"


def log_of_today(site):
    return sorted((site.directory / "log").glob("*.jsonl"))[-1]


def forge(site, last, **changes):
    """Write the last row of an event anew, with other values."""
    path = log_of_today(site)
    row = [json.loads(line) for line in path.read_text().splitlines()
           if f'"event":"{last}"' in line][-1]
    row.update(changes)
    with open(path, "a") as f:
        f.write(json.dumps(row, separators=(",", ":")) + "\n")


FORGED = {
    "NC-2.1.1": ("PROCESS_STARTED", {"event": "SOCKET_UNPERMITTED", "id": 114}),
    "NC-2.1.2": ("PROCESS_STARTED", {"event": "ACCOUNT_DEFAULT", "id": 115}),
    "NC-2.1.3": ("PROCESS_STARTED", {"event": "WORD_TOLD", "id": 219}),
    "NC-2.1.4": ("TLS_STARTED", {"version": "TLSv1.0"}),
    "NC-2.1.5": ("PROCESS_STARTED", {"event": "RELAY_DENIED", "id": 506}),
    "NC-2.1.6": ("PROCESS_STARTED", {"event": "MESSAGE_ACCEPTED", "id": 208,
                                     "role": "mx", "queue": "00000000000000aa",
                                     "grant": "x"}),
    "NC-2.2.c": ("RCPT_REFUSED_", {"fault": "mailbox_unknown"}),
}


@pytest.mark.parametrize("clause", FORGED)
def test_what_the_log_tells_against_a_clause_fails_it(own, clause):
    if clause == "NC-2.2.c":  # there is a recipient to be refused
        judge(own, "NC-2.1.6")
    assert judge(own, clause)["state"] == "PASS"
    last, changes = FORGED[clause]
    for _ in range(61 if clause == "NC-2.2.c" else 1):
        forge(own, last, **changes)
    bad = judge(own, clause)
    assert bad["state"] == "FAIL" and bad["continuous"]["state"] == "FAIL"
    assert bad["static"]["state"] == bad["blackbox"]["state"] == "PASS"


def test_lost_rows_prove_nothing(own):
    forge(own, "PROCESS_STARTED", event="LOG_SUPPRESSED", id=902, rows=7)
    assert judge(own, "NC-2.1.1")["state"] == "UNKNOWN"


# --- evidence and its age ---------------------------------------------------

def test_evidence_lasts_a_day_and_no_longer(own):
    evidence = own.directory / "evidence" / "evidence"
    assert judge(own, "NC-2.1.5")["state"] == "PASS"
    assert os.stat(evidence).st_mode & 0o777 == 0o600
    own.stop()
    kept = judge(own, "NC-2.1.5")
    assert kept["state"] == "PASS" and kept["blackbox"]["state"] == "PASS"
    yesterday = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z",
                              time.gmtime(time.time() - 86400 - 60))
    evidence.write_text(re.sub(
        r"(NC-2.1.5\tblackbox\tPASS\t)[^\t]+", r"\g<1>" + yesterday,
        evidence.read_text()))
    report, clauses = answers(own, "--clause", "NC-2.1.5")
    assert clauses["NC-2.1.5"]["state"] == "STALE" and report["exit"] == 3
    evidence.unlink()
    report, clauses = answers(own, "--clause", "NC-2.1.5")
    assert clauses["NC-2.1.5"]["state"] == "UNKNOWN" and report["exit"] == 3
