/** All jobs, newest first, as they change. */

import { call } from "../api.js";
import { ago, dateTime, number, t } from "../i18n.js";
import { Icon } from "../icons.js";
import { Empty, Trouble } from "../search/states.js";
import { html, useState } from "../ui.js";
import { ProgressBar } from "./bars.js";
import { usePolling } from "./live.js";
import { StatusPill, jobTitle } from "./status_pill.js";

const KINDS = ["ingest", "delete", "index", "search"];
const TABS = ["work", ...KINDS];
/** Without a choice, searches are left out: they come and go by the hundred. */
const OF_TAB = { work: ["ingest", "delete", "index"] };
const POLL_SECONDS = 1.5;
const PAGE = 30;

export function JobList({ query }) {
  const tab = TABS.includes(query.get("kind")) ? query.get("kind") : "work";
  const [limit, setLimit] = useState(PAGE);
  const [state, setState] = useState({ tab: null, jobs: [], more: false, problem: null });
  usePolling(
    async (signal) => {
      try {
        setState({ tab, ...(await loadJobs(OF_TAB[tab] ?? [tab], limit, signal)), problem: null });
      } catch (problem) {
        if (!signal.aborted) setState((now) => ({ ...now, problem }));
      }
    },
    POLL_SECONDS,
    [tab, limit],
  );
  const loaded = state.tab === tab;
  return html`<main class="page" id="main">
    <div class="page-head">
      <h1>${t("view_jobs")}</h1>
      <nav class="tabs" aria-label=${t("kinds")}>
        ${TABS.map((name) => html`<a key=${name} href=${name === "work" ? "#/jobs" : `#/jobs?kind=${name}`} aria-current=${name === tab ? "page" : undefined}>${t(`kind_${name}`)}</a>`)}
      </nav>
    </div>
    ${state.problem && html`<${Trouble} problem=${state.problem} retryAt=${Date.now()} onAgain=${() => setLimit(limit)} />`}
    ${!loaded && !state.problem && html`<div class="rows-loading"><i></i><i></i><i></i></div>`}
    ${loaded && !state.jobs.length && html`<${Empty} title=${t("no_jobs")} slide="sun"><p>${t("no_jobs_how")}</p><a class="button is-primary" href="#/add"><${Icon} name="upload" />${t("add_photos")}</a><//>`}
    ${loaded && html`<ul class="jobs" aria-label=${t("view_jobs")}>${state.jobs.map((job) => html`<${JobRow} key=${job.id} job=${job} />`)}</ul>`}
    ${loaded && state.more && html`<p class="end"><button type="button" class="button" onClick=${() => setLimit(limit + PAGE)}>${t("older_jobs")}</button></p>`}
  </main>`;
}

async function loadJobs(kinds, limit, signal) {
  const pages = await Promise.all(kinds.map((kind) => call(`v1/jobs?kind=${kind}&limit=${limit}`, { signal })));
  const jobs = pages.flatMap((page) => page.jobs).sort((one, other) => (one.created_at < other.created_at ? 1 : -1));
  return { jobs: jobs.slice(0, limit), more: pages.some((page) => page.next_cursor) || jobs.length > limit };
}

function JobRow({ job }) {
  const { progress } = job;
  return html`<li>
    <a class="job" href=${`#/jobs/${encodeURIComponent(job.id)}`}>
      <span class="job-name"><b>${jobTitle(job)}</b><small title=${dateTime(job.created_at)}>${ago(job.created_at)}</small></span>
      <span class="job-progress">${progress && html`<${ProgressBar} progress=${progress} label=${jobTitle(job)} /><small>${countsOf(job)}</small>`}</span>
      <${StatusPill} job=${job} />
    </a>
  </li>`;
}

function countsOf({ progress, status }) {
  const parts = [t("of_total", { done: progress.total - progress.pending, total: progress.total })];
  if (progress.failed) parts.push(t("n_failed", { count: progress.failed }));
  if (status === "running" && progress.items_per_second) parts.push(t("per_second", { rate: number(progress.items_per_second) }));
  return parts.join(" · ");
}
