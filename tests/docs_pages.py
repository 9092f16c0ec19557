"""Parses the pages of the docs: commands, snippets, links, words set as code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCED = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^    .+\n)+", re.MULTILINE)
_LINK = re.compile(r"\]\((?P<inline>[^)\s]+)\)|^\[[^\]]+\]: (?P<reference>\S+)$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """One Markdown page."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The text without fenced blocks."""
        return _FENCED.sub("", self.text)

    def commands(self) -> Iterator[str]:
        """The lines for a shell, in order, from ```sh blocks and indented blocks."""
        blocks = [(found.start(), found["body"]) for found in _FENCED.finditer(self.text) if found["language"] == "sh"]
        blanked = _FENCED.sub(lambda found: re.sub(r"[^\n]", "#", found[0]), self.text)
        blocks += [(found.start(), found[0]) for found in _INDENTED.finditer(blanked)]
        for _, body in sorted(blocks):
            joined = re.sub(r"\\\n\s*", "", body)
            yield from (line.strip() for line in joined.splitlines() if line.strip() and line.strip()[0] != "#")

    def snippets(self) -> Iterator[str]:
        """The fenced blocks of Python."""
        yield from (found["body"] for found in _FENCED.finditer(self.text) if found["language"] == "python")

    def links(self) -> Iterator[str]:
        """The targets of its links, except those to other sites."""
        for found in _LINK.finditer(self.prose):
            target = found["inline"] or found["reference"]
            if not target.startswith(("http://", "https://")):
                yield target

    def code(self) -> set[str]:
        """Words set as code in the prose."""
        return set(_CODE.findall(self.prose))

    def anchors(self) -> set[str]:
        """The anchors of its headings, as GitHub derives them."""
        return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in _HEADING.findall(self.prose)}

    def first_column(self, heading: str) -> set[str]:
        """Words set as code in the first cell of each row of the table under a heading."""
        return self._column(heading, 1)

    def _column(self, heading: str, number: int) -> set[str]:
        _, _, rest = f"\n{self.text}".partition(f"\n{heading}\n")
        assert rest, f"{self.name} has no {heading!r}"
        section = re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]
        rows = [line.split("|") for line in section.splitlines() if line.startswith("|")]
        return {word for cells in rows for word in _CODE.findall(cells[number])}


pages = [Page(path) for path in PAGES]
