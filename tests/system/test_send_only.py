"""A host that only sends (NC-2.1.9): nothing can be received, everything goes to
the smarthost and nowhere else, from an address that takes reports."""

import json
import os
import pathlib
import re
import shutil
import smtplib
import socket
import subprocess
import threading
import time
import uuid

import pytest

from tests.harness import local
from tests.harness.local import Certificate, LocalSite, free_port
from tests.harness.sink import Sink
from tests.harness.site import BUILD as MAIL_BUILD
from tests.harness.site import ROOT, Site

SENDER = "app@agency.example"
NOBODY = 65534
PYTHON = "/usr/bin/python3"  # other users run it too

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(scope="module", autouse=True)
def programs():
    local.build()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return Certificate(tmp_path_factory.mktemp("tls"), "mail.agency.example")


@pytest.fixture(scope="module")
def smarthost(certificate):
    s = Sink(tls=certificate.context)
    yield s
    s.close()


@pytest.fixture(scope="module")
def host(smarthost, certificate):
    """One for all tests that do not break it."""
    s = LocalSite([f"127.0.0.1:{smarthost.port} {certificate.pin()}"]).start()
    yield s
    code, faults = s.stop(), s.faults()
    s.remove()
    assert code == 0 and not faults


@pytest.fixture
def make(certificate):
    """Hosts of a test's own."""
    made = []

    def one(smarthosts, **options):
        made.append(LocalSite(smarthosts, **options))
        return made[-1]

    yield one
    faults = [f for s in made for f in s.faults()]
    for s in made:
        s.remove()
    assert not faults


def token():
    return uuid.uuid4().hex


def arrived(smarthost, word, seconds=20):
    return smarthost.wait_for(lambda m: word.encode() in m.body, seconds)


def field(message, name):
    """The values of a field, folds undone."""
    head = message.body.split(b"\r\n\r\n")[0].decode("latin-1")
    head = re.sub(r"\r\n[ \t]+", " ", head)
    return [line.split(":", 1)[1].strip() for line in head.split("\r\n")
            if line.lower().startswith(name.lower() + ":")]


# --- a: no code that receives -------------------------------------------------

CHECK = ROOT / "tools" / "check-local"


