"""Mail programs as people have them, against the demo site."""

import os
import subprocess
import time
import uuid

import pytest

from tests.system.test_first_message import fetch, message


def run(*command, **options):
    return subprocess.run([str(c) for c in command], capture_output=True,
                          timeout=60, **options)


def deliver(site, subject):
    with site.mx() as s:
        s.sendmail("a@other.test", ["alice@agency.example"],
                   message("a@other.test", "alice@agency.example", subject))


# --- curl -------------------------------------------------------------------

def curl(site, path, *options):
    user = site.user("alice")
    host, port = site.facts["host"], site.port("imaps")
    return run("curl", "--silent", "--show-error", "--max-time", "30",
               "--cacert", site.facts["ca"], "--resolve",
               f"{host}:{port}:127.0.0.1", "--user",
               f"{user['name']}:{user['password']}",
               f"imaps://{host}:{port}/{path}", *options)


def test_curl_lists_reads_appends_and_flags(site, tmp_path):
    subject = uuid.uuid4().hex
    listed = curl(site, "")
    assert b'"INBOX"' in listed.stdout.replace(b" INBOX", b' "INBOX"')
    letter = tmp_path / "letter"
    letter.write_text(message("a@other.test", "alice@agency.example", subject))
    done = curl(site, "INBOX", "--upload-file", letter)
    assert done.returncode == 0, done.stderr
    found = curl(site, "INBOX", "-X", f"UID SEARCH SUBJECT {subject}")
    uid = found.stdout.split()[-1].decode()
    read = curl(site, f"INBOX;UID={uid}")
    assert subject.encode() in read.stdout and b"Hello." in read.stdout
    done = curl(site, "INBOX", "-X", f"UID STORE {uid} +FLAGS (\\Flagged)")
    assert done.returncode == 0
    flagged = curl(site, "INBOX", "-X", f"UID SEARCH FLAGGED UID {uid}")
    assert uid.encode() in flagged.stdout


def test_curl_sends_by_submission(site, sink, tmp_path):
    subject = uuid.uuid4().hex
    letter = tmp_path / "letter"
    letter.write_text(message("alice@agency.example", "x@other.test", subject))
    user, host = site.user("alice"), site.facts["host"]
    for scheme, port in (("smtps", site.port("submissions")),
                         ("smtp", site.port("submission"))):
        done = run("curl", "--silent", "--show-error", "--max-time", "30",
                   "--cacert", site.facts["ca"], "--ssl-reqd", "--resolve",
                   f"{host}:{port}:127.0.0.1", "--user",
                   f"{user['name']}:{user['password']}", "--mail-from",
                   user["address"], "--mail-rcpt", "x@other.test",
                   "--upload-file", letter, f"{scheme}://{host}:{port}")
        assert done.returncode == 0, done.stderr
    assert sink.wait_for(lambda m: subject.encode() in m.body)


# --- swaks ------------------------------------------------------------------

@pytest.mark.parametrize("service, tls", [("submissions", "--tlsc"),
                                          ("submission", "--tls")])
def test_swaks_logs_in_and_sends(site, sink, service, tls):
    subject = uuid.uuid4().hex
    user = site.user("alice")
    done = run("swaks", "--server", "127.0.0.1", "--port", site.port(service),
               tls, "--tls-ca-path", site.facts["ca"], "--auth", "PLAIN",
               "--auth-user", user["name"], "--auth-password",
               user["password"], "--from", user["address"], "--to",
               "x@other.test", "--header", f"Subject: {subject}")
    assert done.returncode == 0, done.stdout.decode()
    assert sink.wait_for(lambda m: subject.encode() in m.body)


# --- msmtp ------------------------------------------------------------------

@pytest.mark.parametrize("service, starttls", [("submissions", "off"),
                                               ("submission", "on")])
def test_msmtp_logs_in_and_sends(site, sink, tmp_path, service, starttls):
    subject = uuid.uuid4().hex
    user = site.user("alice")
    rc = tmp_path / "msmtprc"
    rc.write_text(f"""
account default
host 127.0.0.1
port {site.port(service)}
tls on
tls_starttls {starttls}
tls_trust_file {site.facts['ca']}
tls_host_override {site.facts['host']}
auth plain
user {user['name']}
password {user['password']}
from {user['address']}
""")
    rc.chmod(0o600)
    done = run("msmtp", "-C", rc, "x@other.test", input=message(
        user["address"], "x@other.test", subject).encode())
    assert done.returncode == 0, done.stderr.decode()
    assert sink.wait_for(lambda m: subject.encode() in m.body)


