"""The demo site, started for tests (the one site of ARCHITECTURE.md)."""

import imaplib
import json
import os
import pathlib
import random
import signal
import smtplib
import socket
import ssl
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("POSTHOLD_BUILD", ROOT / "build"))
POSTHOLD = BUILD / "posthold"


def free_port_base():
    """A base whose ports are free now; any, so that runs beside each other do
    not meet, and workers of one run each out of a range of their own."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 3
    first = 20000 + 4000 * worker
    for base in random.sample(range(first, first + 3900, 7), 400):
        try:
            for offset in (25, 465, 587, 993):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", base + offset))
            return base
        except OSError:
            continue
    raise RuntimeError("no free ports")


class Site:
    def __init__(self, directory, *options, build=BUILD):
        self.directory = pathlib.Path(directory)
        self.posthold = build / "posthold"
        self.base = free_port_base()
        self.options = options
        self.wrapper = []  # a program and words that run the site
        self.process = None
        self.log_path = self.directory.with_suffix(".output")

    def start(self, seconds=60):
        output = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [*self.wrapper, self.posthold, "demo", self.directory, "--port-base",
             str(self.base), *self.options],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        described = self.directory / "site.json"
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                self.facts = json.loads(described.read_text())
                if self.facts["pid"] and self.answers():
                    return self
            except (OSError, ValueError):
                pass
            time.sleep(0.05)
        raise RuntimeError("the demo site did not start:\n" + self.output())

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port("mx")), 5) as s:
                return s.recv(4) == b"220 "
        except OSError:
            return False

    def output(self):
        return self.log_path.read_text(errors="replace")[-8000:]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode if self.process else None

    def port(self, service):
        return self.facts["ports"][service]

    def user(self, name):
        return next(u for u in self.facts["users"] if u["name"] == name)

    def tls(self):
        return ssl.create_default_context(cafile=self.facts["ca"])

    def mx(self):
        return smtplib.SMTP("127.0.0.1", self.port("mx"), timeout=60)

    def submission(self, name=None):
        """Implicit TLS; logged in when a user is named."""
        s = LocalSMTPS(self.facts["host"], self.port("submissions"),
                       context=self.tls(), timeout=60)
        if name:
            user = self.user(name)
            s.login(user["name"], user["password"])
        return s

    def imap(self, name):
        user = self.user(name)
        i = LocalIMAPS(self.facts["host"], self.port("imaps"), self.tls())
        i.login(user["name"], user["password"])
        return i

    def raw(self, service):
        """A plain connection with its greeting read."""
        s = socket.create_connection(("127.0.0.1", self.port(service)), 60)
        return s

    def run(self, *arguments, **options):
        return subprocess.run(
            [self.posthold, *arguments, "--site", self.directory],
            capture_output=True, text=True, timeout=120, **options)

    def processes(self):
        """{role: [pid, ...]} of the running site, from /proc."""
        found = {}
        parents = {}
        for p in pathlib.Path("/proc").iterdir():
            if not p.name.isdigit():
                continue
            try:
                stat = (p / "stat").read_text()
                name = stat[stat.index("(") + 1:stat.rindex(")")]
                parents[int(p.name)] = (int(stat[stat.rindex(")") + 4:].split()[0]), name)
            except (OSError, ValueError):
                continue
        master = next((pid for pid, (parent, name) in parents.items()
                       if name == "master" and self.descends(pid, parents)), None)
        if master:
            found["master"] = [master]
            for pid, (parent, name) in parents.items():
                if parent == master:
                    found.setdefault(name, []).append(pid)
        return found

    def descends(self, pid, parents):
        while pid in parents:
            if pid == self.process.pid:
                return True
            pid = parents[pid][0]
        return False

    def log_rows(self):
        rows = []
        for path in sorted((self.directory / "log").glob("*.jsonl")):
            for line in path.read_text().splitlines():
                rows.append(json.loads(line))
        return rows


class LocalSMTPS(smtplib.SMTP_SSL):
    """Connects to loopback, verifies the site's name."""

    def _get_socket(self, host, port, timeout):
        s = socket.create_connection(("127.0.0.1", port), timeout)
        return self.context.wrap_socket(s, server_hostname=host)


class LocalIMAPS(imaplib.IMAP4):
    def __init__(self, host, port, context):
        self.context = context
        super().__init__(host, port)

    def open(self, host="", port=993, timeout=None):
        self.host, self.port = host, port
        s = socket.create_connection(("127.0.0.1", port), 60)
        self.sock = self.context.wrap_socket(s, server_hostname=host)
        self.file = self.sock.makefile("rb")
