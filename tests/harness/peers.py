"""Other people's mail servers, as Debian packs them: measured beside Posthold
and spoken to.

Debian installs one mail server at a time, so Postfix is installed and the
others are only unpacked (tools/unpack-peers).  Each runs in a mount namespace
of its own that shows its files where it expects them; spool, mail and log stay
in the directory that the caller names.
"""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

from tests.harness.site import ROOT, free_port_base

UNPACKED = ROOT / "build/peers"
ACCOUNT = "alice"


def wait_for_greeting(port, process=None):
    for _ in range(600):
        if process and process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as s:
                if s.recv(4) == b"220 ":
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"nobody answers on port {port}")


class Peer:
    """Keeps mail for `domain` in maildirs, sends everything for `routed` to
    `next_hop`, a port on 127.0.0.1."""

    offers_tls = True

    def __init__(self, at, domain, routed="", next_hop=25):
        self.at = pathlib.Path(at) / self.name
        self.domain, self.routed, self.next_hop = domain, routed, next_hop
        self.recipient = f"{ACCOUNT}@{domain}"
        self.port = free_port_base() + 30  # beside the ports of a site
        self.mail = self.at / "mail"
        self.process = None
        self.mail.mkdir(parents=True)
        self.owner = pwd.getpwnam("nobody")
        os.chown(self.mail, self.owner.pw_uid, self.owner.pw_gid)
        self.certify()
        self.configure()

    def certify(self):
        """A certificate that nobody signed, as on most mail servers."""
        self.key, self.certificate = self.at / "key.pem", self.at / "cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out",
             self.certificate, "-days", "2", "-subj", f"/CN=peer.{self.domain}"],
            check=True, capture_output=True)

    def start(self, enter=None):
        """`enter` runs in the new process before the program does."""
        output = open(self.at / "output", "ab")
        self.process = subprocess.Popen(
            [str(c) for c in self.command()], stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, preexec_fn=enter)
        try:
            wait_for_greeting(self.port, self.process)
        except RuntimeError as e:
            self.stop()
            raise RuntimeError(f"{self.name}: {e}\n{self.output()}") from e
        return self

    def stop(self):
        if self.process.poll() is None:
            self.terminate()
        self.process.wait(60)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def output(self):
        texts = [self.at / "output", *sorted((self.at / "log").glob("*"))]
        return "".join(p.read_text(errors="replace")[-4000:]
                       for p in texts if p.exists())

    def stored(self):
        return len(self.files())

    def files(self):
        return list((self.mail / ACCOUNT).rglob("new/*"))

    def wait_for(self, octets, seconds=60):
        """The stored message that holds `octets`, or None."""
        end = time.monotonic() + seconds
        while True:
            for path in self.files():
                text = path.read_bytes()
                if octets in text:
                    return text
            if time.monotonic() > end:
                return None
            time.sleep(0.1)


