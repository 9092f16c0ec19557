"""The catalogue server without its defences: the positive control of the attack tests.

It has no SQL guard and no sandbox, and `default` stays an overlay of the file system, as chDB opens it. Everything else
is the real server. `python -m tests.embedded.unguarded_catalogue --data DIR --port N --password-file FILE`
"""

import sys
from unittest.mock import patch

from embedded.catalogue_server import __main__ as server
from embedded.catalogue_server import sandbox
from embedded.catalogue_server.engine import Engine
from embedded.catalogue_server.guard import Guard

if __name__ == "__main__":
    with (
        patch.object(Guard, "check"),
        patch.object(Guard, "check_settings"),
        patch.object(sandbox, "confine"),
        patch.object(Engine, "_leave_file_system"),
    ):
        sys.exit(server.main())
