"""The command `lichtbild`, also as `python -m lichtbild`."""

from __future__ import annotations

import sys
from importlib.util import find_spec

_NEEDED = {"click": "click", "rich": "rich", "PIL": "Pillow"}


def main() -> None:
    """Run the command; exit with 2 and one line on stderr if its extra is not installed."""
    missing = [name for module, name in _NEEDED.items() if find_spec(module) is None]
    if missing:
        print(
            f"lichtbild: the command needs {', '.join(missing)}. In a checkout of Lichtbild: pip install '.[cli]'",
            file=sys.stderr,
        )
        sys.exit(2)
    from lichtbild.cli.main import main as run_command

    run_command()


if __name__ == "__main__":
    main()
