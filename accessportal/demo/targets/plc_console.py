"""A controller's telnet console: login, then STATUS, READ DB10, TAGS, ALARMS, SET, LOGOUT.

Runs by itself with the standard library only. It speaks as much telnet (RFC 854, 857, 858)
as a terminal in character mode needs: the server echoes, the client's answers are skipped.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import json
import math
import os
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
ECHO, SUPPRESS_GO_AHEAD = 1, 3
GREETING = bytes([IAC, WILL, ECHO, IAC, WILL, SUPPRESS_GO_AHEAD])
BACKSPACES, CONTROL_C, CONTROL_D, CONTROL_U = (8, 127), 3, 4, 21
LINE_LIMIT = 200
LOGIN_ATTEMPTS = 3
LOGIN_SECONDS, IDLE_SECONDS = 60, 3600
BANNER = """
  CP-3  CAPPER CONTROLLER          firmware 2.17.4
  Filling line 3, Plant North      station 12
"""
HELP = """
  STATUS            operating state, cycle time, scan counter
  TAGS              process values
  READ DB10         data block 10 as it is in memory
  ALARMS            alarm buffer
  SET TAG VALUE     change a set-point (TORQUE_SP, SPEED_SP)
  HELP              this list
  LOGOUT            leave
"""
ALARMS = """
  NO   TIME      CLASS     TEXT
  041  04:34:10  warning   Head 2: cap feed slow
  042  06:40:52  fault     Head 7: torque high, 1 bottle rejected
  043  06:41:20  cleared   Head 7: torque back in range
"""
LIMITS = {"TORQUE_SP": (1.20, 2.20, "Nm"), "SPEED_SP": (6000.0, 24000.0, "b/h")}


@dataclass
class Controller:
    """The machine behind the console, shared by everybody who is logged in."""

    state_path: Path
    started: float = field(default_factory=time.monotonic)
    set_points: dict[str, float] = field(
        default_factory=lambda: {"TORQUE_SP": 1.65, "SPEED_SP": 12000.0}
    )
    commands: list[dict[str, object]] = field(default_factory=list)
    logins: int = 0

    def write(self) -> None:
        state = {
            "written_at": time.time(),
            "logins": self.logins,
            "set_points": self.set_points,
            "commands": self.commands[-100:],
        }
        unfinished = self.state_path.with_suffix(".part")
        unfinished.write_text(json.dumps(state), encoding="utf-8")
        os.replace(unfinished, self.state_path)

    def values(self) -> list[tuple[str, float, str]]:
        seconds = time.monotonic() - self.started
        return [
            (
                "TORQUE_PV",
                self.set_points["TORQUE_SP"] + 0.04 * math.sin(seconds / 3),
                "Nm",
            ),
            ("TORQUE_SP", self.set_points["TORQUE_SP"], "Nm"),
            (
                "SPEED_PV",
                self.set_points["SPEED_SP"] * 0.985 + 40 * math.sin(seconds),
                "b/h",
            ),
            ("SPEED_SP", self.set_points["SPEED_SP"], "b/h"),
            ("CAP_LEVEL", 62 - (seconds / 30) % 40, "%"),
            ("AIR_PRESSURE", 6.1 + 0.05 * math.sin(seconds / 7), "bar"),
            ("BOTTLES", 48213 + seconds * self.set_points["SPEED_SP"] / 3600, "pcs"),
        ]

    def run(self, line: str) -> str:
        """The answer to one command line."""
        self.commands.append({"at": time.time(), "line": line})
        words = line.upper().split()
        answer = self._answer(words)
        self.write()
        return answer

    def _answer(self, words: list[str]) -> str:
        verbs: dict[str, Callable[[], str]] = {
            "STATUS": self._status,
            "TAGS": self._tags,
            "ALARMS": lambda: ALARMS,
            "HELP": lambda: HELP,
            "?": lambda: HELP,
        }
        if words[0] in verbs and len(words) == 1:
            return verbs[words[0]]()
        if words[0] == "READ":
            return self._read(words[1:])
        if words[0] == "SET":
            return self._set(words[1:])
        return f"  ?  {words[0][:20]} is not a command here. Type HELP."

    def _status(self) -> str:
        seconds = int(time.monotonic() - self.started)
        return (
            "\n  MODE          RUN\n"
            f"  CYCLE         {4.0 + (seconds % 7) / 10:.1f} ms (max 9.8 ms)\n"
            f"  SCAN          {51840000 + seconds * 240}\n"
            f"  UP            {seconds // 3600} h {seconds // 60 % 60:02} min\n"
            "  E-STOP CHAIN  closed\n"
            "  FORCES        none\n"
        )

    def _tags(self) -> str:
        rows = [
            f"  {name:<14}{value:>12.2f} {unit}" for name, value, unit in self.values()
        ]
        return "\n" + "\n".join(rows) + "\n"

    def _read(self, words: list[str]) -> str:
        if words != ["DB10"]:
            return "  ?  Only DB10 is released for reading. Type READ DB10."
        memory = b"".join(struct.pack(">f", value) for _, value, _ in self.values())
        memory += struct.pack(">I", int(time.monotonic() - self.started)) + bytes(32)
        rows = [
            f"  DB10.{at:04d}  {memory[at : at + 8].hex(' ')}  {memory[at + 8 : at + 16].hex(' ')}"
            for at in range(0, 64, 16)
        ]
        return "\n" + "\n".join(rows) + "\n"

    def _set(self, words: list[str]) -> str:
        if len(words) != 2 or words[0] not in LIMITS:
            return "  ?  SET TORQUE_SP 1.70   or   SET SPEED_SP 14400"
        low, high, unit = LIMITS[words[0]]
        try:
            value = float(words[1])
        except ValueError:
            return f"  ?  {words[1][:20]} is not a number."
        if not low <= value <= high:
            return f"  ?  {words[0]} must be between {low:g} and {high:g} {unit}."
        self.set_points[words[0]] = value
        return f"  OK  {words[0]} = {value:g} {unit}"


class Line:
    """Reads lines from a character-mode terminal, echoing unless told not to."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._after_return = False

    def say(self, text: str) -> None:
        self._writer.write(text.replace("\n", "\r\n").encode("utf-8", "replace"))

    async def ask(
        self, prompt: str, *, echo: bool = True, seconds: float
    ) -> str | None:
        """The line typed, None when the peer left (or pressed Ctrl-D) or said nothing."""
        self.say(prompt)
        await self._writer.drain()
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._line(echo), seconds)
        return None

    async def _line(self, echo: bool) -> str | None:
        typed = bytearray()
        while (byte := await self._byte()) is not None:
            if self._after_return and byte in (0, 10):
                self._after_return = False
                continue
            self._after_return = byte == 13
            if byte in (10, 13):
                self._echo(b"\r\n")
                return typed.decode("utf-8", "replace")
            if byte == CONTROL_D and not typed:
                return None
            if byte == CONTROL_C:
                self._echo(b"^C\r\n")
                return ""
            if byte == CONTROL_U:
                self._echo(b"\b \b" * len(typed) if echo else b"")
                typed.clear()
            elif byte in BACKSPACES:
                if typed:
                    typed.pop()
                    self._echo(b"\b \b" if echo else b"")
            elif byte >= 32 and len(typed) < LINE_LIMIT:
                typed.append(byte)
                self._echo(bytes([byte]) if echo else b"")
        return None

    def _echo(self, what: bytes) -> None:
        self._writer.write(what)

    async def _byte(self) -> int | None:
        """The next byte of data; telnet commands are read over."""
        while data := await self._reader.read(1):
            if data[0] != IAC:
                return data[0]
            command = await self._reader.read(1)
            if not command:
                return None
            if command[0] == IAC:
                return IAC
            if command[0] in (DO, DONT, WILL, WONT):
                await self._reader.read(1)
            elif command[0] == SB:
                await self._subnegotiation()
        return None

    async def _subnegotiation(self) -> None:
        before = 0
        while data := await self._reader.read(1):
            if before == IAC and data[0] == SE:
                return
            # An escaped 255 is data: it must not be taken for the start of a command.
            before = 0 if before == IAC else data[0]


