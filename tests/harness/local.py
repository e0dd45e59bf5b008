"""A host that only sends (NC-2.1.9), started for tests, and what it needs."""

import datetime
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.harness.site import ROOT

BUILD = pathlib.Path(os.environ.get("POSTHOLD_LOCAL_BUILD",
                                    ROOT / "build" / "local"))


def build():
    """The programs of a host that only sends, up to date."""
    if "POSTHOLD_LOCAL_BUILD" not in os.environ:
        subprocess.run(["make", "-s", "-j2", "MODE=local", "all"], cwd=ROOT,
                       check=True, stdout=subprocess.DEVNULL)


class Certificate:
    """Made by itself for `name`: an authority is it too."""

    def __init__(self, directory, name):
        key = ec.generate_private_key(ec.SECP256R1())
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.utcnow()
        made = (x509.CertificateBuilder().subject_name(who).issuer_name(who)
                .public_key(key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=30))
                .add_extension(x509.SubjectAlternativeName(
                    [x509.DNSName(name)]), False)
                .add_extension(x509.BasicConstraints(True, None), True)
                .sign(key, hashes.SHA256()))
        self.path = pathlib.Path(directory) / f"{name}-{made.serial_number}.pem"
        self.path.write_bytes(
            made.public_bytes(serialization.Encoding.PEM) +
            key.private_bytes(serialization.Encoding.PEM,
                              serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.path)

    def pin(self):
        return pin_of(self.path.read_bytes())


def pin_of(pem):
    key = x509.load_pem_x509_certificate(pem).public_key()
    return "sha256=" + hashlib.sha256(key.public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def free_port(address="127.0.0.1"):
    with socket.socket() as s:
        s.bind((address, 0))
        return s.getsockname()[1]


class LocalSite:
    """`smarthosts` as in the settings; `network`: a namespace to live in."""

    def __init__(self, smarthosts, sender="app@agency.example", sender_from="",
                 operator="ops@agency.example", relay="", extra="",
                 network=None):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="posthold-local-"))
        self.directory.chmod(0o755)  # other users' programs read the settings
        self.settings = self.directory / "posthold.conf"
        self.smarthosts = smarthosts
        self.sender, self.operator = sender, operator
        self.sender_from, self.relay, self.extra = sender_from, relay, extra
        self.network = network
        self.port, self.lmtp_port = free_port(), free_port()
        self.process = None
        self.write()

    def write(self):
        at = self.directory
        soon = datetime.date.today() + datetime.timedelta(days=90)
        permit = "".join(
            f"permit {name} {{ address 127.0.0.1 port {port} reason \"tests\" "
            f"owner \"tests\" expires {soon} }}\n"
            for name, port in (("local", self.port), ("lmtp", self.lmtp_port)))
        smarthosts = "".join(f"smarthost \"{s}\"\n" for s in self.smarthosts)
        self.settings.write_text(
            f"role local\nproduction no\nhost app1.agency.example\n"
            f"domain agency.example\nqueue-directory {at}/queue\n"
            f"evidence-directory {at}/evidence\nlog-directory {at}/log\nrun-directory {at}/run\n{permit}"
            f"send {{ sender {self.sender}\noperator {self.operator}\n"
            f"{self.sender_from} }}\n"
            f"relay {{ {smarthosts} tls required schedule \"1s 1s 2s 5s\"\n"
            f"{self.relay} }}\nlimits {{ free 16M sessions-per-source 500 "
            f"sessions-per-net 900 }}\n{self.extra}\n")
        self.settings.chmod(0o644)

    def inside(self, *command):
        """A command as it runs in the site's network."""
        if not self.network:
            return list(command)
        return ["ip", "netns", "exec", self.network, *command]

    def launch(self):
        output = open(self.directory / "output", "ab")
        self.process = subprocess.Popen(
            self.inside(BUILD / "libexec" / "master", self.settings),
            stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        return self

    def start(self, seconds=30):
        self.launch()
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if self.answers() and self.is_ready():
                return self
            time.sleep(0.05)
        raise RuntimeError("the site did not start:\n" + self.output())

    def is_ready(self):
        """Does every process say so?"""
        lines = self.run("status").stdout.splitlines()
        return lines and all(" ready " in line for line in lines)

    def answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(5)
                s.connect(str(self.directory / "run" / "smtp.sock"))
                return s.recv(4) == b"220 "
        except OSError:
            return False

    def output(self):
        return (self.directory / "output").read_text(errors="replace")[-8000:]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode if self.process else None

    def processes(self):
        """{role: pid} of what master runs."""
        lines = subprocess.run(["ps", "-o", "comm=,pid=", "--ppid",
                                str(self.process.pid)],
                               capture_output=True, text=True).stdout
        return {role: int(pid) for role, pid in
                (line.split() for line in lines.splitlines())}

    def kill(self):
        """kill -9 of every process at once."""
        for pid in [self.process.pid, *self.processes().values()]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def reload(self):
        self.write()
        return self.run("reload")

    def run(self, *arguments):
        return subprocess.run([BUILD / "posthold", *arguments, "-c",
                               self.settings], capture_output=True, text=True,
                              timeout=120)

    def sendmail(self, *arguments, text="Hello.\n", user=None):
        """Run the command; the result has its exit code and messages."""
        command = [BUILD / "bin" / "sendmail", "-C", self.settings, *arguments]
        if user is not None:
            command = ["setpriv", f"--reuid={user}", f"--regid={user}",
                       "--clear-groups", *command]
        if isinstance(text, str):
            text = text.encode()
        return subprocess.run(self.inside(*command), input=text, timeout=120,
                              capture_output=True)

    def rows(self, *words):
        """The events that hold every word."""
        rows = []
        for path in sorted((self.directory / "log").glob("*.jsonl")):
            for line in path.read_text().splitlines():
                if all(word in line for word in words):
                    rows.append(json.loads(line))
        return rows

    def faults(self):
        """Processes that ended otherwise than by order or by a test."""
        return [r for r in self.rows("PROCESS_ENDED")
                if r["status"] or r["signal"] not in (0, 9)]

    def wait_rows(self, *words, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.rows(*words)
            if found:
                return found
            time.sleep(0.05)
        return []
