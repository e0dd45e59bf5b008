"""Octets to a server and its replies back, nothing in between."""

import socket
import ssl
import time


class Raw:
    """A conversation in exact octets.  `tls` wraps at once."""

    def __init__(self, port, tls=None, name=None):
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=name)
        self.waiting = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, octets):
        if isinstance(octets, str):
            octets = octets.encode()
        try:
            self.socket.sendall(octets)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass
        return self

    def send_slowly(self, octets, pause=0.0):
        for i in range(len(octets)):
            self.send(octets[i:i + 1])
            if pause:
                time.sleep(pause)
        return self

    def line(self, seconds=20):
        """The next line, b"" when the server has closed."""
        self.socket.settimeout(seconds)
        while b"\r\n" not in self.waiting:
            try:
                got = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                got = b""
            if not got:
                rest, self.waiting = self.waiting, b""
                return rest
            self.waiting += got
        line, self.waiting = self.waiting.split(b"\r\n", 1)
        return line

    def octets(self, seconds=10):
        """What comes next, as it is; b"" when the server closed or reset."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(4096)
        except ConnectionResetError:
            return b""

    def reply(self, seconds=20):
        """(code, text of all lines); (0, b"") when the server has closed."""
        lines = []
        while True:
            line = self.line(seconds)
            if not line:
                return 0, b"\n".join(lines)
            lines.append(line)
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(lines)

    def ask(self, command):
        """Send a command line and read its reply."""
        if isinstance(command, str):
            command = command.encode("utf-8", "surrogateescape")
        self.send(command + b"\r\n")
        return self.reply()

    def code(self, command):
        return self.ask(command)[0]

    def rest(self, seconds=10):
        """Every code until the server closes or says nothing for a while."""
        codes = []
        while True:
            try:
                code, _ = self.reply(seconds)
            except (TimeoutError, socket.timeout):
                return codes
            if code == 0:
                return codes + ["closed"]
            codes.append(code)

    def start_tls(self, context, name):
        self.socket = context.wrap_socket(self.socket, server_hostname=name)
        self.waiting = b""
        return self


class Smtp(Raw):
    """Raw, greeted and introduced."""

    def __init__(self, port, ehlo="probe.att.test", **options):
        super().__init__(port, **options)
        assert self.reply()[0] == 220
        if ehlo:
            assert self.code(f"EHLO {ehlo}") == 250

    def envelope(self, rcpt="alice@agency.example", sender="x@att.test"):
        assert self.code(f"MAIL FROM:<{sender}>") == 250
        assert self.code(f"RCPT TO:<{rcpt}>") == 250
        return self

    def data(self, octets):
        """DATA, the octets as they are, the reply."""
        assert self.code("DATA") == 354
        self.send(octets)
        return self.reply()
