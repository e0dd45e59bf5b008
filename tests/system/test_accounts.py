"""What an account may do, and when that ends."""

import base64
import imaplib
import os
import re
import signal
import smtplib
import socket
import ssl
import subprocess
import uuid
from datetime import date, timedelta

import pytest

from tests.harness.site import LocalIMAPS, LocalSMTPS, Site
from tests.system.test_first_message import message


class Account:
    """An account of a running site, with its password."""

    def __init__(self, site, name=None):
        self.site = site
        self.name = name or "u" + uuid.uuid4().hex[:12]
        self.address = self.name + "@agency.example"
        self.password = self.made("add")

    def made(self, verb):
        done = self.site.run("user", verb, self.name, "--generate")
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1]

    def order(self, verb):
        done = self.site.run("user", verb, self.name)
        assert done.returncode == 0, done.stderr

    def submission(self):
        s = self.site.submission()
        s.login(self.name, self.password)
        return s

    def imap(self):
        i = LocalIMAPS(self.site.facts["host"], self.site.port("imaps"),
                       self.site.tls())
        i.login(self.name, self.password)
        i.select("INBOX")
        return i

    def letter(self):
        return message(self.address, "x@other.test", uuid.uuid4().hex)


def disable(account):
    account.order("disable")


def change_password(account):
    account.password = account.made("passwd")


ENDINGS = [disable, change_password]


def read_to_the_end(s):
    s.sock.settimeout(60)
    octets = b""
    while True:
        more = s.sock.recv(4096)
        if not more:
            return octets
        octets += more


@pytest.mark.parametrize("how", ENDINGS)
def test_a_submission_session_ends_with_its_login(site, how):
    alice, other = Account(site), Account(site)
    live, idle = alice.submission(), alice.submission()
    bystander = other.submission()
    live.mail(alice.address)
    live.rcpt("x@other.test")
    how(alice)
    for s in live, idle:
        assert read_to_the_end(s).startswith(b"421 4.7.0 ")
    bystander.sendmail(other.address, ["x@other.test"], other.letter())


@pytest.mark.parametrize("how", ENDINGS)
def test_a_message_half_way_is_not_taken(site, sink, how):
    alice = Account(site)
    text = alice.letter()
    subject = next(line for line in text.splitlines()
                   if line.startswith("Subject: "))
    s = alice.submission()
    s.mail(alice.address)
    s.rcpt("x@other.test")
    s.putcmd("DATA")
    assert s.getreply()[0] == 354
    s.send(text)
    how(alice)
    try:
        s.send("\r\n.\r\n")
    except OSError:
        pass
    assert b"250 " not in read_to_the_end(s)
    assert not any(subject.encode() in m.body for m in sink.messages)


@pytest.mark.parametrize("how", ENDINGS)
def test_an_imap_session_ends_with_its_login(site, how):
    alice, other = Account(site), Account(site)
    live, bystander = alice.imap(), other.imap()
    assert live.noop()[0] == "OK"
    how(alice)
    assert read_to_the_end(live).startswith(b"* BYE ")
    assert bystander.noop()[0] == "OK"


def test_a_changed_password_is_the_only_one(site):
    alice = Account(site)
    before = alice.password
    change_password(alice)
    alice.submission().quit()
    alice.imap().logout()
    alice.password = before
    with pytest.raises(smtplib.SMTPAuthenticationError):
        alice.submission()
    with pytest.raises(imaplib.IMAP4.error):
        alice.imap()


def test_a_disabled_account_logs_in_when_it_is_enabled_again(site):
    alice = Account(site)
    disable(alice)
    with pytest.raises(smtplib.SMTPAuthenticationError):
        alice.submission()
    alice.order("enable")
    alice.submission().quit()


def test_an_end_outlives_a_restart_of_auth(site):
    """Who was away when it was said, hears it when he is back."""
    alice, other = Account(site), Account(site)
    live, bystander = alice.submission(), other.submission()
    (auth,) = site.processes()["auth"]
    os.kill(auth, signal.SIGKILL)
    alice.site.run("user", "disable", alice.name)
    assert read_to_the_end(live).startswith(b"421 4.7.0 ")
    bystander.sendmail(other.address, ["x@other.test"], other.letter())


