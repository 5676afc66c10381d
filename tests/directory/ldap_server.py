"""A real LDAP server (OpenLDAP's slapd) for the tests: new, on loopback, then gone."""

from __future__ import annotations

import datetime
import ipaddress
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ldap
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from accessportal.accounts.directory.configuration import LdapSettings
from accessportal.launcher.ports import accepts, free_port
from accessportal.launcher.system import find

BASE = "dc=plant,dc=example"
ADMIN = f"cn=admin,{BASE}"
SERVICE = f"cn=portal,ou=services,{BASE}"
SECRET = "secret of the tests"

# `allow bind_anon_cred`: a server that says yes to an empty password, as some still do.
CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {place}/slapd.pid
allow bind_anon_cred
TLSCACertificateFile {place}/certificate.pem
TLSCertificateFile {place}/certificate.pem
TLSCertificateKeyFile {place}/key.pem
database mdb
suffix "{base}"
rootdn "{admin}"
rootpw "{secret}"
directory {place}/data
dbnosync
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{service}" read by * none
"""

PEOPLE = {
    "olga": ("Olga Olsen", "olga.olsen@example.test"),
    "omar": ("Omar Ortega", "omar.ortega@example.test"),
    "nina": ("Nina New", "nina.new@example.test"),
    "vera": ("Vera Vogt", "vera.vogt@example.test"),
    "twin1": ("Twin", "twin@example.test"),
    "twin2": ("Twin", "twin@example.test"),
    # What a careless filter would trip over.
    "o(m)a*r\\": ("Odd Name", "odd@example.test"),
}
# Groups in groups, and two that contain each other.
GROUPS = {
    "ot-north": ["uid=olga,ou=people", "uid=nina,ou=people"],
    "everybody": ["cn=ot-north,ou=groups"],
    "loop-a": ["cn=loop-b,ou=groups", "uid=olga,ou=people"],
    "loop-b": ["cn=loop-a,ou=groups"],
    "canteen": ["uid=omar,ou=people"],
}


@dataclass
class Server:
    url: str
    tls_url: str
    certificate: Path

    def settings(self, **changed: Any) -> LdapSettings:
        """How the portal is told of it."""
        values: dict[str, Any] = {
            "url": self.url,
            "base": BASE,
            "bind_dn": SERVICE,
            "bind_password": SECRET,
            "ca_file": str(self.certificate),
        }
        return LdapSettings(**values | changed)

    def change_group(self, group: str, *members: str) -> None:
        """Set who is in a group, as the plant's administrators would."""
        connection = ldap.initialize(self.url)
        connection.simple_bind_s(ADMIN, SECRET)
        values = [f"{member},{BASE}".encode() for member in members]
        connection.modify_s(
            f"cn={group},ou=groups,{BASE}", [(ldap.MOD_REPLACE, "member", values)]
        )
        connection.unbind_s()


@contextmanager
def running_server(place: Path) -> Iterator[Server]:
    (place / "data").mkdir()
    make_certificate(place)
    config = place / "slapd.conf"
    words = {"place": place, "base": BASE, "admin": ADMIN}
    config.write_text(CONFIG.format(**words, secret=SECRET, service=SERVICE))
    slapd = find("slapd")
    assert slapd is not None, "slapd is not installed: ./portal setup test"
    subprocess.run(
        [slapd, "-T", "add", "-f", config, "-q"], input=ldif(), text=True, check=True
    )
    port, tls_port = free_port(0), free_port(0)
    server = Server(
        f"ldap://127.0.0.1:{port}",
        f"ldaps://127.0.0.1:{tls_port}",
        place / "certificate.pem",
    )
    process = subprocess.Popen(
        [slapd, "-d", "0", "-f", config, "-h", f"{server.url} {server.tls_url}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert accepts("127.0.0.1", port, within_seconds=30), "slapd did not start"
        yield server
    finally:
        process.terminate()
        process.wait(10)


def ldif() -> str:
    """The directory of the tests; the distinguished names are escaped as LDAP wants."""
    entries = [
        f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: plant\no: Plant",
        *(
            f"dn: ou={unit},{BASE}\nobjectClass: organizationalUnit\nou: {unit}"
            for unit in ("people", "groups", "services")
        ),
        f"dn: {SERVICE}\nobjectClass: organizationalRole\n"
        f"objectClass: simpleSecurityObject\ncn: portal\nuserPassword: {SECRET}",
    ]
    for name, (full_name, mail) in PEOPLE.items():
        entries.append(
            f"dn: uid={ldap.dn.escape_dn_chars(name)},ou=people,{BASE}\n"
            f"objectClass: inetOrgPerson\nuid: {name}\ncn: {full_name}\n"
            f"sn: {full_name.split()[-1]}\nmail: {mail}\nuserPassword: {name} of the plant"
        )
    for group, members in GROUPS.items():
        lines = [f"member: {member},{BASE}" for member in members]
        entries.append(
            f"dn: cn={group},ou=groups,{BASE}\nobjectClass: groupOfNames\ncn: {group}\n"
            + "\n".join(lines)
        )
    return "\n\n".join(entries) + "\n"


def make_certificate(place: Path) -> None:
    """A certificate of its own authority for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "Directory of the tests")]
    )
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (place / "certificate.pem").write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
    )
    (place / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
