"""Group SM of the attack catalogue: framing, end of data, transaction state.

Each row has siblings that are not written here; the rule is in the code, not
the row.
"""

import base64
import socket
import ssl
import time

import pytest

from tests.harness.raw import Smtp

HEAD = "From: <x@att.test>\r\nSubject: {mark}\r\n\r\n"
SMUGGLED = ("MAIL FROM:<ceo@leg.test>\r\nRCPT TO:<bob@agency.example>\r\n"
            "DATA\r\nFrom: ceo@leg.test\r\nSubject: smuggled\r\n\r\nevil\r\n"
            ".\r\n")

FALSE_ENDINGS = {
    "LF.LF": b"\n.\n",
    "CR.CR": b"\r.\r",
    "CR.CRLF": b"\r.\r\n",
    "LF.CR": b"\n.\r",
    "LF.CRLF": b"\n.\r\n",
    "CRLF.LF": b"\r\n.\n",
    "CRLF.CR": b"\r\n.\r",
    "CRLF NUL .CRLF": b"\r\n\0.\r\n",
    "CRLF. NUL CRLF": b"\r\n.\0\r\n",
    "CRLF.CRCRLF": b"\r\n.\r\r\n",
    "CRCRLF.CRLF": b"\r\r\n.\r\n",
}


def port(site):
    return site.port("mx")


@pytest.mark.parametrize("ending", FALSE_ENDINGS.values(), ids=FALSE_ENDINGS)
def test_a_false_end_of_data_neither_ends_nor_smuggles(site, mailbox, mark,
                                                       ending):
    with Smtp(port(site)).envelope() as s:
        assert s.code("DATA") == 354
        s.send(HEAD.format(mark=mark).encode() + b"x" + ending +
               SMUGGLED.encode())
        codes = s.rest(3)
    assert codes[0] in (500, 550) and codes[-1] == "closed"
    assert 250 not in codes and 354 not in codes
    subjects = mailbox()
    assert mark.encode() not in subjects and b"smuggled" not in subjects


def test_a_dot_and_a_blank_is_text(site, mailbox, mark):
    with Smtp(port(site)).envelope() as s:
        code, _ = s.data(HEAD.format(mark=mark) + ". \r\nmore\r\n.\r\n")
    assert code == 250
    with site.imap("alice") as i:
        i.select("INBOX")
        _, found = i.search(None, "SUBJECT", mark)
        _, data = i.fetch(found[0].split()[0], "(BODY.PEEK[TEXT])")
    assert data[0][1] == b" \r\nmore\r\n"


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_the_end_of_data_may_be_cut_anywhere(site, mailbox, mark, cut):
    whole = (HEAD.format(mark=mark) + "text\r\n.\r\n").encode()
    at = len(whole) - 5 + cut
    with Smtp(port(site)).envelope() as s:
        assert s.code("DATA") == 354
        s.send(whole[:at])
        time.sleep(0.05)
        s.send(whole[at:])
        assert s.reply()[0] == 250
    assert mailbox().count(mark.encode()) == 1


def test_one_octet_at_a_time(site, mailbox, mark):
    with Smtp(port(site), ehlo=None) as s:
        s.send_slowly(b"EHLO slow.test\r\n")
        assert s.reply()[0] == 250
        s.send_slowly(b"MAIL FROM:<x@att.test>\r\n")
        assert s.reply()[0] == 250
        s.send_slowly(b"RCPT TO:<alice@agency.example>\r\n")
        assert s.reply()[0] == 250
        s.send_slowly(b"DATA\r\n")
        assert s.reply()[0] == 354
        s.send_slowly((HEAD.format(mark=mark) + "x\r\n.\r\n").encode(), 0.001)
        assert s.reply()[0] == 250
    assert mailbox().count(mark.encode()) == 1


@pytest.mark.parametrize("octets", [b"Subject: a\rBcc: z@agency.example\r\n",
                                    b"Subject: a\nBcc: z@agency.example\r\n",
                                    b"Subject: a\0b\r\n"])
def test_a_bare_control_in_the_header_is_refused(site, mailbox, mark, octets):
    with Smtp(port(site)).envelope() as s:
        assert s.code("DATA") == 354
        s.send(octets + HEAD.format(mark=mark).encode() + b"x\r\n.\r\n")
        codes = s.rest(3)
    assert codes[0] in (500, 550) and codes[-1] == "closed"
    assert mark.encode() not in mailbox()


def bdat(octets, last=False):
    return b"BDAT %d%s\r\n" % (len(octets), b" LAST" * last) + octets


@pytest.mark.parametrize("command", [
    "BDAT -1 LAST", "BDAT 0x10", "BDAT 1e3", "BDAT 5 LAST x", "BDAT",
    "BDAT 18446744073709551616", "BDAT +5", "BDAT 5LAST", "BDAT 5 LASTLY"])
