"""make bench: Posthold beside Postfix, the same load on the same volume."""

import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.harness.site import Site, free_port_base  # noqa: E402

RUNS = int(os.environ.get("BENCH_RUNS", "5"))
MESSAGES = int(os.environ.get("BENCH_MESSAGES", "4000"))
IDLE = 500
SIZE = 10240


def sh(*command, **options):
    return subprocess.run([str(c) for c in command], check=True,
                          capture_output=True, text=True, **options)


class Volume:
    """A loop volume of its own for everything that is measured."""

    def __init__(self, work):
        self.image = work / "volume.img"
        self.at = work / "volume"
        self.at.mkdir()
        with open(self.image, "wb") as f:
            f.truncate(6 << 30)
        sh("mkfs.ext4", "-q", "-F", self.image)
        sh("mount", "-o", "loop,nodev,nosuid,noexec", self.image, self.at)

    def close(self):
        sh("umount", self.at)


class Group:
    """A control group that counts the CPU time of whoever is in it."""

    BASE = pathlib.Path("/sys/fs/cgroup")

    def __init__(self, name):
        v1 = self.BASE / "cpuacct"
        self.v1 = v1.is_dir()
        self.at = (v1 if self.v1 else self.BASE) / f"posthold-bench-{name}"
        self.at.mkdir(exist_ok=True)

    def enter(self):
        (self.at / "cgroup.procs").write_text(str(os.getpid()))

    def cpu_us(self):
        if self.v1:
            return int((self.at / "cpuacct.usage").read_text()) // 1000
        stat = (self.at / "cpu.stat").read_text()
        return int(re.search(r"usage_usec (\d+)", stat)[1])

    def pids(self):
        return [int(p) for p in (self.at / "cgroup.procs").read_text().split()]

    def pss_kib(self):
        total = 0
        for pid in self.pids():
            try:
                text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
                total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])
            except (OSError, TypeError):
                pass
        return total

    def close(self):
        try:
            self.at.rmdir()
        except OSError:
            pass


class Peer:
    """A peer of tests/harness on the volume, its time counted."""

    def __init__(self, kind, volume):
        self.name = kind.name
        self.group = Group(kind.name.lower())
        self.peer = kind(volume.at, "agency.example")
        self.port, self.recipient = self.peer.port, self.peer.recipient
        self.stored = self.peer.stored

    def start(self):
        self.peer.start(enter=self.group.enter)

    def stop(self):
        self.peer.stop()
        for _ in range(100):
            if not self.group.pids():
                break
            time.sleep(0.1)
        self.group.close()


class Posthold:
    name = "Posthold"

    def __init__(self, volume):
        self.group = Group("posthold")
        self.engine = None
        self.socket = volume.at / "clamd.sock"
        self.site = Site(volume.at / "posthold", "--clamd", str(self.socket))
        self.recipient = "alice@agency.example"

    def start(self):
        self.engine = subprocess.Popen(
            [ROOT / "build/bench/null_clamd", self.socket])
        while not self.socket.exists():
            time.sleep(0.01)
        enter = os.getpid()
        self.group.enter()
        try:
            self.site.start()
        finally:
            (self.group.at.parent / "cgroup.procs").write_text(str(enter))
        self.port = self.site.port("mx")

    def stored(self):
        with self.site.imap("alice") as i:
            return int(i.select("INBOX", readonly=True)[1][0])

    def stop(self):
        self.site.stop()
        self.engine.kill()
        self.engine.wait()
        self.group.close()


def source(port, recipient, messages, sessions):
    """Seconds that smtp-source needs; it keeps its connections (-d)."""
    begin = time.monotonic()
    sh("smtp-source", "-d", "-s", sessions, "-m", messages, "-l", SIZE,
       "-f", "sender@other.test", "-t", recipient, f"inet:127.0.0.1:{port}")
    return time.monotonic() - begin


