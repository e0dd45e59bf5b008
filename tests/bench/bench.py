"""make bench: Posthold beside Debian's other mail servers, the same load on the
same volume.

	BENCH_RUNS=5          runs of each workload and product
	BENCH_SECONDS=4       length of a run, about
	BENCH_ONLY=TEXT       only workloads whose name holds it
	BENCH_PEERS=Postfix,Exim,OpenSMTPD
"""

import json
import os
import pathlib
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

from tests.harness import peers  # noqa: E402
from tests.harness.site import Site, free_port_base  # noqa: E402

RUNS = int(os.environ.get("BENCH_RUNS", "5"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
ONLY = os.environ.get("BENCH_ONLY", "")
PEERS = os.environ.get("BENCH_PEERS", "Postfix,Exim,OpenSMTPD").split(",")
MAILGEN = ROOT / "build/bench/mailgen"
IDLE = 500

# Name, options of mailgen.  A row that says TLS is not for a peer that has none.
WORKLOADS = [
    ("10 KiB, 5 sessions", {"sessions": 5}),
    ("10 KiB, 1 session", {"sessions": 1}),
    ("10 KiB, 10 sessions, a connection each",
     {"sessions": 10, "reconnect": True}),
    ("10 KiB, 100 sessions", {"sessions": 100}),
    ("10 KiB, 500 sessions", {"sessions": 500}),
    ("1 KiB, 5 sessions", {"sessions": 5, "size": 1024}),
    ("100 KiB, 5 sessions", {"sessions": 5, "size": 100 << 10}),
    ("1 MiB, 5 sessions", {"sessions": 5, "size": 1 << 20}),
    ("TLS, 10 KiB, 5 sessions", {"sessions": 5, "starttls": True}),
    ("TLS, 10 KiB, 5 sessions, a connection each",
     {"sessions": 5, "starttls": True, "reconnect": True}),
]


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
        """Whoever is still in it after ten seconds is killed."""
        for patience in (100, 100):
            for _ in range(patience):
                if not self.pids():
                    self.at.rmdir()
                    return
                time.sleep(0.1)
            for pid in self.pids():
                os.kill(pid, signal.SIGKILL)


class Peer:
    """A peer of tests/harness on the volume, its time counted."""

    def __init__(self, kind, volume):
        self.name = kind.name
        self.group = Group(kind.name.lower())
        self.peer = kind(volume.at, "agency.example")
        self.port, self.recipient = self.peer.port, self.peer.recipient
        self.stored = self.peer.stored
        self.has_tls = self.peer.offers_tls

    def start(self):
        self.peer.start(enter=self.group.enter)

    def stop(self):
        self.peer.stop()
        self.group.close()


class Posthold:
    name = "Posthold"
    has_tls = True

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


def generate(port, messages, options):
    """What mailgen measured: seconds, p50_us, p99_us."""
    words = []
    for name, value in options.items():
        words += [f"--{name}"] + ([] if value is True else [value])
    done = subprocess.run([MAILGEN, "--port", str(port), "--messages",
                           str(messages), *map(str, words)],
                          capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"port {port}, {options}: {done.stderr}")
    return json.loads(done.stdout)


def load(product, messages, options):
    """One run: messages a second, CPU microseconds a message, latency.  It is
    void when a message is missing afterwards."""
    before, cpu = product.stored(), product.group.cpu_us()
    run = generate(product.port, messages, options)
    end = time.monotonic() + 120
    while product.stored() - before < messages:
        if time.monotonic() > end:
            raise RuntimeError(f"{product.name} lost messages: the run is void")
        time.sleep(0.2)
    return {"rate": messages / run["seconds"],
            "cpu": (product.group.cpu_us() - cpu) / messages,
            "p50": run["p50_us"] / 1000, "p99": run["p99_us"] / 1000}


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


def enough(product, options):
    """So many messages that a run takes about SECONDS; warms up, too."""
    few = max(2 * options["sessions"], 20)
    rate = load(product, few, options)["rate"]
    more = max(few, int(rate * SECONDS / 4))
    return max(few, int(load(product, more, options)["rate"] * SECONDS))


def ceiling(options):
    """What the generator does against Postfix's smtp-sink, which keeps
    nothing."""
    if "starttls" in options:
        return None  # smtp-sink has no TLS
    port = free_port_base() + 77
    sink = subprocess.Popen(["smtp-sink", "-u", "nobody",
                             f"127.0.0.1:{port}", "1000"],
                            stderr=subprocess.DEVNULL)
    try:
        peers.wait_for_greeting(port, sink)
        messages = max(200, min(10000, (200 << 20) // options.get("size", 10240)))
        return messages / generate(port, messages, options)["seconds"]
    finally:
        sink.kill()
        sink.wait()


def spread(values):
    return (f"{statistics.median(values):>10.1f} "
            f"{min(values):>9.1f} {max(values):>9.1f}")


MEASURES = [("rate", "messages/s", True), ("cpu", "us CPU/message", False),
            ("p50", "ms, half of them", False), ("p99", "ms, 99 %", False)]


def show(name, results, limit):
    """The rows of one workload, and Posthold's ratio to each peer by pairs."""
    print(f"\n{name}\n{'':22}{'median':>10} {'min':>9} {'max':>9}")
    ours = results["Posthold"]
    for key, unit, more_is_better in MEASURES:
        for product, runs in results.items():
            values = [r[key] for r in runs]
            line = f"  {product:<20}{spread(values)} {unit:<17}"
            if product != "Posthold":
                pairs = [(a[key] / b[key]) if more_is_better
                         else (b[key] / a[key]) for a, b in zip(ours, runs)]
                line += (f" {statistics.median(pairs):.1f} times better"
                         f" ({min(pairs):.1f}-{max(pairs):.1f})")
            elif limit and key == "rate":
                share = statistics.median(values) / limit
                line += f" {share:.0%} of smtp-sink without a disk"
            print(line.rstrip(), flush=True)


def measure(products):
    rows = []
    for name, options in WORKLOADS:
        if ONLY not in name:
            continue
        able = [p for p in products
                if p.has_tls or "starttls" not in options]
        counts = {p.name: enough(p, options) for p in able}
        results = {p.name: [] for p in able}
        for _ in range(RUNS):
            for p in able:
                results[p.name].append(load(p, counts[p.name], options))
        limit = ceiling(options)
        show(name, results, limit)
        rows.append({"workload": name, "messages": counts, "results": results,
                     "ceiling": limit})
    return rows


def measure_idle(products):
    kib = {p.name: idle_kib(p) for p in products}
    print("\nmemory of an idle connection")
    for name, value in kib.items():
        print(f"  {name:<20}{value:>10.1f} KiB PSS" + (
            "" if name == "Posthold" else
            f"          {value / kib['Posthold']:.1f} times better"))
    return {"workload": "memory of an idle connection", "results": kib}


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="posthold-bench-"))
    work.chmod(0o755)  # peers have users of their own
    volume = Volume(work)
    products = []
    try:
        wanted = [Posthold(volume)]
        for kind in peers.ALL:
            if kind.name in PEERS and kind.missing():
                print(f"without {kind.name}: {kind.missing()}")
            elif kind.name in PEERS:
                wanted.append(Peer(kind, volume))
        for product in wanted:
            products.append(product)
            product.start()
        rows = measure(products)
        if ONLY in "memory of an idle connection":
            rows.append(measure_idle(products))
        out = ROOT / "build/bench/results.json"
        out.write_text(json.dumps(rows, indent=1))
        print(f"\nwrote {out.relative_to(ROOT)}")
    finally:
        for product in products:
            product.stop()
        volume.close()
        shutil.rmtree(work)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main()
