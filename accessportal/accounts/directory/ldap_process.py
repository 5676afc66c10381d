"""LDAP in a process of its own, which is ended when its time is over.

libldap with GnuTLS, as Debian builds it, waits for ever for a server that takes an ldaps://
connection and stays silent, whatever time-out it was given (measured; 2.5.13). A thread
cannot be ended, a process can; and what parses the server's answers, in C, is not the web's
process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from typing import Any

from django.conf import settings

from accessportal.accounts.directory.configuration import LdapSettings
from accessportal.accounts.directory.people import (
    WRONG,
    DirectoryDown,
    DirectoryPerson,
    DirectoryRefused,
)

WHOLE_SECONDS = 15.0
# A configuration of this machine (ldap.conf, .ldaprc) must not weaken what we ask for.
ENVIRONMENT = {"LDAPNOINIT": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def check_password(of: LdapSettings, *, name: str, password: str) -> DirectoryPerson:
    """See `ldap_directory.check_password`."""
    answer = _ask(of, "check_password", name=name, password=password)
    return DirectoryPerson(**answer | {"groups": tuple(answer["groups"])})


def look_up(of: LdapSettings, name: str) -> DirectoryPerson | None:
    """See `ldap_directory.look_up`."""
    answer = _ask(of, "look_up", name=name)
    if answer is None:
        return None
    return DirectoryPerson(**answer | {"groups": tuple(answer["groups"])})


def facts(of: LdapSettings) -> dict[str, Any]:
    """See `ldap_directory.facts`."""
    answer: dict[str, Any] = _ask(of, "facts")
    return answer


def _ask(of: LdapSettings, call: str, **named: str) -> Any:
    """Have the question answered there. Passwords go through a pipe, never by the command line."""
    question = json.dumps({"settings": asdict(of), "call": call, "named": named})
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=question,
            capture_output=True,
            text=True,
            timeout=WHOLE_SECONDS,
            cwd=settings.BASE_DIR,
            env={"PATH": os.environ.get("PATH", ""), **ENVIRONMENT},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DirectoryDown(f"No answer within {WHOLE_SECONDS:.0f} seconds.") from None
    if done.returncode != 0:
        raise DirectoryDown(f"The LDAP client ended: {done.stderr.strip()[-300:]}")
    said = json.loads(done.stdout)
    if "down" in said:
        raise DirectoryDown(said["down"])
    if "refused" in said:
        raise DirectoryRefused(WRONG, said["refused"])
    return said["answer"]


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """The other side: call `ldap_directory`, and put what it says into words of JSON."""
    from accessportal.accounts.directory import ldap_directory

    of = LdapSettings(**question["settings"])
    try:
        found = getattr(ldap_directory, question["call"])(of, **question["named"])
    except DirectoryDown as error:
        return {"down": error.cause}
    except DirectoryRefused as error:
        return {"refused": error.cause}
    return {"answer": asdict(found) if isinstance(found, DirectoryPerson) else found}


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
