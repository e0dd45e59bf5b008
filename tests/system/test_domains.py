"""NC-2.1.6: a represented domain is one in every spelling, and no other is."""

import pytest

from tests.harness.raw import Smtp
from tests.harness.site import Site

DOMAIN = "xn--bcher-kva.example"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("domains") / "demo")
    site.start()
    settings = site.directory / "posthold.conf"
    settings.write_text(settings.read_text().replace(
        "agency.example\n", f"agency.example\ndomain {DOMAIN}\n", 1))
    assert DOMAIN in settings.read_text()
    assert site.run("reload").returncode == 0
    yield site
    assert site.stop() == 0, site.output()


@pytest.mark.parametrize("domain, code", [
    (DOMAIN, 250), (DOMAIN.upper(), 250), ("bücher.example", 250),
    ("Bücher.example", 250),  # ASCII has no case in a domain
    ("agency.example", 250), ("bucher.example", 550),
    ("sub.bücher.example", 550), ("bücher.example.test", 550),
    ("bücher.example.", 501), ("BÜCHER.example", 501),
    ("bu\u0308cher.example", 550),  # not composed: another name
    ("xn--99999999.example", 501)])
def test_a_domain_is_one_in_every_spelling(own, domain, code):
    with Smtp(own.port("mx")) as s:
        assert s.code("MAIL FROM:<x@att.test> SMTPUTF8") == 250
        assert s.code(f"RCPT TO:<postmaster@{domain}>") == code


def test_a_u_label_needs_smtputf8(own):
    with Smtp(own.port("mx")) as s:
        assert s.code("MAIL FROM:<x@att.test>") == 250
        assert s.code("RCPT TO:<postmaster@bücher.example>") == 553
        assert s.code(f"RCPT TO:<postmaster@{DOMAIN}>") == 250


def test_a_domain_that_nobody_can_have_is_refused(own):
    settings = own.directory / "posthold.conf"
    good = settings.read_text()
    settings.write_text(good.replace(DOMAIN, "xn--n3h.example"))
    refused = own.run("reload")
    assert refused.returncode != 0 and "xn--" in refused.stderr
    settings.write_text(good)
    assert own.run("reload").returncode == 0
