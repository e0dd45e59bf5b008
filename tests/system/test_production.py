"""A host that is the site's alone: everything on it is judged.

The host is a set of namespaces with processes, networks, passwd, shadow and
group of its own.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from tests.harness.site import POSTHOLD, ROOT

ROLES = re.findall(r'"(posthold-[a-z]+)"',
                   (ROOT / "trust" / "roles.c").read_text())

PASSWD = ("root:x:0:0::/root:/bin/sh\n"
          "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n")

INSIDE = """
set -e
mount --bind {etc}/passwd /etc/passwd
mount --bind {etc}/shadow /etc/shadow
mount --bind {etc}/group /etc/group
ip link set lo up
exec {posthold} demo {site} --no-volume --port-base 20000
"""


class Host:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.etc = self.directory / "etc"
        self.etc.mkdir()
        self.site = self.directory / "demo"
        self.write_accounts()

    def write_accounts(self, passwd="", shadow="", group=""):
        """In place: the files are mounted."""
        uids = {name: 900 + i for i, name in enumerate(ROLES)}
        (self.etc / "passwd").write_text(PASSWD + passwd + "".join(
            f"{n}:x:{u}:{u}::/nonexistent:/usr/sbin/nologin\n"
            for n, u in uids.items()))
        (self.etc / "shadow").write_text(
            "root:*:1::::::\nnobody:*:1::::::\n" + shadow + "".join(
                f"{n}:!:1::::::\n" for n in uids))
        (self.etc / "group").write_text(
            "root:x:0:\nnogroup:x:65534:\n" + group + "".join(
                f"{n}:x:{u}:\n" for n, u in uids.items()))

    def start(self):
        self.process = subprocess.Popen(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc",
             "--kill-child", "sh", "-c", INSIDE.format(
                 etc=self.etc, posthold=POSTHOLD, site=self.site)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if line.strip() == "ready":
                break
        else:
            pytest.skip("no host of its own can be made here")
        self.init = int(subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True,
            text=True, check=True).stdout)
        text = (self.site / "posthold.conf").read_text()
        self.settings = self.site / "production.conf"
        self.settings.write_text(re.sub(r"production\s+no", "production yes",
                                        text))

    def stop(self):
        os.kill(self.init, signal.SIGTERM)
        try:
            self.process.wait(60)
        finally:
            self.process.kill()

    def inside(self, *command, **options):
        return subprocess.run(
            ["nsenter", "--target", str(self.init), "--net", "--mount",
             "--pid", *command], capture_output=True, text=True, timeout=300,
            **options)

    def judge(self, clause):
        done = self.inside(POSTHOLD, "check", "-c", self.settings, "--clause",
                           clause, "--format", "json")
        return json.loads(done.stdout)["clauses"][0]


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    if os.geteuid() != 0 or not shutil.which("nsenter"):
        pytest.skip("needs root and nsenter")
    h = Host(tmp_path_factory.mktemp("host"))
    h.start()
    yield h
    h.stop()


@pytest.mark.parametrize("clause", ["NC-2.1.1", "NC-2.1.2"])
def test_a_host_with_nothing_else_on_it_passes(host, clause):
    good = host.judge(clause)
    assert good["state"] == "PASS", good
    assert "not judged" not in json.dumps(good)


LISTEN = """
import socket, time
s = socket.socket({family}, socket.{type})
s.bind(("{address}", {port}))
{listen}
print("there", flush=True)
time.sleep(1000)
"""


@pytest.mark.parametrize("type, port, network, letters", [
    ("SOCK_STREAM", 2222, [], ["static", "blackbox"]),
    ("SOCK_DGRAM", 161, [], ["static", "blackbox"]),
    ("SOCK_STREAM", 2222, ["unshare", "--net"], ["static"]),
], ids=["tcp", "udp", "another network"])
def test_what_else_listens_fails_2_1_1(host, type, port, network, letters):
    program = LISTEN.format(
        family="socket.AF_INET", type=type, address="0.0.0.0", port=port,
        listen="s.listen()" if type == "SOCK_STREAM" else "")
    other = subprocess.Popen(
        ["nsenter", "--target", str(host.init), "--net", "--mount", "--pid",
         *network, "/usr/bin/python3", "-c", program],
        stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "there\n"
        bad = host.judge("NC-2.1.1")
        assert bad["state"] == "FAIL"
        for letter in letters:
            assert bad[letter]["state"] == "FAIL"
            assert str(port) in bad[letter]["found"]
    finally:
        subprocess.run(["pkill", "-KILL", "-P", str(other.pid)])
        other.kill()
        other.wait()
    assert host.judge("NC-2.1.1")["state"] == "PASS"


@pytest.mark.parametrize("change, name", [
    ({"passwd": "games:x:5:60::/usr/games:/usr/sbin/nologin\n"}, "games"),
    ({"passwd": "daemon:x:1:1::/:/bin/sh\n"}, "daemon"),
    ({"shadow": "ghost::1::::::\n"}, "ghost"),
    ({"group": "docker:x:99:nobody\n"}, "nobody"),
], ids=["default account", "shell", "no password", "group"])
def test_a_default_account_fails_2_1_2(host, change, name):
    host.write_accounts(**change)
    try:
        bad = host.judge("NC-2.1.2")
        assert bad["state"] == "FAIL"
        assert bad["static"]["state"] == "FAIL"
        assert name in bad["static"]["found"]
    finally:
        host.write_accounts()
