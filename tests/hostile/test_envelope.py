"""Group EN of the attack catalogue: commands, paths, injection by address."""

import base64

import pytest

from tests.harness.raw import Smtp


@pytest.fixture
def session(site):
    with Smtp(site.port("mx")) as s:
        yield s


REFUSED_SENDERS = {
    "a shell": "MAIL FROM:<;for i in 0 1 2 3;do read r;done;sh;exit 0;>",
    "a NUL": b"MAIL FROM:<x@att.test>\0",
    "a NUL inside": b"MAIL FROM:<x\0@att.test>",
    "SIZE beyond 64 bits": "MAIL FROM:<x@att.test> SIZE=18446744073709551616",
    "SIZE negative": "MAIL FROM:<x@att.test> SIZE=-1",
    "SIZE twice": "MAIL FROM:<x@att.test> SIZE=1 SIZE=2",
    "SIZE empty": "MAIL FROM:<x@att.test> SIZE=",
    "unknown parameter": "MAIL FROM:<x@att.test> FOO=1",
    "8-bit without SMTPUTF8": "MAIL FROM:<дa@att.test>",
    "ENVID with a control": "MAIL FROM:<> ENVID=a+00b",
    "AUTH with a control": "MAIL FROM:<> AUTH=a+0Ab",
    "no bracket": "MAIL FROM:x@att.test",
    "blank inside": "MAIL FROM:< x@att.test >",
    "open bracket": "MAIL FROM:<x@att.test",
    "trailing text": "MAIL FROM:<x@att.test>y",
    "source route": "MAIL FROM:<@a.test,@b.test:x@att.test>",
    "comment": "MAIL FROM:<(any@leg.test>",
}


@pytest.mark.parametrize("command", REFUSED_SENDERS.values(),
                         ids=REFUSED_SENDERS)
def test_a_bad_sender_is_refused(session, command):
    assert session.code(command) // 100 == 5


# What must never be accepted from an unauthenticated outsider, the relay
# matrix of NC-2.1.5 among it.  L is agency.example, O is elsewhere.test.
REFUSED_RECIPIENTS = {
    "command substitution": '<"v$(id)"@agency.example>',
    "backticks": '<"v`id`"@agency.example>',
    "literal of loopback": "<alice@[127.0.0.1]>",
    "mapped literal": "<alice@[IPv6:::ffff:127.0.0.1]>",
    "no address": "<alice@[999.1.1.1]>",
    "colons": "<alice@[IPv6:" + ":" * 1000 + "]>",
    "trailing dot": "<alice@agency.example.>",
    "xtext with a control": "<alice@agency.example> ORCPT=rfc822;a+0Abcc:+20z@x",
    "..": "<..@agency.example>",
    ".": "<.@agency.example>",
    "a path": "<../../x@agency.example>",
    "an option": "<-rf@agency.example>",
    "a slash": "<a/b@agency.example>",
    "trailing blank": "<a @agency.example>",
    "65 octets": "<" + "a" * 65 + "@agency.example>",
    "percent": "<t%elsewhere.test@agency.example>",
    "percent at a literal": "<t%elsewhere.test@[127.0.0.1]>",
    "percent alone": "<t%elsewhere.test>",
    "quoted": '<"t@elsewhere.test">',
    "quoted at ours": '<"t@elsewhere.test"@agency.example>',
    "double at": "<t@elsewhere.test@agency.example>",
    "route": "<@agency.example:t@elsewhere.test>",
    "two routes": "<@agency.example,@x.test:t@elsewhere.test>",
    "bang": "<elsewhere.test!t>",
    "bang at ours": "<elsewhere.test!t@agency.example>",
    "other domain": "<t@elsewhere.test>",
    "subdomain": "<alice@sub.agency.example>",
    "prefix": "<alice@xagency.example>",
    "suffix": "<alice@agency.example.elsewhere.test>",
    "bare address": "<t@198.51.100.7>",
    "no brackets": "t@elsewhere.test",
    "list": "<alice@agency.example,t@elsewhere.test>",
    "two paths": "<alice@agency.example> <t@elsewhere.test>",
    "escaped at": "<alice@elsewhere.test\\@agency.example>",
    "pipe": "<|/bin/true@agency.example>",
    "quoted pipe": '<"|/bin/true"@agency.example>',
    "file": "</tmp/x@agency.example>",
    "wide at": "<alice＠agency.example>",
    "encoded word": "<=?utf-8?Q?alice?=@agency.example>",
    "tab": "<alice\t@agency.example>",
    "1,000 octets": "<" + "a" * 1000 + "@agency.example>",
    "empty": "<>",
    "null": "",
    "no such folder": "<alice+../../x@agency.example.>",
}