ADDRESSES = """
alias sales@agency.example {{
	to  {alice}
	to  {bob}
}}
group team@agency.example {{
	to       {alice}
	to       {bob}
	senders  members
}}
"""


@pytest.fixture
def book(site):
    """Write the file of addresses; it is empty again afterwards."""
    path = site.directory / "addresses"

    def write(text):
        path.write_text(text)
        return site.run("reload")

    yield write
    assert write("").returncode == 0


def test_an_alias_leads_to_each_mailbox_once(site, book):
    alice, bob = Account(site), Account(site)
    assert book(ADDRESSES.format(alice=alice.address,
                                 bob=bob.address)).returncode == 0
    with site.mx() as s:
        s.sendmail("x@other.test",
                   ["sales@agency.example", alice.address,
                    alice.address.replace("@", "+detail@")],
                   message("x@other.test", "sales@agency.example", "once"))
    for account in alice, bob:
        i = account.imap()
        assert i.search(None, "SUBJECT", "once")[1] == [b"1"]
        assert i.search(None, "ALL")[1] == [b"1"]


def test_a_group_is_for_its_members(site, book):
    alice, bob, other = Account(site), Account(site), Account(site)
    assert book(ADDRESSES.format(alice=alice.address,
                                 bob=bob.address)).returncode == 0
    with site.mx() as s:
        s.ehlo("x.test")
        s.mail(alice.address)
        code, text = s.rcpt("team@agency.example")
        assert code == 550 and text.startswith(b"5.7.2")
    with other.submission() as s:
        s.mail(other.address)
        code, text = s.rcpt("team@agency.example")
        assert code == 550 and text.startswith(b"5.7.2")
    with alice.submission() as s:
        s.sendmail(alice.address, ["team@agency.example"],
                   message(alice.address, "team@agency.example", "to us"))
    assert bob.imap().search(None, "ALL")[1] == [b"1"]


def test_a_loop_is_refused_with_its_line(site, book):
    good = ADDRESSES.format(alice="alice@agency.example",
                            bob="bob@agency.example")
    assert book(good).returncode == 0
    for done in (book(good + "alias a@agency.example {\n"
                             "\tto a@agency.example\n}\n"),
                 site.run("conf", "check")):
        assert done.returncode != 0
        assert "addresses:12: a@agency.example: leads back to itself" in \
            done.stderr
    with site.mx() as s:
        s.ehlo("x.test")
        s.mail("x@other.test")
        assert s.rcpt("sales@agency.example")[0] == 250


@pytest.mark.parametrize("target", ["x@other.test", "|/bin/sh", "/etc/passwd",
                                    ":include:/etc/passwd"])
def test_an_alias_leads_nowhere_else(site, book, target):
    done = book(f'alias a@agency.example {{\n\tto "{target}"\n}}\n')
    assert done.returncode != 0
    assert f"addresses:2: {target}: " in done.stderr


def app_password(account, name, scope="smtp,imap"):
    done = account.site.run("user", "app-password", "add", account.name, name,
                            scope)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_an_app_password_is_for_one_program(site):
    alice = Account(site)
    printer = app_password(alice, "printer", "smtp")
    phone = app_password(alice, "phone", "imap")
    assert printer[0] == alice.name + "/printer"
    s = site.submission()
    s.login(*printer)
    s.sendmail(alice.address, ["x@other.test"], alice.letter())
    i = LocalIMAPS(site.facts["host"], site.port("imaps"), site.tls())
    with pytest.raises(imaplib.IMAP4.error):
        i.login(*printer)
    i = LocalIMAPS(site.facts["host"], site.port("imaps"), site.tls())
    i.login(*phone)
    with site.submission() as t, pytest.raises(
            smtplib.SMTPAuthenticationError):
        t.login(*phone)
    shown = site.run("user", "app-password", "list", alice.name).stdout
    assert re.search(r"^printer +smtp ", shown, re.M)
    assert re.search(r"^phone +imap ", shown, re.M)
    assert printer[1] not in shown
    assert site.run("user", "app-password", "remove", alice.name,
                    "printer").returncode == 0
    assert read_to_the_end(s).startswith(b"421 ")
    with site.submission() as t, pytest.raises(
            smtplib.SMTPAuthenticationError):
        t.login(*printer)
    alice.submission().quit()


