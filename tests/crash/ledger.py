"""Who was promised what: senders that note every acknowledged message, and
the comparison with what is there afterwards."""

import re
import smtplib
import threading
import time
import uuid


class Ledger:
    def __init__(self):
        self.lock = threading.Lock()
        self.local = set()    # acknowledged for alice
        self.remote = set()   # acknowledged for the sink
        self.sent = 0

    def acknowledge(self, mark, remote):
        with self.lock:
            (self.remote if remote else self.local).add(mark)


def body(mark, sender, recipient):
    return (f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: {mark}\r\n"
            f"\r\n" + "text of some length\r\n" * 20)


class Sender(threading.Thread):
    """Sends until told to stop; every message has a name of its own, and one
    whose fate is unknown is never sent again."""

    def __init__(self, site, ledger, remote):
        super().__init__(daemon=True)
        self.site, self.ledger, self.remote = site, ledger, remote
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                self.converse()
            except (OSError, smtplib.SMTPException):
                time.sleep(0.02)

    def converse(self):
        if self.remote:
            sender, recipient = "alice@agency.example", "x@other.test"
            s = self.site.submission("alice")
        else:
            sender, recipient = "x@other.test", "alice@agency.example"
            s = self.site.mx()
        with s:
            while not self.over.is_set():
                mark = uuid.uuid4().hex
                self.ledger.sent += 1
                s.sendmail(sender, [recipient], body(mark, sender, recipient))
                self.ledger.acknowledge(mark, self.remote)


class Load:
    """Senders to the mailbox and through the relay, while a test does harm."""

    def __init__(self, site, ledger, local=3, remote=2):
        self.senders = [Sender(site, ledger, False) for _ in range(local)]
        self.senders += [Sender(site, ledger, True) for _ in range(remote)]

    def __enter__(self):
        for s in self.senders:
            s.start()
        return self

    def __exit__(self, *_):
        for s in self.senders:
            s.over.set()
        for s in self.senders:
            s.join(60)


def subjects(site):
    """Every subject in alice's INBOX, with repetitions."""
    with site.imap("alice") as i:
        count = int(i.select("INBOX", readonly=True)[1][0])
        if count == 0:
            return []
        _, data = i.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    text = b"".join(d[1] for d in data if isinstance(d, tuple))
    return [m.decode() for m in
            re.findall(rb"(?im)^Subject: ([0-9a-f]{32})\r$", text)]


def sunk(sink):
    return [re.search(rb"Subject: ([0-9a-f]{32})", m.body)[1].decode()
            for m in list(sink.messages) if b"Subject: " in m.body]


def settle(site, sink, ledger, patience=120):
    """Wait until the sink has what was acknowledged for it, or until nothing
    more has come for a while: a long queue is not a lost one."""
    missing = len(ledger.remote - set(sunk(sink)))
    end = time.monotonic() + patience
    while missing and time.monotonic() < end:
        site.run("queue", "retry", "all")
        time.sleep(1)
        still = len(ledger.remote - set(sunk(sink)))
        if still < missing:
            missing, end = still, time.monotonic() + patience


def verify(site, sink, ledger):
    settle(site, sink, ledger)
    here = subjects(site)
    assert ledger.local - set(here) == set(), "acknowledged and lost"
    assert len(here) == len(set(here)), "delivered twice"
    assert ledger.remote - set(sunk(sink)) == set(), "queued and lost"