@pytest.mark.parametrize("path", REFUSED_RECIPIENTS.values(),
                         ids=REFUSED_RECIPIENTS)
def test_a_bad_or_foreign_recipient_is_refused(session, path):
    assert session.code("MAIL FROM:<x@att.test>") == 250
    assert session.code(f"RCPT TO:{path}") // 100 == 5
    assert session.code("DATA") == 503


# The same with SMTPUTF8: what looks like ours is not, and nothing is mapped.
LOOKALIKES = {
    "a Cyrillic letter in the domain": "<alice@\u0430gency.example>",
    "its A-label": "<alice@xn--gency-3ve.example>",
    "a Cyrillic letter in the name": "<\u0430lice@agency.example>",
    "full-width letters": "<alice@\uff41gency.example>",
    "a full-width dot": "<alice@agency\uff0eexample>",
    "an ideographic dot": "<alice@agency\u3002example>",
    "a full-width at sign": "<alice\uff20agency.example>",
    "a zero-width blank": "<alice@agency\u200b.example>",
    "text that runs backwards": "<alice@\u202eelpmaxe.ycnega>",
    "a soft hyphen": "<alice@agen\u00adcy.example>",
    "a control beyond ASCII": "<al\u0085ice@agency.example>",
    "a U-label elsewhere": "<t@b\u00fccher.test>",
}


@pytest.mark.parametrize("path", LOOKALIKES.values(), ids=LOOKALIKES)
def test_an_international_recipient_opens_nothing(session, path):
    assert session.code("MAIL FROM:<\u0434@att.test> SMTPUTF8") == 250
    assert session.code(f"RCPT TO:{path}") // 100 == 5
    assert session.code("DATA") == 503


def test_octets_that_are_no_utf8(session):
    assert session.ask(b"MAIL FROM:<\xd0@att.test> SMTPUTF8")[0] == 501
    assert session.ask(b"MAIL FROM:<a@b\xfc.test> SMTPUTF8")[0] == 501
    assert session.ask(b"MAIL FROM:<\xc0\xaf@att.test> SMTPUTF8")[0] == 501


def test_a_hundred_recipients_and_no_more(session):
    """DO-D06; RFC 5321 section 4.5.3.1.10: those that were taken stay."""
    assert session.code("MAIL FROM:<x@att.test>") == 250
    session.send("RCPT TO:<alice@agency.example>\r\n" * 150)
    codes = [session.reply()[0] for _ in range(150)]
    assert codes == [250] * 100 + [452] * 50
    assert session.data("From: <x@att.test>\r\n\r\nhi\r\n.\r\n")[0] == 250


@pytest.mark.parametrize("sender", ["", "alice@agency.example",
                                    "x@localhost", "x@mail.agency.example"])
@pytest.mark.parametrize("ehlo", ["agency.example", "localhost", "[127.0.0.1]"])
def test_no_identity_opens_the_relay(site, sender, ehlo):
    with Smtp(site.port("mx"), ehlo=ehlo) as s:
        if s.code(f"MAIL FROM:<{sender}>") == 250:
            assert s.code("RCPT TO:<t@elsewhere.test>") == 550