def test_a_chunk_of_no_known_size_ends_the_session(site, command):
    with Smtp(port(site)).envelope() as s:
        s.send(command + "\r\n" + SMUGGLED)
        codes = s.rest(3)
    assert codes[0] == 501 and codes[-1] == "closed" and len(codes) == 2


def test_a_message_in_chunks(site, mailbox, mark):
    text = HEAD.format(mark=mark).encode() + b"one\r\n.\r\ntwo\r\n"
    with Smtp(port(site)).envelope() as s:
        s.send(bdat(text[:7]) + bdat(text[7:8]) + bdat(text[8:-1]) +
               bdat(text[-1:], True) + b"NOOP\r\n")
        assert [s.reply()[0] for _ in range(5)] == [250] * 5
    with site.imap("alice") as i:
        i.select("INBOX")
        _, found = i.search(None, "SUBJECT", mark)
        _, data = i.fetch(found[0].split()[0], "(BODY.PEEK[TEXT])")
    assert data[0][1] == b"one\r\n.\r\ntwo\r\n"


def test_a_chunk_has_exactly_so_many_octets(site, mailbox):
    with Smtp(port(site)).envelope() as s:
        s.send(b"BDAT 5\r\na\r\n.\r\nMAIL FROM:<ceo@leg.test>\r\n")
        codes = s.rest(3)
    assert codes == [250, 550, "closed"]
    assert b"smuggled" not in mailbox()


@pytest.mark.parametrize("octets", [b"a\nb\r\n", b"a\rb\r\n", b"a\0b\r\n",
                                    b"a\r"])
def test_a_bare_control_in_a_chunk_is_refused(site, mailbox, mark, octets):
    head = HEAD.format(mark=mark).encode()
    with Smtp(port(site)).envelope() as s:
        s.send(bdat(head) + bdat(octets, True))
        assert s.reply()[0] == 250 and s.reply()[0] == 550
        assert s.code("DATA") == 503
    assert mark.encode() not in mailbox()


def test_a_chunk_before_mail_leaves_no_state(site):
    with Smtp(port(site)) as s:
        assert s.ask(b"BDAT 10\r\n12345678")[0] == 503
        assert s.code("RCPT TO:<alice@agency.example>") == 503
        assert s.code("DATA") == 503
        assert s.code("MAIL FROM:<x@att.test>") == 250


@pytest.mark.parametrize("how", ["half", "reset"])
def test_an_end_inside_a_chunk_stores_nothing(site, mailbox, mark, how):
    for _ in range(50):
        s = Smtp(port(site)).envelope()
        s.send(b"BDAT 1000 LAST\r\n" + HEAD.format(mark=mark).encode())
        if how == "half":
            s.socket.shutdown(socket.SHUT_WR)
        else:
            s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                b"\1\0\0\0\0\0\0\0")
        s.socket.close()
    assert mark.encode() not in mailbox()


def test_nothing_in_clear_is_read_behind_the_end_of_tls(site, mailbox, mark):
    with Smtp(port(site)) as s:
        assert s.code("STARTTLS") == 220
        s.start_tls(site.tls(), site.facts["host"])
        assert s.code("EHLO x") == 250
        s.envelope()
        s.send(b"BDAT 100\r\n" + b"x" * 50)
        plain = socket.socket(fileno=socket.dup(s.socket.fileno()))
        try:
            s.socket.unwrap()
        except (OSError, ssl.SSLError):
            pass
        try:
            plain.sendall(b"y" + b"x" * 49 + SMUGGLED.encode())
            plain.settimeout(5)
            assert plain.recv(100) == b""
        except (BrokenPipeError, ConnectionResetError):
            pass
        plain.close()
    assert b"smuggled" not in mailbox()


def test_a_body_before_354_is_improper_pipelining(site, mailbox, mark):
    with Smtp(port(site)).envelope() as s:
        s.send("DATA\r\n" + HEAD.format(mark=mark) + "x\r\n.\r\n")
        codes = s.rest(3)
    assert codes[0] == 503 and codes[-1] == "closed"
    assert mark.encode() not in mailbox()


def test_a_body_in_the_next_record_is_improper_pipelining(site, mailbox, mark):
    """Two TLS records in one segment: the body is there before 354 is."""
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = site.tls().wrap_bio(into, out, server_hostname=site.facts["host"])

    def step(s, action):
        while True:
            try:
                return action()
            except ssl.SSLWantReadError:
                s.send(out.read())
                into.write(s.octets())
            finally:
                s.send(out.read())

    with Smtp(port(site)) as s:
        assert s.code("STARTTLS") == 220
        step(s, tls.do_handshake)
        for command in ("EHLO x", "MAIL FROM:<x@att.test>",
                        "RCPT TO:<alice@agency.example>"):
            tls.write(command.encode() + b"\r\n")
            assert step(s, lambda: tls.read(4096)).startswith(b"250")
        tls.write(b"DATA\r\n")
        tls.write((HEAD.format(mark=mark) + "x\r\n.\r\n").encode())
        assert step(s, lambda: tls.read(4096)).startswith(b"503")
    assert mark.encode() not in mailbox()