def test_the_programs_have_no_code_that_receives_or_delivers():
    """`make MODE=local` says so too; here of what the other tests run."""
    programs = [*(local.BUILD / "libexec").iterdir(), local.BUILD / "posthold",
                local.BUILD / "bin" / "sendmail"]
    assert {p.name for p in programs} == {
        "master", "log", "dns", "queue", "dial", "relay", "local", "posthold",
        "sendmail"}
    check = subprocess.run([CHECK, local.BUILD], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout


@pytest.mark.parametrize("program", ["mx", "login", "store", "imap"])
def test_control_a_program_of_the_mail_server_is_found(program, tmp_path):
    if not (MAIL_BUILD / "libexec" / program).exists():
        pytest.skip("the mail server is not built")
    for archive in local.BUILD.glob("*.a"):
        (tmp_path / archive.name).symlink_to(archive)
    (tmp_path / "libexec").mkdir()
    shutil.copy(MAIL_BUILD / "libexec" / program, tmp_path / "libexec")
    check = subprocess.run([CHECK, tmp_path], capture_output=True, text=True)
    assert check.returncode == 1 and f"libexec/{program}: has" in check.stdout


def test_it_is_never_a_mail_server_as_well(make, smarthost, site):
    # settings of both roles
    s = make([f"127.0.0.1:{smarthost.port}"])
    text = s.settings.read_text()
    s.settings.write_text(text + "permit mx { address 127.0.0.1 port 2525 "
                          "reason \"both\" owner \"me\" expires 2026-12-31 }\n")
    check = s.run("conf", "check")
    assert check.returncode == 78 and "NC-2.1.9" in check.stderr
    # a mail server's programs with these settings, and the other way round
    s.settings.write_text(text)
    for program, settings in (
            (MAIL_BUILD / "libexec" / "master", s.settings),
            (local.BUILD / "libexec" / "master",
             site.directory / "posthold.conf")):
        run = subprocess.run([program, settings], capture_output=True,
                             text=True, timeout=30)
        assert run.returncode == 78 and "NC-2.1.9" in run.stderr


# --- clients ------------------------------------------------------------------

def cron(s, to, text):
    assert s.sendmail("-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root",
                      text=f"From: root (Cron Daemon)\nTo: root\n"
                      f"Subject: Cron <root@app1> backup\n\n{text}\n").returncode == 0


def inside_headers(s, to, text):
    """mdadm, logwatch, PHP: recipients are in the header."""
    assert s.sendmail("-t", "-i", text=f"From: mdadm monitoring <root>\n"
                      f"To: {to}\nSubject: DegradedArray\n\n{text}\n",
                      user=NOBODY).returncode == 0


def git(s, to, text):
    assert s.sendmail("-i", "-f", "dev@agency.example", to,
                      text=f"From: dev@agency.example\nTo: {to}\n"
                      f"Subject: [PATCH]\n\n{text}\n").returncode == 0


def needs(program):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")


def as_system_sendmail(s, command, text, user=None):
    """Run a program that calls /usr/sbin/sendmail and knows no other."""
    ours = local.BUILD / "bin" / "sendmail"
    etc = pathlib.Path("/etc/posthold")
    made = not etc.exists()
    etc.mkdir(exist_ok=True)
    try:
        there = pathlib.Path("/usr/sbin/sendmail").resolve()
        if not there.exists():
            pytest.skip("no /usr/sbin/sendmail to put ours in the place of")
        script = (f"mount --bind {s.directory} /etc/posthold && "
                  f"mount --bind {ours} {there} && exec \"$@\"")
        return subprocess.run(["unshare", "-m", "sh", "-ec", script, "sh",
                               *command], input=text.encode(),
                              capture_output=True, timeout=60)
    finally:
        if made:
            etc.rmdir()


def bsd_mailx(s, to, text):
    needs("bsd-mailx")
    run = as_system_sendmail(s, ["bsd-mailx", "-s", "disk full", to], text)
    assert run.returncode == 0, run.stderr


def s_nail(s, to, text):
    needs("s-nail")
    run = as_system_sendmail(
        s, ["s-nail", "-n", "-S", "mta=/usr/sbin/sendmail", "-s", "smartd", to],
        text)
    assert run.returncode == 0, run.stderr


def git_send_email(s, to, text):
    needs("git")
    if not pathlib.Path("/usr/lib/git-core/git-send-email").exists():
        pytest.skip("git send-email is not installed")
    patch = s.directory / "0001-x.patch"
    patch.write_text("From 0000000000000000000000000000000000000000 Mon Sep 17 "
                     "00:00:00 2001\nFrom: Dev <dev@agency.example>\n"
                     f"Subject: [PATCH] x\n\n{text}\n")
    run = as_system_sendmail(
        s, ["git", "-c", "sendemail.from=dev@agency.example", "send-email",
            "--quiet", "--confirm=never", "--suppress-cc=all", "--to", to,
            str(patch)], "")
    assert run.returncode == 0, run.stderr


def smtplib_tcp(s, to, text):
    with smtplib.SMTP("127.0.0.1", s.port, timeout=30) as c:
        c.sendmail("web@agency.example", [to],
                   f"From: web@agency.example\r\nTo: {to}\r\n\r\n{text}\r\n")


def lmtplib_socket(s, to, text):
    with smtplib.LMTP(str(s.directory / "run" / "lmtp.sock")) as c:
        c.sendmail("web@agency.example", [to],
                   f"From: web@agency.example\r\nTo: {to}\r\n\r\n{text}\r\n")


def msmtp(s, to, text):
    needs("msmtp")
    run = subprocess.run(["msmtp", "--host=127.0.0.1", f"--port={s.port}",
                          "--from=web@agency.example", to],
                         input=f"From: web@agency.example\nTo: {to}\n\n{text}\n",
                         text=True, capture_output=True, timeout=60)
    assert run.returncode == 0, run.stderr


def swaks(s, to, text):
    needs("swaks")
    run = subprocess.run(["swaks", "--server", "127.0.0.1", "--port",
                          str(s.port), "--from", "web@agency.example", "--to",
                          to, "--body", text], capture_output=True, timeout=60)
    assert run.returncode == 0, run.stdout


def swaks_socket(s, to, text):
    needs("swaks")
    run = subprocess.run(["swaks", "--socket",
                          str(s.directory / "run" / "smtp.sock"), "--from",
                          "web@agency.example", "--to", to, "--body", text],
                         capture_output=True, timeout=60)
    assert run.returncode == 0, run.stdout


CLIENTS = [cron, inside_headers, git, bsd_mailx, s_nail, git_send_email,
           smtplib_tcp, lmtplib_socket, msmtp, swaks, swaks_socket]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda c: c.__name__)
def test_mail_of_a_program_arrives_in_the_senders_name(host, smarthost, client):
    word = token()
    client(host, "ops@agency.example", word)
    m = arrived(smarthost, word)
    assert m, host.output()
    assert m.sender == SENDER
    assert m.recipients == ["ops@agency.example"]
    assert len(field(m, "From")) == len(field(m, "Date")) == 1
    assert len(field(m, "Message-ID")) == 1
    assert field(m, "From")[0].endswith("@agency.example") or \
        field(m, "From")[0].endswith("@agency.example>")


