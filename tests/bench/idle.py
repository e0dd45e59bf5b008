"""Many connections that want nothing, and some that want it slowly (DO-D01,
DO-D02): what they cost, and what an honest client notices.

Prints, never fails on time.  As root: `make bench-idle`."""

import os
import pathlib
import re
import resource
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.harness.site import BUILD, Site  # noqa: E402

IDLE = int(os.environ.get("IDLE", 10000))
SLOW = int(os.environ.get("SLOW", 1000))
HONEST = int(os.environ.get("HONEST", 300))


def prepared(directory, clamd):
    """The files of a demo site with room for all, not running."""
    site = Site(directory, "--no-volume", "--clamd", str(clamd))
    site.start()
    site.stop()
    path = site.directory / "posthold.conf"
    path.write_text(path.read_text().replace(
        "limits {", f"limits {{\n\tsessions {min(IDLE + SLOW + 2000, 16000)}", 1))
    return site


def run(site):
    site.process = subprocess.Popen(
        [site.posthold, "run", "--site", site.directory],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not site.answers():
        assert site.process.poll() is None, "it does not run"
        time.sleep(0.05)


def source(i):
    """Ten of each address, 500 of each network."""
    i //= 10
    return f"127.{1 + i // 12500}.{i // 50 % 250}.{1 + i % 50}"


def connect(site, i):
    s = socket.create_connection(("127.0.0.1", site.port("mx")), 60,
                                 source_address=(source(i), 0))
    reply = s.recv(512)
    assert reply.startswith(b"220 "), reply
    return s


def begin_data(site, i):
    s = connect(site, i)
    for line, code in ((b"EHLO slow.att.test\r\n", b"250"),
                       (b"MAIL FROM:<x@att.test>\r\n", b"250"),
                       (b"RCPT TO:<bob@agency.example>\r\n", b"250"),
                       (b"DATA\r\n", b"354")):
        s.sendall(line)
        reply = s.recv(2048)
        assert reply.startswith(code), reply
    return s


def pss_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"Pss: +(\d+)", text)[1])


def honest(site, slow=()):
    """Milliseconds of one message on a new connection: median and p99."""
    took = []
    for i in range(HONEST):
        begun = time.monotonic()
        with smtplib.SMTP("127.0.0.1", site.port("mx"), timeout=60,
                          source_address=("127.200.1.1", 0)) as s:
            s.sendmail("x@att.test", ["bob@agency.example"],
                       "From: x@att.test\r\nSubject: s\r\n\r\n" + "x" * 5000)
        took.append((time.monotonic() - begun) * 1000)
        if slow:
            slow[i % len(slow)].send(b"x")
    took.sort()
    return took[len(took) // 2], took[len(took) * 99 // 100]


def say(what, times, base):
    print(f"{what:<28} p50 {times[0]:7.1f} ms  p99 {times[1]:7.1f} ms  "
          f"{times[0] / base[0]:.2f}x {times[1] / base[1]:.2f}x", flush=True)


def measure(site):
    mx = site.processes()["mx"][0]
    honest(site)
    base = honest(site)
    say("alone", base, base)
    before = pss_kib(mx)
    idle = [connect(site, i) for i in range(IDLE)]
    print(f"{IDLE} idle: {(pss_kib(mx) - before) / IDLE:.1f} KiB each "
          f"(PSS of mx {pss_kib(mx) // 1024} MiB)")
    say(f"with {IDLE} idle", honest(site), base)
    for s in idle:
        s.close()
    slow = [begin_data(site, i) for i in range(SLOW)]
    say(f"with {SLOW} dripping", honest(site, slow), base)
    for s in slow:
        s.close()
    say("alone again", honest(site), base)


def main():
    most = IDLE + SLOW + 1000
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    place = pathlib.Path(tempfile.mkdtemp(prefix="posthold-idle-"))
    engine = subprocess.Popen([BUILD / "bench" / "null_clamd",
                               place / "clamd.sock"])
    site = None
    try:
        site = prepared(place / "site", place / "clamd.sock")
        run(site)
        measure(site)
    finally:
        if site:
            site.stop()
        engine.kill()
        engine.wait()
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