@pytest.mark.parametrize("ending", FALSE_ENDINGS.values(), ids=FALSE_ENDINGS)
def test_a_user_smuggles_nothing_to_the_next_server(site, sink, mark, ending):
    """SM-D20: the next server may take what we refuse for an end of data."""
    user = site.user("alice")
    plain = base64.b64encode(
        f"\0{user['name']}\0{user['password']}".encode()).decode()
    with Smtp(site.port("submissions"), tls=site.tls(),
              name=site.facts["host"]) as s:
        assert s.code(f"AUTH PLAIN {plain}") == 235
        s.envelope(sender="alice@agency.example", rcpt="x@other.test")
        assert s.code("DATA") == 354
        s.send(b"From: <alice@agency.example>\r\nSubject: %s\r\n\r\nx"
               % mark.encode() + ending + SMUGGLED.encode())
        codes = s.rest(3)
    assert codes[0] == 550 and codes[-1] == "closed"
    assert not sink.wait_for(lambda m: mark.encode() in m.body, 0.2)


def test_a_policy_refusal_leaves_nothing_for_the_next(site):
    """SM-D19: behind a refused message neither RCPT nor DATA is in place."""
    for _ in range(2):
        with Smtp(site.port("mx")).envelope() as s:
            assert s.data("No header here\r\n.\r\n")[0] == 550
            assert s.code("RCPT TO:<bob@agency.example>") == 503
            assert s.code("DATA") == 503
            assert s.ask(b"BDAT 2 LAST\r\nxx")[0] == 503


def test_after_a_refused_message_the_transaction_is_gone(site):
    virus = ("X5O!P%@AP[4\\PZX54(P^)7CC)7}$"
             "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")
    with Smtp(port(site)).envelope() as s:
        assert s.data(HEAD.format(mark="v") + virus + "\r\n.\r\n")[0] == 554
        assert s.code("RCPT TO:<alice@agency.example>") == 503
        assert s.code("DATA") == 503
        s.envelope()
        assert s.data(HEAD.format(mark="v") + virus + "\r\n.\r\n")[0] == 554


def test_a_million_octets_without_a_line_end(site):
    with Smtp(port(site)).envelope() as s:
        assert s.code("DATA") == 354
        s.send(b"From x Mon Jan 1" + b"a" * (1 << 20))
        codes = s.rest(5)
    assert codes[0] // 100 == 5 and codes[-1] == "closed"


def test_from_lines_come_through_unchanged(site, mark):
    body = "From here on\r\n>From there\r\nFrom x Mon Jan 1 00:00:00 2026\r\n"
    with Smtp(port(site)).envelope() as s:
        assert s.data(HEAD.format(mark=mark) + body + ".\r\n")[0] == 250
    with site.imap("alice") as i:
        i.select("INBOX")
        _, found = i.search(None, "SUBJECT", mark)
        _, data = i.fetch(found[0].split()[0], "(BODY.PEEK[TEXT])")
    assert data[0][1] == body.encode()


def test_dot_stuffing_is_undone_once(site, mark):
    with Smtp(port(site)).envelope() as s:
        assert s.data(HEAD.format(mark=mark) +
                      "..one\r\n...two\r\n.three\r\n.\r\n")[0] == 250
    with site.imap("alice") as i:
        i.select("INBOX")
        _, found = i.search(None, "SUBJECT", mark)
        _, data = i.fetch(found[0].split()[0], "(BODY.PEEK[TEXT])")
    assert data[0][1] == b".one\r\n..two\r\nthree\r\n"


@pytest.mark.parametrize("how", ["close", "half", "reset"])
def test_an_end_inside_the_data_stores_nothing(site, mailbox, mark, how):
    s = Smtp(port(site)).envelope()
    assert s.code("DATA") == 354
    s.send(HEAD.format(mark=mark) + "half a mess")
    if how == "half":
        s.socket.shutdown(socket.SHUT_WR)
        assert s.rest(5)[-1] == "closed"
    if how == "reset":
        s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            b"\1\0\0\0\0\0\0\0")
    s.socket.close()
    assert mark.encode() not in mailbox()


def test_a_message_larger_than_the_limit(site):
    with Smtp(port(site)) as s:
        assert s.code("MAIL FROM:<x@att.test> SIZE=9999999999") == 552
        assert s.code("MAIL FROM:<x@att.test> SIZE=1000") == 250
