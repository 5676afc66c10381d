"""The filling line's operator panel, over VNC."""

from __future__ import annotations

from .display import show_screen, start_display
from .facts import TargetFacts
from .secret_store import (
    VNC_PASSWORD_LENGTH,
    make_password,
    vnc_password_file,
    write_private,
)
from .target import Target
from .waiting import answers, wait_until


class VncTarget(Target):
    """Xvnc is display and VNC server in one; it wants the password of VNC authentication."""

    key = "vnc"
    asset = "Filling line 3"
    protocol = "vnc"

    def start(self, port: int) -> TargetFacts:
        password = self.secrets.get(
            "vnc_password", lambda: make_password(VNC_PASSWORD_LENGTH)
        )
        password_file = self.directory / "password"
        write_private(password_file, vnc_password_file(password))
        display = start_display(
            self.nursery,
            self.asset,
            self.directory,
            rfb_port=port,
            password_file=password_file,
        )
        self.children.append(display.server)
        screen, state = show_screen(
            self.nursery,
            self.asset,
            "filling",
            display,
            self.directory,
            clock_offset=self.clock_offset,
        )
        self.children.append(screen)
        wait_until(
            "the VNC greeting", display.server, lambda: answers(port, b"RFB 003.")
        )
        return TargetFacts(
            key=self.key,
            asset=self.asset,
            protocol=self.protocol,
            port=port,
            password=password,
            state_path=str(state),
            display=f":{display.number}",
            x_authority=str(display.authority),
        )