def say_in_clear(site, account, service="submission"):
    """AUTH PLAIN before STARTTLS, as a careless client does."""
    blob = base64.b64encode(
        f"\0{account.name}\0{account.password}".encode())
    with site.raw(service) as s:
        f = s.makefile("rwb")
        assert f.readline().startswith(b"220 ")
        f.write(b"EHLO x.test\r\n")
        f.flush()
        while not f.readline().startswith(b"250 "):
            pass
        f.write(b"AUTH PLAIN " + blob + b"\r\n")
        f.flush()
        return f.readline()


def until_it_logs_in(account):
    while True:
        try:
            account.submission().quit()
            return
        except smtplib.SMTPAuthenticationError as e:
            if e.smtp_code == 535:
                raise


def test_a_password_in_clear_is_burnt(site):
    alice, other = Account(site), Account(site)
    live, bystander = alice.submission(), other.submission()
    wrong = Account(site)
    right, wrong.password = wrong.password, "not the password"
    assert say_in_clear(site, wrong).startswith(b"538 5.7.11 ")
    wrong.password = right
    assert say_in_clear(site, alice).startswith(b"538 5.7.11 ")
    assert read_to_the_end(live).startswith(b"421 ")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        alice.submission()
    wrong.submission().quit()
    bystander.sendmail(other.address, ["x@other.test"], other.letter())
    listed = site.run("user", "list").stdout
    assert re.search(rf"burnt +{alice.name}$", listed, re.M)
    assert re.search(rf"enabled +{wrong.name}$", listed, re.M)
    (auth,) = site.processes()["auth"]
    os.kill(auth, signal.SIGKILL)
    until_it_logs_in(other)
    with pytest.raises(smtplib.SMTPAuthenticationError):
        alice.submission()
    change_password(alice)
    alice.submission().quit()
    listed = site.run("user", "list").stdout
    assert re.search(rf"enabled +{alice.name}$", listed, re.M)
    assert any(r["event"] == "CREDENTIAL_BURNT" and r["login"] == alice.name
               for r in site.log_rows())


SEND_AS = """
send-as info@agency.example {{
	login    {login}
	reason   "answers for the desk"
	owner    "J. Roe"
	expires  {day}
}}
"""


def letter_with(field, address, sender):
    return message(sender, "x@other.test", uuid.uuid4().hex).replace(
        "Subject:", f"{field}: <{address}>\r\nSubject:", 1)


@pytest.mark.parametrize("field", ["Reply-To", "Sender", "Errors-To",
                                   "Return-Path", "Resent-From",
                                   "Disposition-Notification-To"])
def test_a_login_speaks_for_what_is_lent_to_it(site, book, field):
    alice, other = Account(site), Account(site)
    tomorrow = date.today() + timedelta(days=1)
    assert book(SEND_AS.format(login=alice.name,
                               day=tomorrow)).returncode == 0
    lent = "info@agency.example"
    with alice.submission() as s:
        s.sendmail(lent, ["x@other.test"],
                   letter_with(field, lent, alice.address))
        with pytest.raises(smtplib.SMTPDataError) as refused:
            s.sendmail(lent, ["x@other.test"],
                       letter_with(field, other.address, alice.address))
        assert refused.value.smtp_code == 550
        assert refused.value.smtp_error.startswith(b"5.7.1 ")
    with other.submission() as s:
        assert s.mail(lent)[0] == 550
        s.rset()
        with pytest.raises(smtplib.SMTPDataError) as refused:
            s.sendmail(other.address, ["x@other.test"],
                       letter_with(field, lent, other.address))
        assert refused.value.smtp_code == 550
    today = date.today()
    assert book(SEND_AS.format(login=alice.name, day=today)).returncode == 0
    with alice.submission() as s:
        s.ehlo("x.test")
        assert s.mail(lent)[0] == 550


RELAY = """
relay scanner {{
	from     {address}
	sender   {sender}
	reason   "a scanner that cannot log in"
	owner    "J. Roe"
	expires  {day}
}}
"""


