"""ST-D16: the private key is in the process `keys` and nowhere else."""

import re

import pytest

from tests.hostile.scan_memory import readable, scan

HOLDERS = {"keys"}
SHADOW = 1 << 40  # octets of one area: AddressSanitizer maps 15 TiB


def private_keys(site):
    for path in site.directory.rglob("*"):
        if path.is_file() and path.stat().st_size < 16384:
            text = path.read_bytes()
            if re.search(rb"BEGIN [A-Z ]*PRIVATE KEY", text):
                yield path, text


def test_only_keys_has_the_private_key(site):
    for _ in range(3):
        site.imap("alice").logout()
        site.submission("alice").quit()
    keys = list(private_keys(site))
    assert keys
    processes = site.processes()
    if any(end - start > SHADOW for start, end in
           readable(processes["keys"][0])):
        pytest.skip("AddressSanitizer's shadow is too large to read; the "
                    "release build is searched")
    held = 0
    for path, pem in keys:
        for role, pids in processes.items():
            for pid in pids:
                found = scan(pid, pem)
                held += bool(found) and role in HOLDERS
                assert role in HOLDERS or not found, (role, path, found)
    assert held, "the scan does not find the key where it must be"
