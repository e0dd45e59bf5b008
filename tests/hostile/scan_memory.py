"""Look for a private key in the memory of a running process (as root).

    scan_memory.py PID KEY.pem

prints where its secret numbers or its text were found; exit 0: nowhere, 1:
somewhere, 2: the memory could not be read.
"""

import base64
import re
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

CHUNK = 1 << 20


def secret_numbers(key):
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return [key.private_numbers().private_value]
    if isinstance(key, rsa.RSAPrivateKey):
        n = key.private_numbers()
        return [n.p, n.q, n.d, n.dmp1, n.dmq1]
    return []


def patterns(pem):
    """{name: octets} that give the key away, in every order of octets that a
    library keeps numbers in."""
    key = serialization.load_pem_private_key(pem, None)
    found = {}
    for i, n in enumerate(secret_numbers(key)):
        size = (n.bit_length() + 7) // 8
        found[f"number {i} big-endian"] = n.to_bytes(size, "big")
        found[f"number {i} little-endian"] = n.to_bytes(size, "little")
    if isinstance(key, ed25519.Ed25519PrivateKey):
        found["seed"] = key.private_bytes(serialization.Encoding.Raw,
                                          serialization.PrivateFormat.Raw,
                                          serialization.NoEncryption())
    body = re.search(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)-----END", pem,
                     re.S).group(1)
    lines = body.split()
    found["text"] = lines[0][:48]
    found["encoding"] = base64.b64decode(b"".join(lines))[:64]
    return found


def readable(pid):
    """(start, end) of what a process may read or write."""
    with open(f"/proc/{pid}/maps") as maps:
        for line in maps:
            area, rights, *rest = line.split()
            if rights[0] != "r" or rest[-1] in ("[vvar]", "[vsyscall]"):
                continue
            yield [int(x, 16) for x in area.split("-")]


def scan(pid, pem):
    """Names of the patterns in the memory of `pid`; reads at least 1 MiB."""
    wanted = patterns(pem)
    longest = max(len(p) for p in wanted.values())
    found, total = set(), 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end in readable(pid):
            tail = b""
            for at in range(start, end, CHUNK):
                try:
                    memory.seek(at)
                    octets = memory.read(min(CHUNK, end - at))
                except (OSError, ValueError, OverflowError):
                    break
                total += len(octets)
                octets = tail + octets
                found |= {n for n, p in wanted.items() if p in octets}
                tail = octets[-longest:]
    if total < CHUNK:
        raise RuntimeError(f"only {total} octets of {pid} could be read")
    return found


if __name__ == "__main__":
    try:
        with open(sys.argv[2], "rb") as f:
            result = scan(int(sys.argv[1]), f.read())
    except (OSError, RuntimeError) as e:
        sys.exit(print(e, file=sys.stderr) or 2)
    print("\n".join(sorted(result)))
    sys.exit(1 if result else 0)
