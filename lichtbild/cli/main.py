"""The command `lichtbild`: its subcommands, and the exit status of each kind of error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from lichtbild.cli.commands.collections import collections
from lichtbild.cli.commands.config import config
from lichtbild.cli.commands.demo import demo
from lichtbild.cli.commands.index import index
from lichtbild.cli.commands.ingest import ingest
from lichtbild.cli.commands.jobs import jobs
from lichtbild.cli.commands.photos import photos
from lichtbild.cli.commands.search import search
from lichtbild.cli.commands.status import status
from lichtbild.cli.commands.up import up
from lichtbild.cli.connection import api_option
from lichtbild.errors import ConfigError, LichtbildError, Unauthorized, Unreachable

# click does not wrap a paragraph that begins with \b.
_EPILOG = """\b
Exit status:
  0    done
  1    refused, failed, or (status) not ready; of an ingest: every item failed, or more
       than --max-failed-ratio, so that 0 accepts no failure
  2    wrong arguments
  3    the API does not answer
  130  Ctrl-C
  141  the reader of a pipe has closed it

\b
Environment:
  LICHTBILD_API      address of the API, as with --api
  LICHTBILD_API_KEY  API key, if the API requires one
  LICHTBILD_PROFILE  profile to use, as with --profile
  NO_COLOR           plain output on terminals, too

\b
Shell completion for bash (zsh_source and fish_source for other shells):
  eval "$(_LICHTBILD_COMPLETE=bash_source lichtbild)"
"""
_KEY_HINT = "Give the API key in LICHTBILD_API_KEY, or keep it: lichtbild config set NAME --api URL --key -"


class _PipeClosedError(Exception):
    """The reader of stdout has closed it."""


class _Command(click.Group):
    """click would end a command whose output nobody reads with 1, as if it had failed."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _PipeClosedError from error


@click.group(cls=_Command, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EPILOG)
@click.version_option(package_name="lichtbild")
@api_option
def lichtbild() -> None:
    """Search images by their content: by text, by image, or by both."""


for subcommand in (up, demo, ingest, search, jobs, photos, collections, index, status, config):
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
            f"{error} Start a stack with `lichtbild up`, or give its address with --api or --profile.",
            3,
            arguments,
            "unreachable",
        )
    except ConfigError as error:
        return _fail(str(error), 2, arguments, "config")
    except Unauthorized as error:
        return _fail(f"{error} {_KEY_HINT}", 1, arguments, error.code)
    except _PipeClosedError:
        # What is still buffered must not fail at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (LichtbildError, OSError) as error:
        return _fail(str(error), 1, arguments, getattr(error, "code", "error"))


def _fail(message: str, status: int, arguments: Sequence[str], code: str) -> int:
    """Print the error on stderr, with `--json` as one JSON object, and return the exit status."""
    is_json = "--json" in arguments
    error = {"error": {"code": code, "detail": message}}
    click.echo(json.dumps(error, ensure_ascii=False) if is_json else f"lichtbild: {message}", err=True)
    return status
