"""NC-2.1.8: what one source or account can use up, and that the others are
served meanwhile.  A refusal must be read; "not greeted" is none."""

import contextlib
import datetime
import json
import os
import signal
import smtplib
import socket
import ssl
import subprocess
import threading
import time

import pytest

from tests.harness.raw import Raw
from tests.harness.site import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory, sink):
    """With the limits of a new site; loopback has many addresses."""
    s = Site(tmp_path_factory.mktemp("limits") / "demo", "--strict",
             "--smarthost", f"127.0.0.1:{sink.port}")
    s.start()
    yield s
    assert s.stop() == 0, s.output()


@pytest.fixture(autouse=True)
def nothing_died(request):
    """Here processes are killed."""
    yield


class From(Raw):
    """A connection from an address of ours; `greeting` is (code, text)."""

    def __init__(self, source, port, host="127.0.0.1", greet=True):
        self.socket = socket.create_connection((host, port), 30,
                                               source_address=(source, 0))
        self.waiting = b""
        self.greeting = self.reply() if greet else None


def attempts(site, source, count):
    """The codes that so many connections one after the other are greeted with,
    and their texts."""
    seen = []
    for _ in range(count):
        with From(source, site.port("mx")) as c:
            seen.append(c.greeting)
            c.send("QUIT\r\n")
    return seen


