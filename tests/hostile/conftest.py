import re
import subprocess
import uuid

import pytest


@pytest.fixture
def mailbox(site):
    """The subjects in alice's INBOX, read anew at each call."""
    def subjects():
        with site.imap("alice") as i:
            i.select("INBOX", readonly=True)
            _, data = i.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
            text = b"".join(d[1] for d in data if isinstance(d, tuple))
            return re.findall(rb"(?im)^Subject: (.*?)\r$", text)
    return subjects


@pytest.fixture
def mark():
    """A subject nobody else uses."""
    return uuid.uuid4().hex


@pytest.fixture(autouse=True)
def nothing_died(request, site):
    """Whatever a test did, every process is still the one it was."""
    def stable():
        return {role: pids for role, pids in site.processes().items()
                if role != "imap"}

    before = stable()
    yield
    assert stable() == before