@pytest.mark.parametrize("path", [
    "<alice@AGENCY.EXAMPLE>", "<ALICE@agency.example>", '<"alice"@agency.example>',
    '<"a\\lice"@agency.example>', "<postmaster>", "<POSTMASTER>",
    "<postmaster@agency.example>", "<abuse@agency.example>"])
def test_one_mailbox_by_every_spelling(session, path):
    assert session.code("MAIL FROM:<x@att.test>") == 250
    assert session.code(f"RCPT TO:{path}") == 250


@pytest.mark.parametrize("argument", [b"a\0b", b"a\x01b", b"a\x7fb", b""])
def test_a_control_in_ehlo(site, argument):
    with Smtp(site.port("mx"), ehlo=None) as s:
        code, _ = s.ask(b"EHLO " + argument)
        assert code // 100 == 5


def test_html_in_ehlo_is_logged_in_one_line(site):
    with Smtp(site.port("mx"), ehlo=None) as s:
        assert s.code("EHLO <script>alert(1)</script>") in (250, 501)
    site.log_rows()  # every line parses


def test_a_line_without_an_end(site):
    with Smtp(site.port("mx")) as s:
        s.send(b"MAIL FROM:<" + b"a" * 100_000)
        codes = s.rest(5)
    assert codes[0] // 100 == 5 and codes[-1] == "closed"


def test_vrfy_expn_and_help_say_nothing(session):
    answers = {session.ask(f"VRFY {who}") for who in
               ("root", "alice", "alice@agency.example", "nosuch")}
    assert len(answers) == 1 and answers.pop()[0] == 252
    assert session.code("EXPN staff") == 502
    assert session.ask("HELP")[1].count(b"\n") == 0


@pytest.mark.parametrize("verb", [
    "ETRN x", "ATRN", "TURN", "SEND FROM:<x@att.test>", "SOML FROM:<x@att.test>",
    "SAML FROM:<x@att.test>", "DEBUG", "WIZ", "XCLIENT ADDR=127.0.0.1",
    "XFORWARD ADDR=127.0.0.1", "XEXCH50 1 2", "BURL imap://x", "AUTH PLAIN",
    "AUTH PLAIN AGEAYg==", "MAILX FROM:<x@att.test>", "PROXY TCP4 1 2 3 4"])
def test_other_verbs_are_refused(session, verb):
    assert session.code(verb) in (500, 502)


def test_twenty_bad_commands_end_the_session(session):
    codes = []
    for _ in range(20):
        codes.append(session.code("FOO"))
        if codes[-1] in (0, 421):
            break
    assert codes[-1] in (0, 421) and len(codes) <= 10


def test_unknown_recipients_end_the_session(session):
    assert session.code("MAIL FROM:<x@att.test>") == 250
    codes = []
    for i in range(60):
        codes.append(session.code(f"RCPT TO:<user{i}@agency.example>"))
        if codes[-1] in (0, 421):
            break
    assert codes[-1] in (0, 421) and len(codes) < 25


@pytest.mark.parametrize("name", ["u\r\nset k 0 0 1\r\nx", "u\x01", "u\x7f",
                                  "alice\n"])
def test_a_control_in_a_login_reaches_nobody(site, name):
    """EN-D14: controls are refused before anybody is looked up."""
    plain = base64.b64encode(f"\0{name}\0secret".encode()).decode()
    with Smtp(site.port("submissions"), tls=site.tls(),
              name=site.facts["host"]) as s:
        assert s.code(f"AUTH PLAIN {plain}") in (501, 535)
        assert s.code("MAIL FROM:<alice@agency.example>") == 530


def test_a_thousand_pipelined_commands(session):
    session.send("NOOP\r\nRSET\r\n" * 500)
    codes = session.rest(2)
    assert set(codes) <= {250, 421, "closed"}