@contextlib.contextmanager
def held(site, sources, each):
    """So many open connections of each source; their greetings."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(From(s, site.port("mx"))).greeting
               for s in sources for _ in range(each)]


def set_limits(site, **limits):
    """Have the running site take these limits."""
    path = site.directory / "posthold.conf"
    text = path.read_text()
    begin = text.index("limits {")
    end = text.index("}", begin)
    lines = [line for line in text[begin:end].splitlines()[1:]
             if line.split()[0] not in
             {name.replace("_", "-") for name in limits}]
    lines += [f"\t{name.replace('_', '-')} {value}"
              for name, value in limits.items()]
    path.write_text(text[:begin] + "limits {\n" + "\n".join(lines) + "\n" +
                    text[end:])
    done = site.run("reload")
    assert done.returncode == 0, done.stderr
    time.sleep(0.5)


def deliver(site, source, subject="hello"):
    """One message from a source into a mailbox."""
    with smtplib.SMTP("127.0.0.1", site.port("mx"), timeout=60,
                      source_address=(source, 0)) as s:
        s.sendmail("x@att.test", ["bob@agency.example"],
                   f"From: x@att.test\r\nSubject: {subject}\r\n\r\nx\r\n")


def submit(site, login, rcpts, subject="s"):
    """(code, text) of the first refusal, or (250, "")."""
    with site.submission(login) as s:
        for step in [lambda: s.mail(f"{login}@agency.example"),
                     *[lambda r=r: s.rcpt(r) for r in rcpts]]:
            code, text = step()
            if code != 250:
                return code, text
        try:
            return s.data(f"From: {login}@agency.example\r\n"
                          f"Subject: {subject}\r\n\r\nx\r\n")
        except smtplib.SMTPDataError as e:
            return e.smtp_code, e.smtp_error


def events(site, name):
    return [row for row in site.log_rows() if row["event"] == name]


# --- RAT-01, RAT-02: connections ---------------------------------------------

def test_rat_01_connections_in_a_row_are_limited(site):
    seen = attempts(site, "127.1.1.1", 80)
    codes = [code for code, _ in seen]
    assert codes[:60] == [220] * 60
    assert 421 in codes
    assert set(codes) <= {220, 421}
    assert all(text.startswith(b"421 4.7.0") for code, text in seen
               if code == 421)
    assert attempts(site, "127.1.2.1", 1)[0][0] == 220, "somebody else"
    hits = [e for e in events(site, "RATE_HIT") if e["peer"] == "127.1.1.1"]
    assert len(hits) == 1, "told once, not for each refusal"
    assert hits[0]["dim"] == "address" and hits[0]["unit"] == "connections"


def test_wide_limits_refuse_nobody(tmp_path):
    """The negative control of RAT-01 and RAT-02."""
    site = Site(tmp_path / "demo")
    site.start()
    try:
        assert [c for c, _ in attempts(site, "127.1.1.1", 80)] == [220] * 80
        with held(site, ["127.1.1.1"], 70) as greetings:
            assert [code for code, _ in greetings] == [220] * 70
    finally:
        site.stop()


def test_rat_02_connections_at_once_are_limited(site):
    with held(site, ["127.2.1.1"], 55) as greetings:
        codes = [code for code, _ in greetings]
        assert codes == [220] * 20 + [421] * 35
        assert greetings[-1][1].startswith(b"421 4.7.0")
    assert any(e["unit"] == "sessions" for e in events(site, "RATE_HIT"))


@pytest.mark.parametrize("service, net", [("imaps", 1), ("submissions", 2)])
def test_a_client_of_tls_is_refused_by_an_alert(site, service, net):
    """It waits for no greeting, and must not take silence for a network that
    is down."""
    source = f"127.10.{net}.1"
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(From(source, site.port(service), greet=False))
        more = stack.enter_context(
            From(source, site.port(service), greet=False))
        assert more.octets() == bytes([21, 3, 3, 0, 2, 2, 49])
        more = stack.enter_context(
            From(source, site.port(service), greet=False))
        with pytest.raises((ssl.SSLError, ConnectionError)):
            site.tls().wrap_socket(more.socket,
                                   server_hostname=site.facts["host"])


def test_logins_of_readers_are_connections_too(site):
    """One count of a source, whichever service it calls."""
    refused = 0
    for i in range(70):
        with From("127.10.3.1", site.port("imaps"), greet=False) as c:
            c.socket.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                refused += c.socket.recv(7) == bytes([21, 3, 3, 0, 2, 2, 49])
    assert refused > 0
    assert attempts(site, "127.10.3.1", 1)[0][0] == 421


def test_a_network_shares_its_sessions(site):
    """100 for a /24, whichever of its addresses."""
    with held(site, [f"127.2.9.{i}" for i in range(1, 8)], 18) as greetings:
        codes = [code for code, _ in greetings]
    assert codes.count(220) == 100
    assert codes.count(421) == 26


def test_a_new_limit_holds_after_reload(site):
    set_limits(site, sessions_per_source=6, sessions_few=3)
    with held(site, ["127.2.3.1"], 9) as greetings:
        assert [code for code, _ in greetings] == [220] * 6 + [421] * 3
    set_limits(site, sessions_per_source=20, sessions_few=5)
    with held(site, ["127.2.4.1"], 9) as greetings:
        assert [code for code, _ in greetings] == [220] * 9


# --- RAT-03: fairness ---------------------------------------------------------

def b_is_served(site, source):
    begun = time.monotonic()
    with From(source, site.port("mx")) as b:
        assert b.greeting[0] == 220
        assert time.monotonic() - begun < 2
    deliver(site, source)


def test_rat_03_while_one_floods_another_is_served(site):
    with held(site, ["127.3.1.1"], 55):
        b_is_served(site, "127.3.2.1")


def test_rat_03_while_a_crowd_floods_another_is_served(tmp_path, sink):
    """The table is full of greedy sources as far as it goes."""
    site = Site(tmp_path / "demo", "--strict")
    site.start()
    try:
        set_limits(site, site_connections=100000)
        with held(site, [f"127.4.{n}.1" for n in range(120)], 20) as greetings:
            codes = [code for code, _ in greetings]
            assert codes.count(220) < 1000
            assert codes.count(421) > 1000
            b_is_served(site, "127.5.1.1")
    finally:
        site.stop()


# --- RAT-04: accounts ---------------------------------------------------------

def test_rat_04_an_account_sends_its_quota_and_no_more(site, sink):
    set_limits(site, account_messages=5)
    try:
        sink.messages.clear()
        answers = [submit(site, "alice", ["x@elsewhere.test"], f"quota {i}")
                   for i in range(6)]
        assert [code for code, _ in answers] == [250] * 5 + [450]
        assert answers[5][1].startswith(b"4.7.1")
        assert submit(site, "bob", ["x@elsewhere.test"], "quota b")[0] == 250
        assert sink.wait_for(lambda m: b"quota b" in m.body)
        for i in range(5):
            assert sink.wait_for(lambda m: b"quota %d" % i in m.body)
        assert len([m for m in sink.messages if b"quota" in m.body]) == 6
    finally:
        set_limits(site, account_messages=300)


def test_an_account_that_writes_to_many_strangers_is_held(site):
    set_limits(site, account_first=3)
    try:
        rcpts = [f"stranger{i}@elsewhere.test" for i in range(5)]
        assert submit(site, "bob", rcpts[:1])[0] == 250
        assert submit(site, "bob", rcpts[:1])[0] == 250, "no stranger now"
        code, text = submit(site, "bob", rcpts)
        assert (code, text[:5]) == (450, b"4.7.1")
        assert submit(site, "bob", ["alice@agency.example"])[0] == 450, "held"
        rows = events(site, "ACCOUNT_HELD")
        assert len(rows) == 1 and rows[0]["severity"] == "now"
        assert rows[0]["unit"] == "first"
        shown = site.run("limits", "show", "bob").stdout
        assert "account-first" in shown and "HELD" in shown
        assert site.run("limits", "release", "bob").returncode == 0
        assert submit(site, "bob", rcpts[:1])[0] == 250
        assert site.run("limits", "release", "bob").returncode != 0
    finally:
        set_limits(site, account_first=200)


@pytest.fixture
def listed(site):
    """This host's own address may relay, as bob."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
            here = s.getsockname()[0]
        except OSError:
            here = "127.0.0.1"
    if here.startswith("127."):
        pytest.skip("this host has no address but loopback")
    path = site.directory / "addresses"
    tomorrow = datetime.date.today() + datetime.timedelta(days=1)
    path.write_text(f'relay scanner {{\nfrom {here}\n'
                    f'sender bob@agency.example\nreason "cannot log in"\n'
                    f'owner "J. Roe"\nexpires {tomorrow}\n}}\n')
    assert site.run("reload").returncode == 0
    yield here
    path.write_text("")
    assert site.run("reload").returncode == 0


