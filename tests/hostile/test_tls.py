"""Group ST of the attack catalogue: STARTTLS and what crosses it."""

import ssl
import time

import pytest

from tests.harness.raw import Raw, Smtp


def host(site):
    return site.facts["host"]


@pytest.mark.parametrize("service", ["mx", "submission"])
@pytest.mark.parametrize("tail", ["EHLO x\r\n", "NOOP x\r\n",
                                  "RSET\r\nMAIL FROM:<x@att.test>\r\n"])
def test_octets_behind_starttls_end_the_session(site, service, tail):
    with Smtp(site.port(service)) as s:
        s.send("STARTTLS\r\n" + tail)
        codes = s.rest(3)
    assert codes[-1] == "closed"
    assert set(codes) <= {220, 421, 503, 554, "closed"}


def test_a_command_instead_of_a_handshake(site):
    with Smtp(site.port("mx")) as s:
        assert s.code("STARTTLS") == 220
        s.send("RSET\r\n")
        assert s.octets()[:1] not in (b"2", b"5")


def test_tls_forgets_what_came_before(site):
    with Smtp(site.port("mx")).envelope() as s:
        assert s.code("STARTTLS") in (220, 503)
    with Smtp(site.port("mx")) as s:
        assert s.code("MAIL FROM:<x@att.test>") == 250
        if s.code("STARTTLS") == 220:
            s.start_tls(site.tls(), host(site))
            assert s.code("RCPT TO:<alice@agency.example>") == 503
            assert s.code("MAIL FROM:<x@att.test>") == 503
            assert s.code("EHLO again.test") == 250
            assert s.code("STARTTLS") in (502, 503)


def test_a_credential_in_clear_is_not_looked_at(site):
    with Smtp(site.port("submission")) as s:
        assert s.code("AUTH PLAIN AGEAYg==") in (530, 538)
        assert s.code("MAIL FROM:<alice@agency.example>") == 530
    assert any(r["event"] == "LOGIN_IN_CLEAR" for r in wait_rows(site))


def wait_rows(site):
    time.sleep(0.3)
    return site.log_rows()


def test_no_auth_is_offered_in_clear(site):
    for service in ("mx", "submission"):
        with Raw(site.port(service)) as s:
            s.reply()
            assert b"AUTH" not in s.ask("EHLO x.test")[1]


@pytest.mark.parametrize("service", ["submissions", "imaps"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(site, service, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        Raw(site.port(service), tls=context, name=host(site))


@pytest.mark.parametrize("ciphers", ["RSA", "aNULL", "3DES", "eNULL",
                                     "ECDHE+AES+SHA1"])
def test_weak_suites_are_refused(site, ciphers):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.set_ciphers(ciphers + ":@SECLEVEL=0")
    except ssl.SSLError:
        return  # the client's own library has none of them left
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        Raw(site.port("submissions"), tls=context, name=host(site))


@pytest.mark.parametrize("protocols", [["h2"], ["http/1.1", "h2"]])
def test_a_foreign_protocol_is_refused(site, protocols):
    context = site.tls()
    context.set_alpn_protocols(protocols)
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        Raw(site.port("imaps"), tls=context, name=host(site))


def test_a_session_is_not_resumed_at_another_service(site):
    context = site.tls()
    with Smtp(site.port("mx")) as s:
        assert s.code("STARTTLS") == 220
        s.start_tls(context, host(site))
        s.code("EHLO x.test")
        ticket = s.socket.session
    import socket as sockets
    plain = sockets.create_connection(("127.0.0.1", site.port("submissions")))
    with context.wrap_socket(plain, server_hostname=host(site),
                             session=ticket) as again:
        assert not again.session_reused


def test_tls_cut_inside_data_stores_nothing(site, mailbox, mark):
    with Smtp(site.port("mx")) as s:
        assert s.code("STARTTLS") == 220
        s.start_tls(site.tls(), host(site))
        assert s.code("EHLO x.test") == 250
        s.envelope()
        assert s.code("DATA") == 354
        s.send(f"Subject: {mark}\r\n\r\nhalf")
        s.socket.close()
    assert mark.encode() not in mailbox()


@pytest.mark.parametrize("name", ["mail.vic.test\\", "../../etc/passwd",
                                  "a" * 250, "xn--99999999.test"])
def test_a_strange_server_name_is_only_compared(site, name):
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = site.tls()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        tls = context.wrap_bio(into, out, server_hostname=name)
    except ValueError:
        pytest.skip("this client does not say such a name")
    with Raw(site.port("submissions")) as s:
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        s.send(out.read())
        assert s.octets()[:1] in (b"\x16", b"\x15", b"")


def test_a_hello_of_single_octet_records_is_bounded(site):
    """ST-D10: 2,000 records of one octet each, never a whole ClientHello."""
    with Raw(site.port("submissions")) as s:
        s.send(b"\x16\x03\x01\x00\x01\x01" +
               b"\x16\x03\x01\x00\x01\xff" * 2000)
        assert s.octets()[:1] in (b"\x15", b"")  # an alert, or the end
    with Smtp(site.port("mx")) as s:
        assert s.code("NOOP") == 250


def test_garbage_instead_of_a_client_hello(site):
    for octets in (b"\x16\x03\x01\xff\xff" + b"\0" * 200, b"GET / HTTP/1.0\r\n\r\n",
                   b"\x80\x2e\x01\0\x02" + b"\0" * 60, b"\0" * 1000):
        with Raw(site.port("imaps")) as s:
            s.send(octets)
            assert s.octets()[:1] in (b"", b"\x15")
