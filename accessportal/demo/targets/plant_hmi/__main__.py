"""``python3 -m plant_hmi --screen filling --state state.json``."""

from __future__ import annotations

import argparse
import time
import tkinter
from pathlib import Path

from .filling import FillingScreen
from .journal import Journal
from .kit import HEIGHT, WIDTH
from .packaging import PackagingScreen
from .screen import Screen

SCREENS: dict[str, type[Screen]] = {
    "filling": FillingScreen,
    "packaging": PackagingScreen,
}


def main() -> None:
    """Show one screen until the X display goes away."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--screen", choices=sorted(SCREENS), required=True)
    parser.add_argument("--state", type=Path, required=True, help="JSON file to write")
    parser.add_argument(
        "--clock-offset",
        type=float,
        default=0.0,
        help="seconds by which the screen's clock differs from the machine's",
    )
    options = parser.parse_args()

    root = tkinter.Tk()
    root.title(options.screen)
    root.geometry(f"{WIDTH}x{HEIGHT}+0+0")
    root.configure(cursor="left_ptr")
    screen = SCREENS[options.screen](
        root,
        Journal(options.screen, options.state),
        clock=lambda: time.time() + options.clock_offset,
    )
    root.update()
    # There is no window manager to hand out the keyboard.
    root.focus_force()
    screen.run()


if __name__ == "__main__":
    main()