def test_rat_04_a_listed_host_relays_its_quota_and_no_more(site, listed):
    set_limits(site, relay_messages=3)
    try:
        codes = []
        with smtplib.SMTP("127.0.0.1", site.port("mx"), timeout=60,
                          source_address=(listed, 0)) as s:
            s.ehlo("scanner")
            for _ in range(4):
                s.mail("bob@agency.example")
                assert s.rcpt("x@elsewhere.test")[0] == 250
                try:
                    codes.append(s.data("From: bob@agency.example\r\n"
                                        "Subject: s\r\n\r\nx\r\n")[0])
                except smtplib.SMTPDataError as e:
                    codes.append(e.smtp_code)
                s.rset()
        assert codes == [250] * 3 + [450]
        assert any(e["dim"] == "relay" and e["name"] == "scanner"
                   for e in events(site, "RATE_HIT"))
    finally:
        set_limits(site, relay_messages=500)


# --- RAT-05: harvest ----------------------------------------------------------

def harvest(site, source, count):
    """Name unknown recipients over as many connections as it takes."""
    codes, named = [], 0
    while named < count:
        with From(source, site.port("mx")) as c:
            if c.greeting[0] != 220:
                return codes + [c.greeting[0]]
            c.ask("EHLO probe.att.test")
            c.ask("MAIL FROM:<x@att.test>")
            while named < count:
                named += 1
                code = c.code(f"RCPT TO:<nobody{named}@agency.example>")
                codes.append(code)
                if code != 550:
                    break
    return codes


def test_rat_05_a_harvester_is_shut_out(site):
    codes = harvest(site, "127.6.1.1", 60)
    assert codes.count(550) <= 30
    assert codes[-1] == 421
    with From("127.6.1.1", site.port("mx")) as c:
        assert c.greeting[0] == 421
    deliver(site, "127.6.2.1")


# --- RAT-06, RAT-08: one message ----------------------------------------------

def test_rat_06_a_hundred_recipients_are_accepted(site):
    with From("127.7.1.1", site.port("mx")) as c:
        c.ask("EHLO probe.att.test")
        assert c.code("MAIL FROM:<x@att.test>") == 250
        for _ in range(100):
            assert c.code("RCPT TO:<bob@agency.example>") == 250
        assert c.ask("RCPT TO:<bob@agency.example>")[1][:9] == b"452 4.5.3"
        assert c.code("DATA") == 354
        c.send("From: x@att.test\r\n\r\nx\r\n.\r\n")
        assert c.reply()[0] == 250


