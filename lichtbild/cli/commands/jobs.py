"""`lichtbild jobs`: list the newest jobs, show one and its failures, cancel, pause, resume or retry it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import get_args

import click

from lichtbild.cli.completion import complete_jobs
from lichtbild.cli.connection import api_option, connect
from lichtbild.cli.printable import printable
from lichtbild.cli.progress_bar import counts_in_words, duration
from lichtbild.cli.summary import failures_in_words, next_steps, size
from lichtbild.cli.terminal import show_table, write_json, write_line
from lichtbild.client import Client
from lichtbild.models import Job, Kind, PreflightReport, Progress, Status

# The API's limit of one page.
_MOST = 1000


@click.command()
@click.argument("job_id", metavar="[ID]", required=False, shell_complete=complete_jobs)
@click.option("--errors", is_flag=True, help="List the items that failed.")
@click.option("--cancel", is_flag=True, help="Cancel the job; stored items stay.")
@click.option("--pause", is_flag=True, help="Pause the job once workers have finished the chunks they hold.")
@click.option("--resume", is_flag=True, help="Resume a paused job.")
@click.option("--retry", is_flag=True, help="Start a new job over the failed items; for URLs, not for uploads.")
@click.option("--code", help="With --retry: only items that failed with this code.")
@click.option("--name", help="List the jobs of this name, or act on all of them: those of one folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")
@click.option("--kind", type=click.Choice(get_args(Kind)), default="ingest", show_default=True)
@click.option("--status", type=click.Choice(get_args(Status)), help="List only jobs with this status.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Number of jobs to list.")
@click.option("--all", "every", is_flag=True, help="List all jobs.")
@api_option
def jobs(
    *,
    job_id: str | None,
    code: str | None,
    name: str | None,
    as_json: bool,
    kind: Kind,
    status: Status | None,
    limit: int,
    every: bool,
    **actions: bool,
) -> None:
    """List the newest jobs, show the job with this ID, or act on it."""
    chosen = [name for name, is_wanted in actions.items() if is_wanted]
    if len(chosen) > 1:
        raise click.UsageError(f"{' and '.join(f'--{name}' for name in chosen)} cannot be combined.")
    action = chosen[0] if chosen else None
    if code and action != "retry":
        raise click.UsageError("--code requires --retry.")
    if name is not None and (job_id is not None or action == "retry"):
        raise click.UsageError("--name names jobs in place of an ID, and cannot be combined with --retry.")
    if job_id is None and name is None and action:
        raise click.UsageError(f"--{action} requires the ID of a job.")
    if job_id is not None and status:
        raise click.UsageError("--status applies to the list of jobs, without an ID.")
    with connect() as client:
        if name is not None:
            _act_on_all(client, list(client.iter_jobs(kind, status, name)), action, as_json)
        elif job_id is None:
            _list(_jobs(client, kind, status, None if every else limit), as_json)
        elif action == "errors":
            _list_errors(client, job_id, as_json)
        else:
            _show(_act(client, job_id, action, code), as_json)


def _jobs(client: Client, kind: Kind, status: Status | None, limit: int | None) -> list[Job]:
    """At most `limit` jobs; if there are more, stderr says so."""
    if limit is None:
        return list(client.iter_jobs(kind, status))
    found = client.jobs(kind, min(limit + 1, _MOST), status)
    if len(found) > limit:
        click.echo(f"These are the newest {limit}; for older ones: --limit N or --all.", err=True)
    return found[:limit]


def _act(client: Client, job_id: str, action: str | None, code: str | None) -> Job:
    if action == "retry":
        _check_code(client, job_id, code)
        return client.retry(job_id, code)
    acts = {"cancel": client.cancel, "pause": client.pause, "resume": client.resume}
    return acts[action](job_id) if action else client.job(job_id)


def _act_on_all(client: Client, found: list[Job], action: str | None, as_json: bool) -> None:
    """List jobs, or their failed items, or act on those that have not ended."""
    if action == "errors":
        for job in found:
            _list_errors(client, job.id, as_json)
        return
    _list([job if job.is_final else _act(client, job.id, action, None) for job in found], as_json)


def _check_code(client: Client, job_id: str, code: str | None) -> None:
    """Raises UsageError if no item of the job failed with this code."""
    progress = client.job(job_id).progress if code else None
    if progress is None or code in progress.failed_by_code:
        return
    codes = ", ".join(f"{known} ({count})" for known, count in progress.failed_by_code.items()) or "none failed"
    raise click.UsageError(f"No item of job {job_id} failed with {code!r}; its codes: {codes}.")


def _list(found: list[Job], as_json: bool) -> None:
    if as_json:
        for job in found:
            write_json(job.raw)
    elif found:
        rows = [(job.id, job.status, _when(job)[:-3], job.collection or "", _outcome(job)) for job in found]
        show_table(("id", "status", "created", "collection", ""), rows)
    else:
        write_line("No such jobs.")


def _list_errors(client: Client, job_id: str, as_json: bool) -> None:
    """Print one failed item per line, tab-separated: there may be many."""
    for item in client.iter_errors(job_id):
        if as_json:
            write_json(asdict(item))
        else:
            write_line("\t".join(printable(field) for field in (item.photo_id, item.code, item.url, item.detail)))


def _show(job: Job, as_json: bool) -> None:
    if as_json:
        write_json(job.raw)
        return
    for name, value in _facts(job).items():
        write_line(f"{name:<12}{printable(value)}")
    if job.paused_itself:
        write_line(next_steps(job))
    if job.progress and job.progress.failed:
        write_line(f"List the failures: lichtbild jobs {job.id} --errors")


def _facts(job: Job) -> dict[str, str]:
    facts: dict[str, str] = {"id": job.id, "kind": job.kind, "status": job.status}
    facts |= {"collection": job.collection} if job.collection else {}
    facts |= {"name": job.name} if job.name else {}
    facts["created"] = _when(job)
    if job.metadata:
        facts["metadata"] = json.dumps(job.metadata, ensure_ascii=False)
    if job.preflight_of is not None:
        facts["preflight"] = f"of {job.preflight_of} items"
    if job.parent_id:
        facts["retries"] = job.parent_id
    if job.started_at and job.finished_at:
        facts["took"] = duration((job.finished_at - job.started_at).total_seconds())
    if job.progress:
        facts |= _progress(job.progress)
    if job.report:
        facts |= _report(job.report)
    if job.result is not None:
        facts["hits"] = ", ".join(hit.photo_id for hit in job.result.hits)
    if _has_error(job) and job.error:
        facts["error"] = f"{job.error.detail} ({job.error.code})"
    return facts


def _progress(counts: Progress) -> dict[str, str]:
    facts = {"items": f"{counts.total}: {counts_in_words(counts)}", "speed": f"{counts.items_per_second:.0f}/s"}
    if counts.limited_by:
        facts["stages"] = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in counts.stage_seconds.items())
        facts["limited by"] = counts.limited_by
    if counts.failed:
        facts["failed"], hosts = failures_in_words(counts)
        facts |= {"at hosts": hosts} if hosts else {}
    return facts


def _report(report: PreflightReport) -> dict[str, str]:
    facts = {"success": f"{report.success_rate:.1%}", "an image": size(report.bytes_per_item)}
    facts["all of it"] = f"about {size(report.estimated_bytes)}"
    if report.estimated_seconds is not None:
        facts["all of it"] += f", {duration(report.estimated_seconds)}"
    return facts


def _outcome(job: Job) -> str:
    if _has_error(job) and job.error:
        return job.error.code
    if job.progress:
        counts = counts_in_words(job.progress)
        return counts if job.preflight_of is None else f"preflight: {counts}"
    return "" if job.result is None else f"{len(job.result)} hits"


def _has_error(job: Job) -> bool:
    """Whether to show the job's error. A job that paused itself may succeed: its last chunks were claimed already."""
    return job.status != "succeeded"


def _when(job: Job) -> str:
    return f"{job.created_at.astimezone():%Y-%m-%d %H:%M:%S}"