async def serve_visitor(
    controller: Controller,
    login: dict[str, str],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """One connection from greeting to goodbye."""
    try:
        writer.write(GREETING)
        line = Line(reader, writer)
        line.say(BANNER + "\n")
        if await _logged_in(line, login):
            controller.logins += 1
            controller.write()
            await _command_loop(controller, line)
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        return
    finally:
        writer.close()


async def _logged_in(line: Line, login: dict[str, str]) -> bool:
    for _attempt in range(LOGIN_ATTEMPTS):
        name = await line.ask("CP-3 login: ", seconds=LOGIN_SECONDS)
        if name is None:
            return False
        password = await line.ask("Password: ", echo=False, seconds=LOGIN_SECONDS)
        if password is None:
            return False
        if _same(name, login["username"]) & _same(password, login["password"]):
            line.say("\nWelcome. Type HELP for the commands.\n")
            return True
        await asyncio.sleep(0.5)
        line.say("\nLogin incorrect\n\n")
    return False


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


async def _command_loop(controller: Controller, line: Line) -> None:
    while True:
        command = await line.ask("CP-3> ", seconds=IDLE_SECONDS)
        if command is None or command.strip().upper() in ("LOGOUT", "EXIT", "QUIT"):
            line.say("Goodbye.\n")
            return
        if command.strip():
            line.say(controller.run(command.strip()) + "\n")


async def main() -> None:
    """Serve on loopback until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--login", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    options = parser.parse_args()
    login = json.loads(options.login.read_text(encoding="utf-8"))
    controller = Controller(options.state)
    controller.write()
    server = await asyncio.start_server(
        lambda reader, writer: serve_visitor(controller, login, reader, writer),
        "127.0.0.1",
        options.port,
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