def test_rat_08_a_message_above_the_size(site):
    with From("127.7.2.1", site.port("mx")) as c:
        size = int(c.ask("EHLO probe.att.test")[1].split(b"SIZE ")[1].split()[0])
        assert c.code(f"MAIL FROM:<x@att.test> SIZE={size + 1}") == 552
        assert c.code("MAIL FROM:<x@att.test>") == 250
        assert c.code("RCPT TO:<bob@agency.example>") == 250
        assert c.code("DATA") == 354
        c.send("From: x@att.test\r\n\r\n")
        block = b"x" * 998 + b"\r\n"
        for _ in range(size // 100000 + 1):
            c.send(block * 100)
        c.send(b".\r\n")
        assert c.reply()[0] == 552


# --- RAT-07: slow sessions ----------------------------------------------------

def test_rat_07_a_slow_session_is_cut_and_the_others_go_on(site):
    set_limits(site, idle="5s", data_idle="5s")
    try:
        with From("127.8.1.1", site.port("mx")) as idle, \
                From("127.8.1.1", site.port("mx")) as data:
            data.ask("EHLO probe.att.test")
            data.ask("MAIL FROM:<x@att.test>")
            data.ask("RCPT TO:<bob@agency.example>")
            assert data.code("DATA") == 354
            data.send("F")
            deliver(site, "127.8.2.1")
            assert idle.reply(60)[0] == 421
            assert data.reply(60)[0] == 421
    finally:
        set_limits(site, idle="5m", data_idle="3m")


# --- RAT-11, RAT-12 -----------------------------------------------------------

def test_rat_11_counters_outlive_the_meter_and_the_site(site):
    assert attempts(site, "127.9.1.1", 61)[-1][0] == 421
    meter = site.processes()["meter"][0]
    os.kill(meter, signal.SIGKILL)
    end = time.monotonic() + 30
    while site.processes().get("meter", [meter]) == [meter]:
        assert time.monotonic() < end
        time.sleep(0.05)
    while attempts(site, "127.9.2.1", 1)[0][0] != 220:
        assert time.monotonic() < end
        time.sleep(0.2)
    assert attempts(site, "127.9.1.1", 1)[0][0] == 421
    assert site.stop() == 0
    site.start()
    refused = [c for c, _ in attempts(site, "127.9.1.1", 15)]
    assert 421 in refused, "the minute is not over"


@pytest.fixture
def six(tmp_path):
    """A site in a network of its own, in which 2001:db8::/32 are we, and a
    client there: code of the greeting for each source."""
    inside = "ip link set lo up && ip -6 route add local 2001:db8::/32 dev lo"
    try:
        subprocess.run(["unshare", "--net", "sh", "-c", inside], check=True,
                       capture_output=True)
    except (OSError, subprocess.CalledProcessError) as e:
        pytest.skip(f"no network namespaces with IPv6 here: {e}")
    site = Site(tmp_path / "demo", "--strict")
    site.wrapper = ["unshare", "--net", "sh", "-c", inside + ' && exec "$@"',
                    "sh"]
    with pytest.raises(RuntimeError):
        site.start(0.1)  # its ports are not seen from here
    described = site.directory / "site.json"
    end = time.monotonic() + 60
    while not described.exists():
        assert time.monotonic() < end, site.output()
        time.sleep(0.05)
    site.facts = json.loads(described.read_text())
    path = site.directory / "posthold.conf"
    text = path.read_text()
    path.write_text(text.replace("permit mx { address 127.0.0.1",
                                 "permit mx { address ::1", 1))
    assert site.run("reload").returncode == 0

    def greetings(sources):
        done = subprocess.run(
            ["nsenter", f"--net=/proc/{site.process.pid}/ns/net",
             "/usr/bin/python3", "-c", SIX, str(site.port("mx")), *sources],
            capture_output=True, text=True, check=True)
        return [int(code) for code in done.stdout.split()]

    yield greetings
    site.stop()


SIX = """
import socket, sys, time
time.sleep(0.5)
IPV6_FREEBIND = 78
for source in sys.argv[2:]:
    with socket.socket(socket.AF_INET6) as s:
        s.settimeout(30)
        s.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        s.bind((source, 0))
        s.connect(("::1", int(sys.argv[1])))
        print(s.recv(512)[:3].decode())
"""


def test_rat_12_a_64_is_one_source(six):
    codes = six([f"2001:db8:1:1::{i:x}" for i in range(1, 81)])
    assert codes[:60] == [220] * 60
    assert 421 in codes[60:]
    assert six(["2001:db8:2:1::1"]) == [220], "another network"
    again = six([f"2001:db8:1:1:ffff::{i:x}" for i in range(1, 20)])
    assert 421 in again, "the same /64"


def test_without_a_meter_nobody_comes_in(site):
    """Fail closed, and say so."""
    meter = site.processes()["meter"][0]
    os.kill(meter, signal.SIGSTOP)
    try:
        with From("127.9.3.1", site.port("mx"), greet=False) as c:
            with pytest.raises(TimeoutError):
                c.reply(1)
            assert c.reply()[0] == 421, "it does not answer"
        with From("127.9.3.2", site.port("mx"), greet=False) as c:
            with pytest.raises(TimeoutError):
                c.reply(1)
            os.kill(meter, signal.SIGKILL)
            assert c.reply()[0] == 421, "it is away"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(meter, signal.SIGKILL)
    end = time.monotonic() + 30
    while attempts(site, "127.9.4.1", 1)[0][0] != 220:
        assert time.monotonic() < end
        time.sleep(0.2)


def test_limits_show_knows_a_source(site):
    attempts(site, "127.9.5.1", 3)
    shown = site.run("limits", "show", "127.9.5.1").stdout
    row = next(r for r in shown.splitlines() if "address-connections" in r)
    assert row.split()[1] in ("1", "2", "3")
    assert "site-connections" in shown
    assert site.run("limits", "show", "nobody-at-all").returncode != 0


def test_the_clause_is_answered_from_a_refusal_that_was_read(site):
    report = json.loads(site.run("check", "--format", "json").stdout)
    clause = next(c for c in report["clauses"] if c["clause"] == "NC-2.1.8")
    shown = json.dumps(clause)
    assert "20 greeted, the next read 421" in shown
    assert clause["state"] == "UNKNOWN", "nobody measured this machine"


@contextlib.contextmanager
def every_place_taken(site, service):
    """By connections of many sources that say nothing."""
    set_limits(site, sessions=100)
    try:
        with contextlib.ExitStack() as stack:
            for net in range(10):
                for host in range(16):
                    s = socket.create_connection(
                        ("127.0.0.1", site.port(service)), 30,
                        source_address=(f"127.0.{60 + net}.{1 + host}", 0))
                    stack.callback(s.close)
            yield
    finally:
        set_limits(site, sessions=1000)


def test_strangers_keep_nobody_from_logging_in(site):
    """The oldest give way, and whoever is logged in stays."""
    with site.imap("alice") as inside, every_place_taken(site, "imaps"):
        with site.imap("bob") as i:
            assert i.select("INBOX")[0] == "OK"
        assert inside.noop()[0] == "OK"


def test_strangers_keep_no_message_out(site):
    """The oldest are told to come back, and whoever sends one stays."""
    with site.mx() as inside:
        inside.ehlo("probe.att.test")
        inside.mail("x@att.test")
        inside.rcpt("alice@agency.example")
        assert inside.docmd("DATA")[0] == 354
        with every_place_taken(site, "mx"):
            with site.mx() as s:
                assert s.ehlo("probe.att.test")[0] == 250
                assert s.mail("y@att.test")[0] == 250
                assert s.rcpt("alice@agency.example")[0] == 250
        inside.send(b"From: x@att.test\r\n\r\nx\r\n.\r\n")
        assert inside.getreply()[0] // 100 in (2, 5)


# --- overload -----------------------------------------------------------------

class SlowEngine:
    """A virus engine that takes its time, as an overloaded one does."""

    def __init__(self, path, seconds):
        self.seconds = seconds
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                threading.Thread(target=self.serve, args=(client,),
                                 daemon=True).start()

    def serve(self, client):
        """zIDSESSION; VERSION and FILDES, answered in order.  The descriptor
        comes with an octet of its own and is nobody's: the kernel closes it."""
        stream = client.makefile("rb")
        number = 0
        with contextlib.suppress(OSError):
            while (command := self.word(stream)) is not None:
                if command not in (b"zVERSION", b"zFILDES"):
                    continue
                number += 1
                answer = b"ClamAV 1"
                if command == b"zFILDES":
                    time.sleep(self.seconds)
                    answer = b"fd[0]: OK"
                client.sendall(b"%d: %s\0" % (number, answer))

    @staticmethod
    def word(stream):
        octets = b""
        while octet := stream.read(1):
            if octet == b"\0":
                return octets
            octets += octet
        return None


def greeted_under_load(site, seconds):
    """The greetings of new connections while others hand in messages."""
    stop = time.monotonic() + seconds

    def sender(i):
        while time.monotonic() < stop:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                deliver(site, f"127.20.{i}.1")

    threads = [threading.Thread(target=sender, args=(i,)) for i in range(6)]
    for t in threads:
        t.start()
    seen = []
    while time.monotonic() < stop:
        seen += attempts(site, f"127.21.{len(seen) // 20 % 250}.1", 5)
        time.sleep(0.2)
    for t in threads:
        t.join()
    return seen


@pytest.mark.parametrize("answer_s, sheds", [(0.4, True), (0, False)])
def test_overload_sheds_some_new_connections(tmp_path, answer_s, sheds):
    """Early and in words, and never everybody."""
    SlowEngine(tmp_path / "clamd.sock", answer_s)
    site = Site(tmp_path / "demo", "--clamd", str(tmp_path / "clamd.sock"))
    site.start()
    try:
        set_limits(site, slow="1s")
        seen = greeted_under_load(site, 12)
        codes = [code for code, _ in seen]
        assert 220 in codes
        assert (421 in codes) == sheds
        assert all(text.startswith(b"421 4.3.2") for code, text in seen
                   if code == 421)
        assert bool(events(site, "LOAD_SHED")) == sheds
    finally:
        site.stop()
