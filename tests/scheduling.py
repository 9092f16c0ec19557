"""Which tests run together in one process of the suite.

pytest-xdist's own groups (`--dist loadgroup`) write `_nodeid`, which pytest 9 does not read.
"""

from xdist.scheduler import LoadScopeScheduling

STORIES = "stories"
"""The tests of the shared stack: it is started once, so all of them run in one process."""

STORY_FILES = (
    "tests/browser/",
    "tests/faults/",
    "tests/test_clients.py",
    "tests/test_end_to_end.py",
    "tests/test_uploads.py",
)


class ByFile(LoadScopeScheduling):
    """The tests of one file share servers and fixtures: they stay in one process. So do all stories."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    return STORIES if nodeid.startswith(STORY_FILES) else nodeid.partition("::")[0]
