"""A recorder to be killed: `python -m tests.unit.recorder.crashing FOLDER`.

Says on standard output, one number a line, which input it has taken: what it has said must
be found again, whatever happens to it.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from sessions.recorder.writer import InputRecord, RecordingWriter
from tests.unit.recorder.helpers import frame, make_order, picture

KEY = bytes(range(32))


async def main(root: Path) -> None:
    writer = RecordingWriter(make_order(root, data_key=KEY))
    await writer.open()
    await writer.start(picture(1000), 1000)
    for number in range(1_000_000):
        writer.append_input([InputRecord(1, "mouse", (number, 0, 0))])
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        writer.append_screen(*frame(1001 + number, "x" * 200))
        await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
