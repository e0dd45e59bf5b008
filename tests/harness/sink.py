"""A mail server that takes everything and keeps it: what a smarthost would
have got.  Strict about line ends, so that a smuggled message shows."""

import socket
import socketserver
import threading


class Message:
    def __init__(self, sender, recipients, body, commands=()):
        self.sender = sender
        self.recipients = recipients
        self.body = body
        self.commands = commands  # MAIL, RCPT and BDAT, as they were said


class Session(socketserver.StreamRequestHandler):
    timeout = 60
    disable_nagle_algorithm = True  # as every mail server

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        sink = self.server.sink
        sink.connections.add(self.connection)
        try:
            self.converse(sink)
        except (OSError, ConnectionError):
            pass
        sink.connections.discard(self.connection)

    def converse(self, sink):
        sender, recipients = None, []
        self.say("220 sink.test ESMTP")
        while True:
            line = self.rfile.readline(4096)
            if not line:
                return
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.wfile.write(b"250-sink.test\r\n"
                                 + b"".join(b"250-%s\r\n" % w.encode()
                                            for w in sink.offers)
                                 + (b"250-STARTTLS\r\n" if sink.tls else b"")
                                 + b"250 SIZE 100000000\r\n")
            elif verb == b"STAR" and sink.tls:
                self.say("220 go on")
                self.start_tls(sink.tls)
            elif verb in (b"HELO", b"NOOP"):
                self.say("250 OK")
            elif verb == b"RSET":
                sender, recipients = None, []
                self.say("250 OK")
            elif verb == b"MAIL":
                sender, recipients = between(line), []
                commands = [line.decode().strip()]
                self.say(sink.answer("MAIL", sender))
            elif verb == b"RCPT":
                reply = sink.answer("RCPT", between(line))
                if reply.startswith("2"):
                    recipients.append(between(line))
                commands.append(line.decode().strip())
                self.say(reply)
            elif verb == b"BDAT":
                commands.append(line.decode().strip())
                body = self.rfile.read(int(line.split()[1]))
                sink.keep(Message(sender, recipients, body, commands))
                self.say(sink.answer("DATA", sender))
            elif verb == b"DATA":
                self.say("354 go on")
                body = self.read_data()
                if body is None:
                    return
                reply = sink.answer("DATA", sender)
                if reply.startswith("2"):
                    sink.keep(Message(sender, recipients, body, commands))
                if not sink.answers_data:
                    return
                self.say(reply)
                sender, recipients = None, []
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("500 what?")

    def start_tls(self, context):
        self.wfile.flush()
        self.request = context.wrap_socket(self.request, server_side=True)
        self.rfile = self.request.makefile("rb")
        self.wfile = self.request.makefile("wb", 0)

    def read_data(self):
        lines = []
        while True:
            line = self.rfile.readline(1 << 20)
            if not line:
                return None
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line[1:] if line.startswith(b".") else line)


def between(line):
    return line[line.index(b"<") + 1:line.index(b">")].decode()


class Sink:
    """`replies` maps ("RCPT", address) and the like to another answer; with `tls`,
    an SSL context, STARTTLS is offered."""

    def __init__(self, port=0, tls=None):
        self.tls = tls
        self.messages = []
        self.replies = {}
        self.answers_data = True
        self.offers = ["PIPELINING", "8BITMIME"]
        self.connections = set()
        self.changed = threading.Condition()
        socketserver.ThreadingTCPServer.allow_reuse_address = True
        socketserver.ThreadingTCPServer.daemon_threads = True
        socketserver.ThreadingTCPServer.request_queue_size = 128
        self.server = socketserver.ThreadingTCPServer(
            ("127.0.0.1", port), Session)
        self.server.sink = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, verb, argument):
        return self.replies.get((verb, argument),
                                self.replies.get(verb, "250 2.0.0 OK"))

    def keep(self, message):
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def wait_for(self, predicate, seconds=20):
        """The first message that the predicate holds for, or None."""
        def found():
            return next((m for m in self.messages if predicate(m)), None)

        with self.changed:
            self.changed.wait_for(found, seconds)
            return found()

    def hang_up(self):
        """End what is open: the next message begins with a greeting."""
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.server.shutdown()
        self.server.server_close()


if __name__ == "__main__":
    import sys
    import time

    sink = Sink(int(sys.argv[1]))
    shown = 0
    while True:
        time.sleep(0.05)
        for message in sink.messages[shown:]:
            print(f"sink got: from <{message.sender}> for "
                  f"{', '.join(message.recipients)}, {len(message.body)} octets",
                  flush=True)
            shown += 1