def load(product, messages, sessions):
    """(messages a second, CPU microseconds a message); the run is void when
    one of them is missing afterwards."""
    before = product.stored()
    cpu = product.group.cpu_us()
    seconds = source(product.port, product.recipient, messages, sessions)
    end = time.monotonic() + 120
    while product.stored() - before < messages:
        if time.monotonic() > end:
            raise RuntimeError(f"{product.name} lost messages: the run is void")
        time.sleep(0.2)
    return messages / seconds, (product.group.cpu_us() - cpu) / messages


def idle_kib(product):
    """KiB of PSS that one idle connection adds."""
    before = product.group.pss_kib()
    connections = []
    for _ in range(IDLE):
        s = socket.create_connection(("127.0.0.1", product.port), 60)
        connections.append(s)
    for s in connections:
        s.recv(200)
        s.sendall(b"EHLO idle.test\r\n")
    for s in connections:
        s.recv(1000)
    time.sleep(1)
    after = product.group.pss_kib()
    for s in connections:
        s.close()
    return (after - before) / IDLE


def sink_ceiling(sessions):
    port = free_port_base() + 77
    sink = subprocess.Popen(["smtp-sink", "-u", "nobody",
                             f"127.0.0.1:{port}", "1000"],
                            stderr=subprocess.DEVNULL)
    try:
        wait_for_greeting(port)
        return MESSAGES / source(port, "alice@agency.example", MESSAGES,
                                 sessions)
    finally:
        sink.kill()
        sink.wait()


def spread(values):
    return (f"{statistics.median(values):>9.1f} "
            f"{min(values):>9.1f} {max(values):>9.1f}")


class Table:
    def __init__(self):
        self.rows = []
        print(f"{'':44}{'median':>9} {'min':>9} {'max':>9}")

    def add(self, what, ours, theirs, unit, more_is_better, ceiling=None):
        for name, values in (("Posthold", ours), ("Postfix", theirs)):
            print(f"{what + ', ' + name:<44}{spread(values)} {unit}")
        pairs = [a / b if more_is_better else b / a
                 for a, b in zip(ours, theirs) if a > 0 and b > 0]
        print(f"{what + ', ratio':<44}{spread(pairs)} times better")
        if ceiling:
            share = statistics.median(ours) / ceiling
            note = " (limited by the generator)" if share > 0.7 else ""
            print(f"{'  generator against smtp-sink':<44}{ceiling:>9.1f} "
                  f"{unit}, we reach {share:.0%}{note}")
        self.rows.append({"what": what, "unit": unit, "posthold": ours,
                          "postfix": theirs, "ratios": pairs,
                          "ceiling": ceiling})


def measure(posthold, postfix):
    table = Table()
    for sessions in (100, 5):
        ours, theirs = [], []
        for product in (posthold, postfix):
            load(product, MESSAGES // 4, sessions)  # warm
        for _ in range(RUNS):
            ours.append(load(posthold, MESSAGES, sessions))
            theirs.append(load(postfix, MESSAGES, sessions))
        table.add(f"accepted, {sessions} sessions, 10 KiB",
                  [r for r, _ in ours], [r for r, _ in theirs],
                  "messages/s", True, sink_ceiling(sessions))
        table.add(f"CPU, {sessions} sessions, 10 KiB", [c for _, c in ours],
                  [c for _, c in theirs], "us/message", False)
    table.add("memory of an idle connection",
              [idle_kib(posthold)], [idle_kib(postfix)], "KiB PSS", False)
    return table.rows


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="posthold-bench-"))
    work.chmod(0o755)  # Postfix has users of its own
    volume = Volume(work)
    products = []
    try:
        posthold, postfix = Posthold(volume), Postfix(volume)
        for product in (posthold, postfix):
            products.append(product)
            product.start()
        rows = measure(posthold, postfix)
        out = ROOT / "build/bench/results.json"
        out.write_text(json.dumps(rows, indent=1))
        print(f"wrote {out.relative_to(ROOT)}")
    finally:
        for product in products:
            product.stop()
        volume.close()
        shutil.rmtree(work)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main()