def own_address():
    """One of this host that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
            return s.getsockname()[0]
        except OSError:
            return "127.0.0.1"


def connect_from(site, address):
    return smtplib.SMTP("127.0.0.1", site.port("mx"), timeout=60,
                        source_address=(address, 0))


def relayed(s, sender, text):
    s.ehlo("scanner")
    s.mail(sender)
    code, answer = s.rcpt("x@other.test")
    if code != 250:
        s.rset()
        return code, answer
    return s.data(text)


def test_a_listed_host_relays_by_its_address(site, sink, book):
    alice, other, here = Account(site), Account(site), own_address()
    if here.startswith("127."):
        pytest.skip("this host has no address but loopback")
    tomorrow = date.today() + timedelta(days=1)
    good = RELAY.format(address=here, sender=alice.address, day=tomorrow)
    assert book(good).returncode == 0
    subject = uuid.uuid4().hex
    letter = message(alice.address, "x@other.test", subject)
    with connect_from(site, here) as s:
        assert relayed(s, alice.address, letter)[0] == 250
        got = sink.wait_for(lambda m: subject.encode() in m.body)
        assert got.sender == alice.address
        # in nobody else's name, in envelope or header
        for sender in (other.address, "x@other.test", ""):
            assert relayed(s, sender, letter)[0] == 550
        assert relayed(s, alice.address, message(
            other.address, "x@other.test", "forged"))[0] == 550
        # what was granted for one message is not for the next
        s.mail("x@other.test")
        assert s.rcpt("y@other.test")[0] == 550
        s.rset()
        # mail to us is as from everybody
        s.sendmail("x@other.test", [other.address],
                   message("x@other.test", other.address, "in"))
        # the end of the permit is the end of the right, in this session
        assert book("").returncode == 0
        assert relayed(s, alice.address, letter)[0] == 550
    with site.mx() as s:
        assert relayed(s, alice.address, letter)[0] == 550
    assert any(r["event"] == "MESSAGE_ACCEPTED" and
               r["grant"] == "addr:scanner" for r in site.log_rows())


def submission_from(site, address):
    raw = socket.create_connection(("127.0.0.1", site.port("submissions")),
                                   60, (address, 0))
    s = smtplib.SMTP(timeout=60)
    s.sock = site.tls().wrap_socket(raw, server_hostname=site.facts["host"])
    s.file = None
    assert s.getreply()[0] == 220
    return s


def test_a_listed_host_needs_no_login_with_tls(site, sink, book):
    alice, other, here = Account(site), Account(site), own_address()
    if here.startswith("127."):
        pytest.skip("this host has no address but loopback")
    tomorrow = date.today() + timedelta(days=1)
    assert book(RELAY.format(address=here, sender=alice.address,
                             day=tomorrow)).returncode == 0
    subject = uuid.uuid4().hex
    letter = message(alice.address, "x@other.test", subject)
    with submission_from(site, here) as s:
        assert relayed(s, alice.address, letter)[0] == 250
        assert sink.wait_for(lambda m: subject.encode() in m.body)
        assert s.mail(other.address)[0] == 550
        s.rset()
        # a login is still possible, and then it is the login's right
        s.login(other.name, other.password)
        assert relayed(s, other.address, other.letter())[0] == 250
        assert s.mail(alice.address)[0] == 550
    with submission_from(site, "127.0.0.1") as s:
        s.ehlo("x")
        assert s.mail(alice.address)[0] == 530


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.0/8", "::1",
                                     "192.0.2.0/28", "2001:db8::/64"])
def test_no_network_is_a_host(site, book, address):
    tomorrow = date.today() + timedelta(days=1)
    done = book(RELAY.format(address=address, sender="alice@agency.example",
                             day=tomorrow))
    assert done.returncode != 0
    assert "addresses:3: from: " in done.stderr


def test_a_password_in_clear_is_burnt_where_nobody_logs_in(site):
    alice, other = Account(site), Account(site)
    assert say_in_clear(site, alice, "mx").startswith(b"502 5.5.1 ")
    until_it_logs_in(other)
    with pytest.raises(smtplib.SMTPAuthenticationError):
        alice.submission()


# --- certificates ----------------------------------------------------------

def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True,
                   capture_output=True)


def make_authority(directory, name):
    key, certificate = directory / f"{name}.key", directory / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj",
            f"/CN={name}", "-keyout", key, "-out", certificate)
    return key, certificate


def make_certificate(directory, authority, name):
    key, request = directory / f"{name}.key", directory / f"{name}.csr"
    certificate = directory / f"{name}.pem"
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", authority[1], "-CAkey",
            authority[0], "-days", "9", "-out", certificate)
    return key, certificate


@pytest.fixture(scope="module")
def certified(tmp_path_factory, sink):
    """A site that knows an authority, and certificates."""
    directory = tmp_path_factory.mktemp("certified")
    (directory / "demo").mkdir()
    authority = make_authority(directory, "authority")
    (directory / "demo" / "client-ca.pem").write_bytes(
        authority[1].read_bytes())
    s = Site(directory / "demo", "--no-volume", "--smarthost",
             f"127.0.0.1:{sink.port}")
    s.start()
    s.certificates = {n: make_certificate(directory, authority, n)
                      for n in ("alice", "bob", "nobody")}
    s.certificates["foreign"] = make_certificate(
        directory, make_authority(directory, "other"), "foreign")
    for name in "alice", "bob":
        done = s.run("user", "certificate", "add", name, "card",
                     s.certificates[name][1])
        assert done.returncode == 0, done.stderr
    yield s
    assert s.stop() == 0, s.output()


def context_of(site, name):
    context = site.tls()
    if name:
        key, certificate = site.certificates[name]
        context.load_cert_chain(certificate, key)
    return context


def external_smtp(site, certificate, name=""):
    with LocalSMTPS(site.facts["host"], site.port("submissions"),
                    context=context_of(site, certificate), timeout=60) as s:
        s.ehlo("x.test")
        offered = "EXTERNAL" in s.esmtp_features["auth"]
        blob = base64.b64encode(name.encode()).decode() or "="
        return offered, s.docmd("AUTH", "EXTERNAL " + blob)[0]


def external_imap(site, certificate, name=""):
    i = LocalIMAPS(site.facts["host"], site.port("imaps"),
                   context_of(site, certificate))
    offered = "AUTH=EXTERNAL" in i.capabilities
    try:
        i.authenticate("EXTERNAL", lambda _: name.encode())
        assert i.select("INBOX")[0] == "OK"
        i.logout()
        return offered, True
    except imaplib.IMAP4.error:
        return offered, False


@pytest.mark.parametrize("certificate, name, right", [
    ("alice", "", True), ("alice", "alice", True), ("bob", "bob", True),
    ("alice", "bob", False), ("nobody", "", False), ("nobody", "alice", False),
])
def test_a_certificate_is_of_its_account_only(certified, certificate, name,
                                              right):
    assert external_smtp(certified, certificate, name) == (
        True, 235 if right else 535)
    assert external_imap(certified, certificate, name) == (True, right)


def test_without_a_certificate_there_is_no_external(certified):
    assert external_smtp(certified, None, "alice") == (False, 504)
    assert external_imap(certified, None, "alice") == (False, False)


def test_a_certificate_of_another_authority_is_not_taken(certified):
    with pytest.raises((ssl.SSLError, OSError, smtplib.SMTPException)):
        external_smtp(certified, "foreign")
    with pytest.raises((ssl.SSLError, OSError, imaplib.IMAP4.error)):
        external_imap(certified, "foreign")


def test_a_site_without_an_authority_asks_for_none(site, certified):
    context = site.tls()
    context.load_cert_chain(certified.certificates["alice"][1],
                            certified.certificates["alice"][0])
    with LocalSMTPS(site.facts["host"], site.port("submissions"),
                    context=context, timeout=60) as s:
        s.ehlo("x.test")
        assert "EXTERNAL" not in s.esmtp_features["auth"]
        assert s.docmd("AUTH", "EXTERNAL =")[0] == 504


def test_a_removed_certificate_logs_in_no_more(certified):
    assert external_smtp(certified, "bob")[1] == 235
    shown = certified.run("user", "certificate", "list", "bob").stdout
    assert shown.startswith("card ")
    assert certified.run("user", "certificate", "remove", "bob",
                         "card").returncode == 0
    assert external_smtp(certified, "bob")[1] == 535
    assert not external_imap(certified, "bob")[1]
    assert external_smtp(certified, "alice")[1] == 235
