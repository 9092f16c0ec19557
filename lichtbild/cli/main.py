"""The command `lichtbild`: its subcommands, and the exit status of each kind of error."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from lichtbild.cli.commands.demo import demo
from lichtbild.cli.commands.index import index
from lichtbild.cli.commands.ingest import ingest
from lichtbild.cli.commands.jobs import jobs
from lichtbild.cli.commands.photos import photos
from lichtbild.cli.commands.search import search
from lichtbild.cli.commands.status import status
from lichtbild.cli.commands.up import up
from lichtbild.cli.connection import api_option
from lichtbild.errors import LichtbildError, Unreachable

# click does not wrap a paragraph that begins with \b.
_EPILOG = """\b
Exit status:
  0    done
  1    refused, failed, every item of an ingest failed, or (status) not ready
  2    wrong arguments
  3    the API does not answer
  130  Ctrl-C

\b
Environment:
  LICHTBILD_API      address of the API, as with --api
  LICHTBILD_API_KEY  API key, if the API requires one

\b
Shell completion for bash (zsh_source and fish_source for other shells):
  eval "$(_LICHTBILD_COMPLETE=bash_source lichtbild)"
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EPILOG)
@click.version_option(package_name="lichtbild")
@api_option
def lichtbild() -> None:
    """Search images by their content: by text, by image, or by both."""


for subcommand in (up, demo, ingest, search, jobs, photos, index, status):
    lichtbild.add_command(subcommand)


def main() -> None:
    """The entry point."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status; an expected error prints one line on stderr."""
    try:
        status: int | None = lichtbild.main(list(arguments), prog_name="lichtbild", standalone_mode=False)
        return status or 0
    except click.ClickException as error:
        if "--json" not in arguments:
            error.show()
            return error.exit_code
        return _fail(error.format_message(), error.exit_code, arguments, "usage")
    except (click.Abort, KeyboardInterrupt):
        return 130
    except Unreachable as error:
        return _fail(
            f"{error} Start a stack with `lichtbild up`, or give its address with --api.", 3, arguments, "unreachable"
        )
    except (LichtbildError, OSError) as error:
        return _fail(str(error), 1, arguments, getattr(error, "code", "error"))


def _fail(message: str, status: int, arguments: Sequence[str], code: str) -> int:
    """Print the error on stderr, with `--json` as one JSON object, and return the exit status."""
    is_json = "--json" in arguments
    error = {"error": {"code": code, "detail": message}}
    click.echo(json.dumps(error, ensure_ascii=False) if is_json else f"lichtbild: {message}", err=True)
    return status
