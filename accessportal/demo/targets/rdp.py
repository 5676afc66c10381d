"""The palletiser's engineering station, over RDP."""

from __future__ import annotations

from .display import show_screen, start_display
from .facts import LOOPBACK, TargetFacts
from .ntlm import sam_line
from .process import find_program
from .secret_store import make_password, write_private
from .target import Target
from .waiting import answers, wait_until

USERNAME = "engineer"
# X.224 connection request that offers TLS and CredSSP, and the start of any answer.
CONNECTION_REQUEST = bytes.fromhex("030000130ee000000000000100080003000000")
CONNECTION_ANSWER = b"\x03\x00"


class RdpTarget(Target):
    """freerdp-shadow-cli serves an X display.

    Network level authentication against our own account file proves the password; the
    server's ``/auth`` would ask PAM instead, which knows no demo user.
    """

    key = "rdp"
    asset = "Palletiser 2"
    protocol = "rdp"

    def start(self, port: int) -> TargetFacts:
        server = find_program(self.asset, "freerdp-shadow-cli", "freerdp2-shadow-x11")
        password = self.secrets.get("rdp_password", make_password)
        accounts = self.directory / "accounts"
        write_private(accounts, sam_line(USERNAME, password).encode())
        display = start_display(self.nursery, self.asset, self.directory)
        self.children.append(display.server)
        screen, state = show_screen(
            self.nursery,
            self.asset,
            "packaging",
            display,
            self.directory,
            clock_offset=self.clock_offset,
        )
        self.children.append(screen)
        shadow = self.nursery.spawn(
            self.asset,
            [
                server,
                f"/port:{port}",
                f"/bind-address:{LOOPBACK}",
                "/sec:nla",
                f"/sam-file:{accounts}",
            ],
            log=self.directory / "rdp.log",
            directory=self.directory,
            # It keeps its certificate under the home directory.
            environment={**display.environment, "HOME": str(self.directory)},
        )
        self.children.append(shadow)
        wait_until(
            "the RDP answer",
            shadow,
            lambda: answers(port, CONNECTION_ANSWER, say=CONNECTION_REQUEST),
        )
        return TargetFacts(
            key=self.key,
            asset=self.asset,
            protocol=self.protocol,
            port=port,
            username=USERNAME,
            password=password,
            state_path=str(state),
            display=f":{display.number}",
            x_authority=str(display.authority),
        )
