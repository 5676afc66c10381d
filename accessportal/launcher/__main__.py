"""`./portal COMMAND`: set up with the machine's Python, then go on inside `.venv`.

The same file starts both stages. In the first it is started by its path and may import
only the standard library; in the second as `python -m accessportal.launcher`.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
if __package__ in {None, ""}:
    # Python put this directory first; imports are from the project root.
    sys.path[0] = str(ROOT)

from accessportal.launcher.cli import main  # noqa: E402 - needs the path above

if __name__ == "__main__":
    main(sys.argv[1:])