class Postfix(Peer):
    name = "Postfix"

    @staticmethod
    def missing():
        return None if shutil.which("postfix") else "postfix is not installed"

    def configure(self):
        self.etc = self.at / "etc"
        owner = pwd.getpwnam("postfix")
        for name in ("data", "spool", "log"):
            (self.at / name).mkdir()
        os.chown(self.at / "data", owner.pw_uid, owner.pw_gid)
        shutil.copytree("/usr/share/postfix", self.etc)
        (self.etc / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {self.at}/spool
data_directory = {self.at}/data
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
myhostname = peer.{self.domain}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 192.0.2.1/32
relay_domains = {self.routed}
transport_maps = inline:{{{{ {self.routed or "unused.invalid"} = relay:[127.0.0.1]:{self.next_hop} }}}}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtp_tls_security_level = may
smtpd_tls_security_level = may
smtpd_tls_cert_file = {self.certificate}
smtpd_tls_key_file = {self.key}
virtual_mailbox_domains = {self.domain}
virtual_mailbox_base = {self.mail}
virtual_mailbox_maps = static:{ACCOUNT}/
virtual_uid_maps = static:{self.owner.pw_uid}
virtual_gid_maps = static:{self.owner.pw_gid}
smtpd_client_connection_count_limit = 0
default_process_limit = 600
maillog_file_prefixes = {self.at}
maillog_file = {self.at}/log/mail
""")
        (self.etc / "master.cf").write_text(f"""
127.0.0.1:{self.port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
""")

    def command(self):
        return ["postfix", "-c", self.etc, "start-fg"]

    def terminate(self):
        subprocess.run(["postfix", "-c", self.etc, "stop"],
                       capture_output=True)


class Unpacked(Peer):
    """A peer that is not installed.  Its /usr, /etc and /var lie over those of
    the host, in a mount namespace that ends with it."""

    @classmethod
    def missing(cls):
        return None if (UNPACKED / cls.package).is_dir() else (
            f"{cls.package} is not unpacked: tools/unpack-peers")

    def users(self, *names):
        """Those users, and the mailbox's, beside the host's."""
        own = [f"{n}:x:{61000 + i}:{61000 + i}::/nonexistent:/usr/sbin/nologin"
               for i, n in enumerate(names)]
        own.append(f"{ACCOUNT}:x:{self.owner.pw_uid}:{self.owner.pw_gid}::"
                   f"{self.mail}/{ACCOUNT}:/usr/sbin/nologin")
        groups = [f"{n}:x:{61000 + i}:" for i, n in enumerate(names)]
        etc = self.at / "etc"
        etc.mkdir()
        (self.mail / ACCOUNT).mkdir()
        os.chown(self.mail / ACCOUNT, self.owner.pw_uid, self.owner.pw_gid)
        for name, rows in (("passwd", own), ("group", groups)):
            host = pathlib.Path("/etc", name).read_text()
            (etc / name).write_text(host + "\n".join(rows) + "\n")
        return etc

    def command(self):
        root = UNPACKED / self.package
        return ["unshare", "--mount", "--",
                "sh", "-ec", f"""
mount -t overlay -o lowerdir={root}/usr:/usr overlay /usr
mount -t overlay -o lowerdir={self.at}/etc:/etc overlay /etc
mount -t overlay -o lowerdir={root}/var:/var overlay /var
mount --bind {self.at}/spool {self.spool}
exec {self.program}"""]


class Exim(Unpacked):
    name = "Exim"
    package = "exim4-daemon-light"
    spool = "/var/spool/exim4"
    program = "/usr/sbin/exim4 -bdf -q1m"

    def configure(self):
        etc = self.users("Debian-exim")
        os.chown(self.key, 61000, 61000)
        for name in ("spool", "log"):
            (self.at / name).mkdir()
            os.chown(self.at / name, 61000, 61000)
        (etc / "exim4").mkdir()
        (etc / "exim4/exim4.conf").write_text(f"""
primary_hostname = peer.{self.domain}
exim_path = /usr/sbin/exim4
spool_directory = {self.spool}
log_file_path = {self.at}/log/%slog
pid_file_path = {self.at}/log/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {self.port}
tls_advertise_hosts = *
tls_certificate = {self.certificate}
tls_privatekey = {self.key}
domainlist local_domains = {self.domain}
domainlist routed_domains = {self.routed}
acl_smtp_rcpt = take_ours
acl_smtp_data = take_all
smtp_accept_max = 600
smtp_accept_max_per_connection = 1000000
smtp_accept_queue_per_connection = 0
smtp_accept_queue = 0
smtp_accept_reserve = 0
begin acl
take_ours:
  accept domains = +local_domains : +routed_domains
  deny
take_all:
  accept
begin routers
onward:
  driver = manualroute
  domains = +routed_domains
  transport = onward
  route_list = * 127.0.0.1::{self.next_hop}
  self = send
here:
  driver = accept
  domains = +local_domains
  transport = here
begin transports
onward:
  driver = smtp
here:
  driver = appendfile
  directory = {self.mail}/{ACCOUNT}
  maildir_format
  user = {self.owner.pw_uid}
  group = {self.owner.pw_gid}
begin retry
* * F,1h,5s
""")


class OpenSMTPD(Unpacked):
    """Debian 12's does not get through a handshake as a server, whoever asks
    (`openssl s_client` too), so it offers none; as a client it uses TLS."""

    name = "OpenSMTPD"
    offers_tls = False
    package = "opensmtpd"
    spool = "/var/spool/smtpd"
    program = "/usr/sbin/smtpd -d -f /etc/smtpd.conf"

    def configure(self):
        etc = self.users("opensmtpd", "opensmtpq")
        (self.at / "spool").mkdir(mode=0o711)
        route = f"""
action "onward" relay host "smtp://127.0.0.1:{self.next_hop}" tls no-verify
match from any for domain "{self.routed}" action "onward"
""" if self.routed else ""
        (etc / "smtpd.conf").write_text(f"""
smtp limit max-mails 1000000
listen on 127.0.0.1 port {self.port} hostname peer.{self.domain}
action "here" maildir "{self.mail}/{ACCOUNT}" junk
match from any for domain "{self.domain}" action "here"
{route}""")


ALL = [Postfix, Exim, OpenSMTPD]
