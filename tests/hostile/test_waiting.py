"""Group DO of the attack catalogue: clients that keep us waiting.

The site waits five seconds for each step.  A client that says an octet every
half second is never silent that long, and yet its step ends."""

import socket
import time

import pytest

from tests.harness.raw import Raw, Smtp
from tests.harness.site import Site

DROPS = 60  # half a minute


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("hasty") / "demo")
    site.start()
    settings = site.directory / "posthold.conf"
    text = settings.read_text()
    settings.write_text(text.replace(
        "limits {", "limits { idle 5s login 5s data-idle 5s data-rate 1000"))
    assert "idle 5s" in settings.read_text()
    assert site.run("reload").returncode == 0
    yield site
    assert site.stop() == 0, site.output()


def drip(connection, octet):
    """Octet by octet until the server has had enough: (octets, its words)."""
    for said in range(DROPS):
        connection.send(octet)
        try:
            words = connection.octets(0.5)
        except (TimeoutError, socket.timeout):
            continue
        return said, words
    return DROPS, b""


def test_a_command_has_an_end(hasty):
    with Smtp(hasty.port("mx")) as s:
        said, words = drip(s, b"N")
        assert said < DROPS and words == b"421 4.4.2 Timeout\r\n"
        assert s.octets() == b""


def test_a_message_has_an_end(hasty):
    with Smtp(hasty.port("mx")).envelope() as s:
        assert s.code("DATA") == 354
        said, words = drip(s, b"x")
        assert said < DROPS and words == b"421 4.4.2 Timeout\r\n"


def test_a_message_in_small_chunks_has_an_end(hasty):
    with Smtp(hasty.port("mx")).envelope() as s:
        codes = []
        while len(codes) < DROPS and (not codes or codes[-1] == 250):
            codes.append(s.send(b"BDAT 1\r\nx").reply()[0])
            time.sleep(0.5)
    assert codes[-1] in (421, 0) and len(codes) < DROPS


def test_a_handshake_has_an_end(hasty):
    with Raw(hasty.port("submissions")) as s:
        said, words = drip(s, b"\x16")
        assert said < DROPS and words[:3] != b"220"


def test_a_login_has_an_end_whatever_is_said(hasty):
    with Smtp(hasty.port("submission")) as s:
        codes = []
        while len(codes) < DROPS and (not codes or codes[-1] == 250):
            codes.append(s.code("NOOP"))
            time.sleep(0.5)
    assert codes[-1] in (421, 0) and len(codes) < DROPS


def test_commands_in_time_have_none(hasty):
    """The negative: who finishes each step in time goes on for longer."""
    with Smtp(hasty.port("mx")) as s:
        for _ in range(14):
            assert s.code("NOOP") == 250
            time.sleep(0.5)