# --- nodemailer -------------------------------------------------------------

NODEMAILER = """
const mailer = require('/usr/share/nodejs/nodemailer');
const [port, secure, host, ca, name, pass, from, subject] =
    process.argv.slice(1);
mailer.createTransport({
    host: '127.0.0.1', port: Number(port), secure: secure === 'true',
    requireTLS: true, auth: { user: name, pass },
    tls: { servername: host, ca: require('fs').readFileSync(ca) },
}).sendMail({ from, to: 'x@other.test', subject, text: 'Hello.\\n.\\n..\\n',
    html: '<p>Hello.</p>',
    attachments: [{ filename: 'gr\u00fc\u00dfe.txt', content: 'x'.repeat(1e5) }],
}).then(() => process.exit(0), (e) => { console.error(e); process.exit(1); });
"""


@pytest.mark.parametrize("service, secure", [("submissions", "true"),
                                             ("submission", "false")])
def test_nodemailer_logs_in_and_sends(site, sink, service, secure):
    subject = uuid.uuid4().hex
    user = site.user("alice")
    done = run("node", "-e", NODEMAILER, site.port(service), secure,
               site.facts["host"], site.facts["ca"], user["name"],
               user["password"], user["address"], subject)
    assert done.returncode == 0, done.stderr.decode()
    assert sink.wait_for(lambda m: subject.encode() in m.body)


# --- gsasl ------------------------------------------------------------------

def gsasl(site, mechanism, *options):
    """gsasl speaks to an address and compares the certificate with that, so it is
    not asked to verify it."""
    user = site.user("alice")
    return run("gsasl", "--smtp", "--verbose", "--connect",
               f"127.0.0.1:{site.port('submission')}", "--mechanism",
               mechanism, "--authentication-id", user["name"],
               "--authorization-id", "", "--password", user["password"],
               "--x509-ca-file", "", *options, input=b"")


@pytest.mark.parametrize("mechanism, options", [
    ("SCRAM-SHA-256", ["--no-cb"]), ("SCRAM-SHA-256-PLUS", [])])
def test_gsasl_logs_in_with_scram(site, mechanism, options):
    done = gsasl(site, mechanism, *options)
    assert b"235 2.7.0" in done.stdout, done.stdout + done.stderr


def test_scram_refuses_a_client_that_was_hidden_the_channel_binding(site):
    """The client can bind and says that we cannot (gs2 flag "y"): somebody
    between took -PLUS off the list.  RFC 5802 section 6."""
    done = gsasl(site, "SCRAM-SHA-256")
    assert b"235 " not in done.stdout and done.returncode != 0


# --- mbsync -----------------------------------------------------------------

@pytest.fixture
def maildir(site, tmp_path):
    """A synchronised copy of bob's INBOX, and how to do it again.  mbsync is told
    the certificate itself: it does not resolve the site's name."""
    user = site.user("bob")
    local = tmp_path / "mail"
    local.mkdir()
    rc = tmp_path / "mbsyncrc"
    rc.write_text(f"""
IMAPAccount site
Host 127.0.0.1
Port {site.port('imaps')}
User {user['name']}
Pass {user['password']}
SSLType IMAPS
SystemCertificates no
CertificateFile {site.directory / 'certificate.pem'}

IMAPStore far
Account site

MaildirStore near
Path {local}/
Inbox {local}/INBOX

Channel all
Far :far:
Near :near:
Patterns INBOX
Create Near
Expunge Both
SyncState *
""")
    rc.chmod(0o600)

    def sync():
        done = run("mbsync", "-c", rc, "-a",
                   env={**os.environ, "HOME": str(tmp_path)})
        assert done.returncode == 0, done.stderr.decode()
        return sorted(p for d in ("new", "cur")
                      for p in (local / "INBOX" / d).iterdir())

    return local / "INBOX", sync


