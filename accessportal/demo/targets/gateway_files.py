"""The files on the plant gateway and the shell that greets a visitor."""

from __future__ import annotations

import os
import pwd
import shlex
from pathlib import Path

LOG = """\
05:58:02 gw1 link: eth1 (cell network L3) up, 100 Mbit/s full duplex
05:58:04 gw1 opcua: connected to FM-3 (10.20.3.11), 412 items
05:58:04 gw1 opcua: connected to CP-3 (10.20.3.12), 96 items
05:58:05 gw1 opcua: connected to LB-3 (10.20.3.13), 74 items
06:00:00 gw1 historian: spool 0 records, 14 d free
06:14:37 gw1 opcua: CP-3 answered late (1 840 ms)
06:14:39 gw1 opcua: CP-3 recovered
06:30:00 gw1 historian: 21 600 records sent
06:42:11 gw1 ntp: offset -0.8 ms, stratum 3
"""
RECIPES = {
    "R-101_apple_050.csv": (
        "parameter,unit,value\nfill_volume,ml,502.0\nfill_temperature,C,4.2\n"
        "co2,g/l,5.4\ncap_torque,Nm,1.65\nspeed_max,bottles/h,18000\n"
    ),
    "R-104_water_100.csv": (
        "parameter,unit,value\nfill_volume,ml,1003.5\nfill_temperature,C,6.0\n"
        "co2,g/l,0.0\ncap_torque,Nm,1.70\nspeed_max,bottles/h,14400\n"
    ),
    "R-118_lemon_033.csv": (
        "parameter,unit,value\nfill_volume,ml,331.2\nfill_temperature,C,4.0\n"
        "co2,g/l,6.1\ncap_torque,Nm,1.60\nspeed_max,bottles/h,24000\n"
    ),
}
NETWORK = """\
# cell network of filling line 3
FM-3   10.20.3.11   filler        opc.tcp 4840
CP-3   10.20.3.12   capper        telnet 23, opc.tcp 4840
LB-3   10.20.3.13   labeller      opc.tcp 4840
HMI-3  10.20.3.20   operator panel  vnc 5900
"""
GREETING = """\

  Plant gateway GW-1                                     Plant North, Hall B
  Filling line 3 cell network, historian buffer, recipe store

  Type  help  for what is here.
"""
SHELL_SETTINGS = r"""
PS1='\[\e[1;36m\]gw1\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ '
unset HISTFILE
help() {
  cat <<'END'
  status            links and services of the gateway
  ls recipes        recipes, one file each;  cat recipes/R-101_apple_050.csv
  less logs/gateway.log
  cat network.txt   who is who on the cell network
  exit              leave
END
}
status() {
  printf '%-12s %-8s %s\n' LINK STATE SINCE
  printf '%-12s %-8s %s\n' FM-3 up 05:58:04 CP-3 up 06:14:39 LB-3 up 05:58:05
  printf '\n%s records in the historian spool, %s free\n' 0 '14 days'
}
cat greeting.txt
"""


def write_gateway(work: Path, private: Path, owner: pwd.struct_passwd | None) -> str:
    """Write the gateway's files where they are missing; returns the forced command.

    ``owner`` is whom the shell becomes before it reads a key; None keeps the login user.
    """
    contents = {
        "greeting.txt": GREETING,
        "network.txt": NETWORK,
        "logs/gateway.log": LOG,
        ".gatewayrc": SHELL_SETTINGS,
        **{f"recipes/{name}": text for name, text in RECIPES.items()},
    }
    for name, text in contents.items():
        path = work / name
        path.parent.mkdir(exist_ok=True)
        # A visitor's own changes stay; what the shell itself needs is always ours.
        if not path.exists() or name == ".gatewayrc":
            path.write_text(text, encoding="utf-8")
    if owner is not None:
        for path in (work, *work.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
    script = private / "gateway-shell"
    script.write_text(_script(work, owner), encoding="utf-8")
    script.chmod(0o700)
    return str(script)


def _script(work: Path, owner: pwd.struct_passwd | None) -> str:
    place = shlex.quote(str(work))
    become = ""
    if owner is not None:
        become = (
            f"setpriv --reuid={owner.pw_uid} --regid={owner.pw_gid} --clear-groups "
            "--no-new-privs --inh-caps=-all --bounding-set=-all "
        )
    clean = (
        f'{become}env -i HOME={place} PATH=/usr/local/bin:/usr/bin:/bin TERM="${{TERM:-linux}}" '
        "LANG=C.UTF-8 USER=service"
    )
    own_terminal = (
        f'tty=$(tty) && chown {owner.pw_uid} "$tty"\n' if owner is not None else ""
    )
    return (
        "#!/bin/bash\n"
        f"cd {place} || exit 1\n"
        f"{own_terminal}"
        'if [ -n "$SSH_ORIGINAL_COMMAND" ]; then\n'
        f'  exec {clean} bash --norc -c "$SSH_ORIGINAL_COMMAND"\n'
        "fi\n"
        f"exec {clean} bash --noprofile --rcfile {place}/.gatewayrc -i\n"
    )
