"""CPU time of the tasks on a page's main thread, from Chromium's trace; wall time depends on the machine's load."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page


@contextmanager
def task_milliseconds(browser: Browser, page: Page) -> Iterator[list[float]]:
    """A list that has each task's CPU milliseconds after the block, longest first, less major garbage collections."""
    found: list[float] = []
    browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline"])
    try:
        yield found
    finally:
        trace = browser.stop_tracing()
    events = json.loads(trace)["traceEvents"]
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    timed = [event for event in events if event.get("ph") == "X" and (event["pid"], event["tid"]) in threads]
    collections = [event for event in timed if event["name"] == "MajorGC"]
    for task in timed:
        if not task["name"].endswith("RunTask"):
            continue
        ends = task["ts"] + task["dur"]
        inside = [one for one in collections if task["ts"] <= one["ts"] < ends and one["tid"] == task["tid"]]
        found.append((task.get("tdur", 0) - sum(one.get("tdur", 0) for one in inside)) / 1000)
    found.sort(reverse=True)