def test_a_session_of_standard_input_is_one_with_the_host(host, smarthost):
    word = token()
    c = subprocess.Popen([local.BUILD / "bin" / "sendmail", "-C", host.settings,
                          "-bs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(line, code):
        c.stdin.write(line + b"\r\n")
        c.stdin.flush()
        while True:
            reply = c.stdout.readline()
            assert reply.startswith(code), reply
            if reply[3:4] == b" ":
                return

    assert c.stdout.readline().startswith(b"220 ")
    ask(b"EHLO me", b"250")
    ask(b"MAIL FROM:<web@agency.example>", b"250")
    ask(b"RCPT TO:<ops@agency.example>", b"250")
    ask(b"DATA", b"354")
    ask(b"From: web@agency.example\r\n\r\n" + word.encode() + b"\r\n.", b"250")
    ask(b"QUIT", b"221")
    assert c.wait(20) == 0
    assert arrived(smarthost, word)


def test_blind_copies_stay_blind(host, smarthost):
    word = token()
    assert host.sendmail("-t", text=f"To: a@agency.example\nCc: b@agency.example\n"
                         f"Bcc: c@agency.example,\n d@agency.example\n"
                         f"Subject: x\n\n{word}\n").returncode == 0
    m = arrived(smarthost, word)
    assert sorted(m.recipients) == [f"{x}@agency.example" for x in "abcd"]
    assert not field(m, "Bcc") and b"c@agency" not in m.body


def test_what_programs_print_is_mended_not_lost(host, smarthost):
    word = token()
    text = b"10%\r50%\r100%\nNUL \0 here\n" + b"x" * 3000 + b"\n.\n" + \
        word.encode() + b"\n\xe4\xf6\xfc\n"
    assert host.sendmail("-i", "-F", 'A "name"\n', "root",
                         text=text).returncode == 0
    m = arrived(smarthost, word)
    body = m.body.split(b"\r\n\r\n", 1)[1]
    assert body.startswith(b"10%\r\n50%\r\n100%\r\nNUL ? here\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 998
    assert b"\r\n.\r\n" in body and b"\xe4\xf6\xfc" in body
    assert field(m, "From") == ['"A  name  " <app@agency.example>']


EXITS = [
    ((), "", 64, "no recipient"),
    (("-bd",), "", 64, "a daemon"),
    (("-Q",), "", 64, "an option that nobody has"),
    (("-f", "a@b@c", "root"), "", 64, "no sender"),
    (("a b@c d",), "", 67, "no address"),
    (("-bi",), "", 0, "newaliases"),
    (("-C", "/nonexistent", "root"), "", 78, "no settings"),
    (("root",), "x" * 30_000_000, 69, "too large"),
]


@pytest.mark.parametrize("arguments, text, code, what", EXITS,
                         ids=[e[3] for e in EXITS])
def test_exit_codes_are_those_of_sysexits(host, arguments, text, code, what):
    assert host.sendmail(*arguments, text=text).returncode == code


def test_without_the_host_a_program_reads_try_again(make, smarthost):
    s = make([f"127.0.0.1:{smarthost.port}"])
    run = s.sendmail("root")
    assert run.returncode == 75 and b"try again" in run.stderr


def test_the_queue_is_the_operators(host):
    """As installed: sendmail in sbin, the operator's command in bin."""
    for place, program in (("sbin", local.BUILD / "bin" / "sendmail"),
                           ("bin", local.BUILD / "posthold")):
        (host.directory / place).mkdir()
        shutil.copy(program, host.directory / place)
    mailq = host.directory / "bin" / "mailq"
    mailq.symlink_to("../sbin/sendmail")

    def run(*command):
        return subprocess.run([*command, "-C", host.settings],
                              capture_output=True, timeout=30)

    assert run(mailq).returncode == 0
    assert run(host.directory / "sbin" / "sendmail", "-q").returncode == 0
    assert run("setpriv", f"--reuid={NOBODY}", "--clear-groups", "--", mailq
               ).returncode == 69


def test_users_of_this_host_are_read_by_the_operator(host, smarthost):
    for to in ("root", "root@localhost", "root@app1.agency.example",
               "postmaster@app1"):
        word = token()
        assert host.sendmail(to, text=word).returncode == 0
        assert arrived(smarthost, word).recipients == ["ops@agency.example"]


# --- b: to the smarthost and nowhere else -------------------------------------

def test_mail_for_elsewhere_goes_to_the_smarthost_only(make, certificate):
    """NUL-02: the canary's own mail host is there and hears nothing."""
    smarthost, canary = Sink(tls=certificate.context), Sink()
    s = make([f"127.0.0.1:{smarthost.port} {certificate.pin()}"], extra=(
        "dns { local-data \"canary.test. IN MX 1 mx.canary.test.\"\n"
        "local-data \"mx.canary.test. IN A 127.0.0.1\" }")).start()
    word = token()
    assert s.sendmail("x@canary.test", text=word).returncode == 0
    m = arrived(smarthost, word)
    assert m.recipients == ["x@canary.test"]
    assert not canary.messages
    hosts = {(r["host"], r["port"]) for r in s.rows("CONNECTED_OUT")}
    assert hosts == {("127.0.0.1", smarthost.port)}
    assert {r["host"] for r in s.wait_rows("RELAYED")} == {"127.0.0.1"}
    smarthost.close()
    canary.close()


def test_no_order_of_the_operator_leads_elsewhere(make, certificate):
    """Another build's command knows one; dial does not obey."""
    elsewhere = Sink()
    s = make([f"127.0.0.1:{free_port()} {certificate.pin()}"]).start()
    assert s.sendmail("root").returncode == 0
    assert s.wait_rows("DEFERRED", "ops@agency.example")
    order = ["queue", "route", "all", f"127.0.0.1:{elsewhere.port}"]
    assert s.run(*order).returncode == 64
    if (MAIL_BUILD / "posthold").exists():
        subprocess.run([MAIL_BUILD / "posthold", *order, "-c", s.settings],
                       check=True, capture_output=True, timeout=30)
        assert s.wait_rows("DIAL_REFUSED", "not a smarthost")
    assert not elsewhere.messages
    elsewhere.close()


def test_a_wrong_key_holds_the_mail(make, smarthost, certificate, tmp_path):
    """NUL-03, and the control: with the right one it goes."""
    wrong = Certificate(tmp_path, "mail.agency.example")
    s = make([f"127.0.0.1:{smarthost.port} {wrong.pin()}"]).start()
    word = token()
    assert s.sendmail("root", text=word).returncode == 0
    assert s.wait_rows("DEFERRED", "not the pinned key")
    assert not arrived(smarthost, word, 3)
    assert word not in "".join(str(m.body) for m in smarthost.messages)
    s.smarthosts = [f"127.0.0.1:{smarthost.port} {certificate.pin()}"]
    assert s.reload().returncode == 0
    assert s.run("queue", "retry", "all").returncode == 0
    assert arrived(smarthost, word)


NAMES = ("dns { local-data \"mail.agency.example. IN A 127.0.0.1\"\n"
         "local-data \"other.agency.example. IN A 127.0.0.1\" }")


def test_a_certificate_must_bear_the_name_and_lead_to_the_authority(
        make, smarthost, certificate, tmp_path):
    """NUL-03 without a pin: an authority that is not ours, a name that is not
    its; with both right it goes."""
    stranger = Certificate(tmp_path, "mail.agency.example")
    s = make([f"mail.agency.example:{smarthost.port}"], extra=NAMES,
             relay=f"ca-file {stranger.path}").start()
    word = token()
    assert s.sendmail("root", text=word).returncode == 0
    assert s.wait_rows("DEFERRED", "ops@agency.example")
    s.stop()
    s.relay = f"ca-file {certificate.path}"
    s.smarthosts = [f"other.agency.example:{smarthost.port}"]
    s.write()
    before = len(s.rows("DEFERRED"))
    s.start()
    end = time.monotonic() + 20
    while len(s.rows("DEFERRED")) == before and time.monotonic() < end:
        time.sleep(0.1)
    assert len(s.rows("DEFERRED")) > before
    assert not arrived(smarthost, word, 1)
    s.stop()
    s.smarthosts = [f"mail.agency.example:{smarthost.port}"]
    s.write()
    s.start()
    assert arrived(smarthost, word)


def test_a_smarthost_without_tls_gets_nothing(make):
    plain = Sink()
    s = make([f"127.0.0.1:{plain.port}"]).start()
    assert s.sendmail("root").returncode == 0
    assert s.wait_rows("DEFERRED", "does not offer TLS")
    assert not plain.messages
    plain.close()


def test_mail_waits_for_a_smarthost_that_is_away(make, certificate):
    port = free_port()
    s = make([f"127.0.0.1:{port} {certificate.pin()}"]).start()
    word = token()
    assert s.sendmail("root", text=word).returncode == 0
    assert s.wait_rows("DEFERRED", "ops@agency.example")
    s.stop()  # it is on the disk
    late = Sink(port, tls=certificate.context)
    s.start()
    assert arrived(late, word)
    late.close()


def test_the_next_smarthost_takes_what_the_first_does_not(
        make, smarthost, certificate):
    s = make([f"127.0.0.1:{free_port()} {certificate.pin()}",
              f"127.0.0.1:{smarthost.port} {certificate.pin()}"]).start()
    word = token()
    assert s.sendmail("root", text=word).returncode == 0
    assert arrived(smarthost, word)


# --- c: of this host only -----------------------------------------------------

class Network:
    """A host of its own (`inside`) and a stranger's (`outside`), one wire."""

    def __init__(self):
        self.inside = f"ph-in-{os.getpid()}"
        self.outside = f"ph-out-{os.getpid()}"

    def __enter__(self):
        for name in (self.inside, self.outside):
            subprocess.run(["ip", "netns", "add", name], check=True)
            self.ip(name, "link", "set", "lo", "up")
        self.ip(self.inside, "link", "add", "wire", "type", "veth", "peer",
                "name", "wire", "netns", self.outside)
        for name, n in ((self.inside, 1), (self.outside, 2)):
            self.ip(name, "addr", "add", f"192.0.2.{n}/24", "dev", "wire")
            self.ip(name, "addr", "add", f"2001:db8::{n}/64", "dev", "wire",
                    "nodad")
            self.ip(name, "link", "set", "wire", "up")
        return self

    def __exit__(self, *_):
        for name in (self.inside, self.outside):
            subprocess.run(["ip", "netns", "del", name])

    def ip(self, name, *words):
        subprocess.run(["ip", "-n", name, *words], check=True)

    def run(self, name, *command):
        return subprocess.run(["ip", "netns", "exec", name, *command],
                              capture_output=True, text=True, timeout=60)

    def reaches(self, address, port):
        """What the stranger reads there: None if nobody lets it in."""
        family = "AF_INET6" if ":" in address else "AF_INET"
        run = self.run(self.outside, PYTHON, "-c", (
            "import socket, sys\n"
            f"s = socket.socket(socket.{family})\n"
            "s.settimeout(5)\n"
            "try:\n"
            f"    s.connect(('{address}', {port}))\n"
            "    print(s.recv(4).decode(), end='')\n"
            "except OSError as e:\n"
            "    sys.exit(1)\n"))
        return run.stdout if run.returncode == 0 else None


@pytest.fixture
def network():
    with Network() as n:
        yield n


LISTENER = ("import socket\n"
            "s = socket.create_server(('{}', {}), family=socket.{})\n"
            "print('up', flush=True)\n"
            "while True: s.accept()[0].send(b'220 hi')")


def listen(network, address, port, family="AF_INET"):
    p = subprocess.Popen(["ip", "netns", "exec", network.inside, PYTHON, "-c",
                          LISTENER.format(address, port, family)],
                         stdout=subprocess.PIPE)
    assert p.stdout.readline() == b"up\n"
    return p


def test_nobody_off_host_gets_in(make, smarthost, network):
    s = make([f"127.0.0.1:{smarthost.port}"], network=network.inside)
    s.port = 25
    s.write()
    s.start()
    ports = {25, 465, 587, s.port, s.lmtp_port}
    for address in ("192.0.2.1", "2001:db8::1"):
        for port in ports:
            assert network.reaches(address, port) is None, (address, port)
    # control: from here it answers, and what listens elsewhere is reached
    assert network.run(network.inside, PYTHON, "-c",
                       "import smtplib; smtplib.SMTP('127.0.0.1', 25).noop()"
                       ).returncode == 0
    p = listen(network, "0.0.0.0", 7777)
    assert network.reaches("192.0.2.1", 7777) == "220 "
    p.kill()
    p.wait()


def test_it_does_not_start_beside_a_mail_server(make, smarthost, network):
    p = listen(network, "192.0.2.1", 25)
    s = make([f"127.0.0.1:{smarthost.port}"], network=network.inside)
    assert s.launch().process.wait(30) == 78
    assert "a mail server listens on tcp 192.0.2.1 port 25" in s.output()
    p.kill()
    p.wait()
    # control: on loopback it is nobody's business but the host's
    p = listen(network, "127.0.0.1", 25)
    s.start()
    p.kill()
    p.wait()


def route_localnet(network, value):
    assert network.run(network.inside, "sysctl", "-w",
                       f"net.ipv4.conf.wire.route_localnet={value}"
                       ).returncode == 0


def test_it_does_not_start_where_others_reach_loopback(make, smarthost, network):
    route_localnet(network, 1)
    s = make([f"127.0.0.1:{smarthost.port}"], network=network.inside)
    assert s.launch().process.wait(30) == 78
    assert "route_localnet" in s.output()
    route_localnet(network, 0)
    s.start()


def test_a_translated_stranger_is_no_program_of_this_host(
        make, smarthost, network):
    """What a published port of a container does, opened behind our back."""
    needs("nft")
    s = make([f"127.0.0.1:{smarthost.port}"], network=network.inside).start()
    route_localnet(network, 1)
    rules = (f"table ip t {{\nchain c {{\n"
             f"type nat hook prerouting priority -100\n"
             f"tcp dport 7000 dnat to 127.0.0.1:{s.port}\n"
             f"tcp dport 7001 dnat to 127.0.0.1:7777\n}}\n}}\n")
    loaded = network.run(network.inside, "nft", rules)
    if loaded.returncode != 0:
        pytest.skip("this kernel does not translate: " + loaded.stderr)
    # control: the translation works, and an ordinary server answers through it
    p = listen(network, "127.0.0.1", 7777)
    assert network.reaches("192.0.2.1", 7001) == "220 "
    p.kill()
    p.wait()
    assert network.reaches("192.0.2.1", 7000) in (None, "")
    assert s.wait_rows("LOCAL_REFUSED", "not a program of this host")


def test_every_message_has_a_user(host, smarthost):
    """SO_PEERCRED over the socket; on loopback the kernel is asked."""
    word = token()
    assert host.sendmail("root", text=word, user=NOBODY).returncode == 0
    script = (f"import smtplib; smtplib.SMTP('127.0.0.1', {host.port})"
              f".sendmail('a@agency.example', ['ops@agency.example'], "
              f"'From: a@agency.example\\r\\n\\r\\n{word} tcp')")
    subprocess.run(["setpriv", "--reuid=65533", "--regid=65533",
                    "--clear-groups", PYTHON, "-c", script], check=True)
    assert arrived(smarthost, word + " tcp")
    users = {r["grant"] for r in host.rows("MESSAGE_ACCEPTED")}
    assert {"uid 65534", "uid 65533"} <= users


# --- d: the sender takes reports ----------------------------------------------

@pytest.fixture
def primary(tmp_path):
    s = Site(tmp_path / "primary", "--no-volume").start()
    yield s
    assert s.stop() == 0, s.output()


def pinned(primary):
    pem = (primary.directory / "certificate.pem").read_bytes()
    return f"127.0.0.1:{primary.port('mx')} {local.pin_of(pem)}"


def test_the_loop_of_reports_is_closed(make, primary):
    """NUL-05: the report about a letter to nobody is in the sender's mailbox."""
    s = make([pinned(primary)], sender="bob@agency.example",
             operator="alice@agency.example").start()
    begun = s.wait_rows("LOOP_BEGUN")
    assert begun
    closed = s.wait_rows("LOOP_CLOSED")
    assert closed and closed[0]["sender"] == "bob@agency.example"
    assert not s.rows("LOOP_OPEN")
    word = begun[0]["rcpt"].split("@")[0].removeprefix("no-such-")
    with primary.imap("bob") as i:
        i.select("INBOX")
        _, found = i.search(None, "BODY", f'"{word}"')
        _, data = i.fetch(found[0].split()[0], "(BODY.PEEK[])")
    report = data[0][1]
    assert report.startswith(b"Return-Path: <>") or b"Return-Path" not in report
    assert b"report-type=delivery-status" in report
    assert b"From: <bob@agency.example>" in report
    # mail of a program comes back the same way
    subject = token()
    assert s.sendmail("no-such-user@agency.example",
                      text=f"Subject: {subject}\n\nx\n").returncode == 0
    end, found = time.monotonic() + 20, [b""]
    while not found[0] and time.monotonic() < end:
        with primary.imap("bob") as i:
            i.select("INBOX")
            _, found = i.search(None, "BODY", f'"{subject}"')
        time.sleep(0.2)
    assert found[0]


def test_a_sender_that_does_not_exist_leaves_the_loop_open(make, primary):
    s = make([pinned(primary)], sender="app1@agency.example").start()
    found = s.wait_rows("LOOP_OPEN")
    assert found and "refuses reports" in found[0]["reason"]
    assert not s.rows("LOOP_CLOSED")


def test_a_smarthost_that_takes_mail_for_nobody_proves_nothing(
        make, smarthost, certificate):
    s = make([f"127.0.0.1:{smarthost.port} {certificate.pin()}"]).start()
    found = s.wait_rows("LOOP_OPEN")
    assert found and "took mail for nobody" in found[0]["reason"]
    assert not s.rows("LOOP_CLOSED")


# --- with a login at the smarthost --------------------------------------------

@pytest.fixture
def submission(tmp_path):
    """A primary server that relays for logins, and the world behind it."""
    world = Sink()
    s = Site(tmp_path / "primary", "--no-volume", "--smarthost",
             f"127.0.0.1:{world.port}").start()
    s.world = world
    yield s
    assert s.stop() == 0, s.output()
    world.close()


def with_login(make, submission, password, mode=0o600):
    pem = (submission.directory / "certificate.pem").read_bytes()
    s = make([f"127.0.0.1:{submission.port('submission')} {local.pin_of(pem)}"],
             sender="bob@agency.example", operator="alice@agency.example",
             sender_from="from sender")
    secret = s.directory / "password"
    secret.write_text(password + "\n")
    secret.chmod(mode)
    s.relay = f"login bob\npassword-file {secret}"
    s.write()
    return s.start()


def test_with_a_login_mail_for_elsewhere_is_relayed(make, submission):
    s = with_login(make, submission, submission.user("bob")["password"])
    word = token()
    assert s.sendmail("x@canary.test", text="From: web@agency.example\n\n"
                      f"{word}\n").returncode == 0
    m = arrived(submission.world, word)
    assert m.sender == "bob@agency.example"
    assert field(m, "From") == ["bob@agency.example"]
    assert field(m, "X-Original-From") == ["web@agency.example"]
    assert s.wait_rows("LOOP_CLOSED")


@pytest.mark.parametrize("mode", [0o600, 0o644], ids=["wrong", "readable"])
def test_a_login_that_does_not_hold_keeps_the_mail(make, submission, mode):
    password = submission.user("bob")["password"]
    s = with_login(make, submission, password if mode == 0o644 else "wrong",
                   mode)
    word = token()
    assert s.sendmail("x@canary.test", text=word).returncode == 0
    assert s.wait_rows("DEFERRED", "x@canary.test",
                       "No password" if mode == 0o644 else "refused our login")
    assert not s.rows("BOUNCED")
    assert not arrived(submission.world, word, 1)


# --- e: in a represented name -------------------------------------------------

FOREIGN = [
    ("From: CEO <ceo@other.example>\n", "another domain"),
    ("From: root\n", "a name of this host"),
    ("From: a@agency.example, ceo@other.example\n", "two addresses"),
    ("From: ceo@sub.agency.example\n", "a subdomain"),
    ("From: x\n <ceo@other.example>\n", "a fold"),
    ("From: a@agency.example\nFrom: ceo@other.example\n", "two fields"),
]


@pytest.mark.parametrize("head, what", FOREIGN, ids=[f[1] for f in FOREIGN])
def test_another_from_is_set_aside(host, smarthost, head, what):
    """NUL-06"""
    word = token()
    assert host.sendmail("root", text=f"{head}Subject: x\n\n{word}\n",
                         user=NOBODY).returncode == 0
    m = arrived(smarthost, word)
    froms = field(m, "From")
    assert len(froms) == 1 and "other.example" not in froms[0]
    assert froms[0] in (SENDER, "a@agency.example")
    assert field(m, "X-Original-From")
    assert host.wait_rows("FROM_REFUSED", "rewritten", '"uid":65534')


@pytest.mark.parametrize("head, what", FOREIGN, ids=[f[1] for f in FOREIGN])
def test_or_refused_by_the_settings(refusing, smarthost, head, what):
    word = token()
    run = refusing.sendmail("root", text=f"{head}Subject: x\n\n{word}\n")
    assert run.returncode == 69 and b" 550 " in run.stderr
    # control: a good one passes
    assert refusing.sendmail("root", text="From: any@agency.example\n\n"
                             f"{word} good\n").returncode == 0
    assert arrived(smarthost, word + " good")
    assert not [m for m in smarthost.messages
                if word.encode() in m.body and b"good" not in m.body]


@pytest.fixture(scope="module")
def refusing(smarthost, certificate):
    s = LocalSite([f"127.0.0.1:{smarthost.port} {certificate.pin()}"],
                  sender_from="from refuse").start()
    yield s
    s.remove()


# --- the processes ------------------------------------------------------------

ROLES = {"log", "dns", "queue", "dial", "relay", "local"}


def test_each_process_is_confined(host):
    processes = host.processes()
    assert set(processes) == ROLES
    for role, pid in processes.items():
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        for line in (r"^Seccomp:\s+2$", r"^NoNewPrivs:\s+1$", r"^CapEff:\s+0+$"):
            assert re.search(line, status, re.M), (role, line)
        assert not re.search(r"^Uid:\s+0\s", status, re.M), role
        assert os.readlink(f"/proc/{pid}/root") != "/", role
        ours = os.readlink("/proc/self/ns/net")
        assert (os.readlink(f"/proc/{pid}/ns/net") == ours) == (
            role in ("dns", "dial")), role


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_process_that_dies_is_missed_by_nobody(host, smarthost, role):
    pid = host.processes()[role]
    os.kill(pid, 9)
    end = time.monotonic() + 20
    while host.processes().get(role) in (None, pid):
        assert time.monotonic() < end
        time.sleep(0.05)
    word = token()
    while host.sendmail("root", text=word).returncode == 75:
        assert time.monotonic() < end
    assert arrived(smarthost, word)


# --- nothing is lost ----------------------------------------------------------

def test_kill_9_under_load_loses_nothing(make, certificate):
    smarthost = Sink(tls=certificate.context)
    s = make([f"127.0.0.1:{smarthost.port} {certificate.pin()}"]).start()
    kept, over = [], threading.Event()

    def load():
        while not over.is_set():
            word = token()
            try:
                with smtplib.SMTP("127.0.0.1", s.port, timeout=10) as c:
                    c.sendmail("a@agency.example", ["ops@agency.example"],
                               f"From: a@agency.example\r\n\r\n{word}\r\n")
                kept.append(word)  # 250 was said
            except (OSError, smtplib.SMTPException):
                time.sleep(0.02)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for t in threads:
        t.start()
    for moment in range(6):
        time.sleep(0.3 + moment / 10)
        s.kill()
        s.start()
    over.set()
    for t in threads:
        t.join()
    assert len(kept) > 50
    for word in kept:
        assert arrived(smarthost, word, 30), word
    smarthost.close()


# --- posthold check -----------------------------------------------------------

def judged(s):
    """{letter of NC-2.1.9: what is said of it}, by evidence of now only."""
    shutil.rmtree(s.directory / "evidence", ignore_errors=True)
    done = subprocess.run(s.inside(local.BUILD / "posthold", "check",
                                   "--format", "json", "-c", s.settings),
                          capture_output=True, text=True, timeout=120)
    report = json.loads(done.stdout)
    assert report["exit"] == done.returncode
    return {c["clause"].removeprefix("NC-2.1.9."): c
            for c in report["clauses"]}


def test_check_proves_each_clause_by_three_letters(make, primary):
    s = make([pinned(primary)], sender="bob@agency.example").start()
    assert s.wait_rows("LOOP_CLOSED")
    clauses = judged(s)
    assert {c: v["state"] for c, v in clauses.items()} == dict.fromkeys(
        "abcde", "PASS"), clauses
    # what was probed sent no message
    assert {r["rcpt"] for r in s.rows("RELAYED")} == {"bob@agency.example"}
    assert len(s.rows("RELAYED")) == 1


def test_control_check_sees_what_is_wrong(make, primary, network):
    """Open ports outside; a sender that does not exist."""
    s = make([pinned(primary)], sender="nobody@agency.example").start()
    assert s.wait_rows("LOOP_OPEN")
    clauses = judged(s)
    assert clauses["d"]["state"] == "FAIL"
    assert clauses["a"]["state"] == "PASS"
    s.stop()
    s.network = network.inside
    s.start()
    others = [listen(network, "192.0.2.1", port) for port in (25, s.port)]
    clauses = judged(s)
    assert clauses["a"]["state"] == clauses["c"]["state"] == "FAIL"
    assert "192.0.2.1 port 25 is open" in str(clauses["a"])
    for p in others:
        p.kill()
        p.wait()


def test_control_check_does_not_take_another_key_for_the_smarthost(
        make, smarthost, tmp_path):
    wrong = Certificate(tmp_path, "mail.agency.example")
    s = make([f"127.0.0.1:{smarthost.port} {wrong.pin()}"]).start()
    clauses = judged(s)
    assert clauses["b"]["state"] == clauses["d"]["state"] == "FAIL"
    s.smarthosts = [f"127.0.0.1:{free_port()} {wrong.pin()}"]
    assert s.reload().returncode == 0
    assert judged(s)["b"]["state"] == "UNKNOWN"


def test_control_check_sees_a_host_that_takes_any_from(
        make, smarthost, certificate):
    s = make([f"127.0.0.1:{smarthost.port} {certificate.pin()}"],
             sender_from="from refuse").start()
    assert judged(s)["e"]["state"] == "PASS"
    path = s.directory / "run" / "smtp.sock"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as fake:
        fake.bind(str(path))
        fake.listen()

        def serve():
            while True:
                c, _ = fake.accept()
                c.sendall(b"220 x\r\n")
                while line := c.recv(1000):
                    if not line.startswith(b"From"):
                        c.sendall(b"354 x\r\n" if line.startswith(b"DATA")
                                  else b"250 x\r\n")

        threading.Thread(target=serve, daemon=True).start()
        assert judged(s)["e"]["state"] == "FAIL"


# --- the operator -------------------------------------------------------------

def test_init_writes_good_settings(tmp_path):
    made = subprocess.run(
        [local.BUILD / "posthold", "init", "agency.example", "--send-only",
         "mail.agency.example:25", "--pin", "sha256=" + "0a" * 32, "--sender",
         SENDER, "--operator", "ops@agency.example", "--host",
         "app1.agency.example", "--dir", tmp_path / "etc"],
        capture_output=True, text=True, timeout=30)
    assert made.returncode == 0, made.stderr
    settings = tmp_path / "etc" / "posthold.conf"
    check = subprocess.run([local.BUILD / "posthold", "conf", "check", "-c",
                            settings], capture_output=True, text=True)
    assert check.returncode == 0, check.stderr
    assert "sha256=" + "0a" * 32 in settings.read_text()
    again = subprocess.run(
        [local.BUILD / "posthold", "init", "agency.example", "--send-only",
         "mail.agency.example:25", "--dir", tmp_path / "etc"],
        capture_output=True, text=True, timeout=30)
    assert again.returncode == 73 and "exists already" in again.stderr


def test_the_kernel_lets_only_dial_reach_mail_ports(make, network):
    """The rules of `posthold conf egress`, with a control without them."""
    needs("nft")
    s = make(["192.0.2.2:2525", "mail.agency.example:587"])
    rules = s.run("conf", "egress")
    assert rules.returncode == 0, rules.stderr
    dial = re.search(r"skuid (\d+)", rules.stdout).group(1)
    for port in (25, 2525):
        p = subprocess.Popen(
            ["ip", "netns", "exec", network.outside, PYTHON, "-c",
             LISTENER.format("192.0.2.2", port, "AF_INET")],
            stdout=subprocess.PIPE)
        p.stdout.readline()

    def connects(uid, port):
        return network.run(
            network.inside, "setpriv", f"--reuid={uid}", f"--regid={uid}",
            "--clear-groups", PYTHON, "-c",
            f"import socket; socket.create_connection(('192.0.2.2', {port}), 5)"
            ).returncode == 0

    assert connects(NOBODY, 25) and connects(dial, 25)
    loaded = subprocess.run(["ip", "netns", "exec", network.inside, "nft", "-f",
                             "-"], input=rules.stdout, text=True,
                            capture_output=True)
    assert loaded.returncode == 0, loaded.stderr
    assert connects(dial, 2525)
    assert not connects(dial, 25) and not connects(NOBODY, 25)
    for p in subprocess.run(["ip", "netns", "pids", network.outside],
                            capture_output=True, text=True).stdout.split():
        os.kill(int(p), 9)
