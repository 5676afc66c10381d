"""The plant gateway, over SSH."""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from .errors import TargetFailed
from .facts import LOOPBACK, TargetFacts
from .gateway_files import write_gateway
from .process import find_program
from .secret_store import (
    make_host_key,
    make_rsa_key,
    openssh_public_line,
    write_private,
)
from .target import Target
from .waiting import answers, wait_until

logger = logging.getLogger(__name__)

UNPRIVILEGED = "nobody"
TTY_GROUP = 5

CONFIGURATION = """\
ListenAddress {host}:{port}
AddressFamily inet
HostKey {directory}/host_key
PidFile none
AuthorizedKeysFile {directory}/authorized_keys
StrictModes no
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
# guacd 1.3 signs with SHA-1.
PubkeyAcceptedAlgorithms +ssh-rsa
PermitRootLogin prohibit-password
AllowUsers {username}
UsePAM {use_pam}
DisableForwarding yes
PermitUserRC no
PrintMotd no
PrintLastLog no
UseDNS no
MaxStartups 200
ClientAliveInterval 30
# One level deep already: bash then leaves the login user's own ~/.bashrc alone.
SetEnv SHLVL=1
ForceCommand {shell}
"""


class SshTarget(Target):
    """An sshd of its own: own host key, one authorised key, one command.

    It logs in as whoever runs the demo. Where that is root, the shell behind it gives the
    privileges up and runs as nobody.
    """

    key = "ssh"
    asset = "Plant gateway GW-1"
    protocol = "ssh"
    _borrowed: Path | None = None

    def start(self, port: int) -> TargetFacts:
        sshd = find_program(self.asset, "sshd", "openssh-server")
        if not _terminals_open():
            logger.warning(
                "%s: /dev/pts is mounted without gid=5, so sessions on it get no "
                "terminal unless the demo is started by root.",
                self.asset,
            )
        username = _own_name(self.asset)
        work = self._working_directory()
        shell = write_gateway(work, self.directory, _shell_owner())
        host_key = self.secrets.get("ssh_host_key", make_host_key)
        private_key = self.secrets.get("ssh_private_key", make_rsa_key)
        write_private(self.directory / "host_key", host_key.encode())
        public_line = openssh_public_line(private_key)
        write_private(self.directory / "authorized_keys", f"{public_line}\n".encode())
        configuration = self.directory / "sshd_config"
        configuration.write_text(
            CONFIGURATION.format(
                host=LOOPBACK,
                port=port,
                directory=self.directory,
                username=username,
                use_pam="yes" if _root_is_locked() else "no",
                shell=shell,
            ),
            encoding="utf-8",
        )
        if os.geteuid() == 0:
            # Where sshd was installed but never started by the system, its empty
            # directory for the unprivileged half is not there.
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        command = [sshd, "-D", "-e", "-f", str(configuration)]
        command += _newer_options(sshd, configuration)
        server = self.nursery.spawn(
            self.asset,
            command,
            log=self.directory / "sshd.log",
            directory=self.directory,
            # Some machines mount /dev/pts without gid=5: terminals then only open for
            # a process that is in that group.
            groups=(TTY_GROUP,) if os.geteuid() == 0 else (),
        )
        self.children.append(server)
        wait_until("the SSH greeting", server, lambda: answers(port, b"SSH-2.0"))
        return TargetFacts(
            key=self.key,
            asset=self.asset,
            protocol=self.protocol,
            port=port,
            username=username,
            private_key=private_key,
            host_key=f"[{LOOPBACK}]:{port} {openssh_public_line(host_key)}",
            working_directory=str(work),
        )

    def stop(self) -> None:
        super().stop()
        if self._borrowed is not None:
            shutil.rmtree(self._borrowed, ignore_errors=True)
            self._borrowed = None

    def _working_directory(self) -> Path:
        """Where commands run: ours, or a temporary one where nobody could not get at it."""
        inside = self.directory / "gateway"
        if os.geteuid() != 0 or _reachable_by_others(self.directory.parent):
            inside.mkdir(exist_ok=True)
            # The other files in here are for nobody to read; passing through is enough.
            self.directory.chmod(0o711)
            return inside
        self._borrowed = Path(tempfile.mkdtemp(prefix="plant-gateway-"))
        return self._borrowed


def _own_name(target: str) -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise TargetFailed(
            target, f"the user id {os.geteuid()} has no name in /etc/passwd"
        ) from None


def _shell_owner() -> pwd.struct_passwd | None:
    """Whom the shell becomes; None when it stays who it is."""
    return pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else None


def _terminals_open() -> bool:
    """Whether sshd can give a terminal away: it must belong to the group tty."""
    if os.geteuid() == 0 or TTY_GROUP in os.getgroups():
        return True
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, place, kind, options, *_ = line.split()
        if place == "/dev/pts" and kind == "devpts":
            return f"gid={TTY_GROUP}" in options.split(",")
    return True


def _reachable_by_others(directory: Path) -> bool:
    return all(
        step.stat().st_mode & stat.S_IXOTH for step in (directory, *directory.parents)
    )


def _root_is_locked() -> bool:
    """Without PAM, sshd refuses an account whose password field starts with ``!``."""
    if os.geteuid() != 0:
        return False
    name = pwd.getpwuid(0).pw_name
    for line in Path("/etc/shadow").read_text(encoding="utf-8").splitlines():
        fields = line.split(":")
        if fields[0] == name:
            return fields[1].startswith("!")
    return False


def _newer_options(sshd: str, configuration: Path) -> list[str]:
    """OpenSSH 9.8 shuts out an address after wrong keys; guacd's is the only one here."""
    option = ["-o", "PerSourcePenalties=no"]
    trial = subprocess.run(  # noqa: S603 - fixed program
        [sshd, "-t", "-f", str(configuration), *option],
        capture_output=True,
        check=False,
    )
    return option if trial.returncode == 0 else []