def test_mbsync_pulls_pushes_and_expunges(site, maildir):
    inbox, sync = maildir
    sync()
    subject, own = uuid.uuid4().hex, uuid.uuid4().hex
    with site.mx() as s:
        s.sendmail("a@other.test", ["bob@agency.example"],
                   message("a@other.test", "bob@agency.example", subject))
    pulled = [p for p in sync() if subject in p.read_text()]
    assert len(pulled) == 1
    (inbox / "new" / f"1.{own}.here").write_text(
        message("b@other.test", "bob@agency.example", own).replace("\r\n", "\n"))
    sync()
    assert fetch(site, "bob", own)
    for p in sync():
        if subject in p.read_text():  # read, then trashed
            base = p.name.split(":")[0]
            p.rename(inbox / "cur" / f"{base}:2,ST")
    sync()
    assert fetch(site, "bob", subject, seconds=0) is None
    assert fetch(site, "bob", own)


# --- neomutt ----------------------------------------------------------------

def test_neomutt_shows_the_mailbox(site, tmp_path):
    subject = f"shown {uuid.uuid4().hex[:8]}"
    deliver(site, subject)
    user = site.user("alice")
    rc = tmp_path / "muttrc"
    rc.write_text(f"""
set folder = "imaps://127.0.0.1:{site.port('imaps')}/"
set spoolfile = "+INBOX"
set imap_user = "{user['name']}"
set imap_pass = "{user['password']}"
set certificate_file = "{site.facts['ca']}"
set ssl_verify_host = no
set ssl_starttls = no
set sort = reverse-date-received
set header_cache =
""")
    name = f"mutt-{uuid.uuid4().hex[:6]}"
    subprocess.run(["tmux", "-L", name, "new-session", "-d", "-x", "120", "-y",
                    "40", f"HOME={tmp_path} TERM=screen neomutt -F {rc}"],
                   check=True)
    try:
        end, screen = time.monotonic() + 30, ""
        while subject not in screen and time.monotonic() < end:
            time.sleep(0.2)
            screen = subprocess.run(["tmux", "-L", name, "capture-pane", "-p"],
                                    capture_output=True, text=True).stdout
            if "(o)nce" in screen:
                subprocess.run(["tmux", "-L", name, "send-keys", "o"])
        assert subject in screen, screen
    finally:
        subprocess.run(["tmux", "-L", name, "kill-server"],
                       capture_output=True)


# --- Python -----------------------------------------------------------------

def test_imaplib_moves_idles_and_expunges(site):
    subject = uuid.uuid4().hex
    deliver(site, subject)
    with site.imap("alice") as i:
        i.select("INBOX")
        uid = i.uid("SEARCH", "SUBJECT", subject)[1][0]
        assert i.uid("MOVE", uid, "Junk")[0] == "OK"
        assert i.uid("SEARCH", "SUBJECT", subject)[1][0] == b""
        i.select("Junk")
        uid = i.uid("SEARCH", "SUBJECT", subject)[1][0]
        i.uid("STORE", uid, "+FLAGS", "\\Deleted")
        i.expunge()
        assert i.uid("SEARCH", "SUBJECT", subject)[1][0] == b""


@pytest.mark.parametrize("lines", [250, 270, 1050, 1060, 5000])
def test_imaplib_reads_what_it_appended_however_long(site, lines):
    letter = b"Subject: long\r\n\r\n" + (b"a" * 998 + b"\r\n") * lines
    with site.imap("alice") as i:
        i.create("Long")
        assert i.append("Long", None, None, letter)[0] == "OK"
        count = int(i.select("Long")[1][0])
        whole = i.fetch(str(count), "(BODY.PEEK[])")[1][0][1]
        assert whole == letter
        part = i.fetch(str(count), "(BODY.PEEK[]<100000.5000>)")[1][0][1]
        assert part == letter[100000:105000]


def test_idle_hears_of_new_mail(site):
    with site.imap("alice") as i:
        count = int(i.select("INBOX")[1][0])
        i.send(b"x IDLE\r\n")
        assert i.readline().startswith(b"+")
        deliver(site, uuid.uuid4().hex)
        i.sock.settimeout(20)
        assert i.readline() == b"* %d EXISTS\r\n" % (count + 1)
        i.send(b"DONE\r\n")
        while not i.readline().startswith(b"x OK"):
            pass
