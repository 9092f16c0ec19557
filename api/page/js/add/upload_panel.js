/** Pictures that are to be uploaded: a look at them, then the upload in windows, then their jobs. */

import { ApiProblem, call } from "../api.js";
import { bytes, t } from "../i18n.js";
import { Icon } from "../icons.js";
import { ProgressBar } from "../jobs/bars.js";
import { usePolling } from "../jobs/live.js";
import { titleOf } from "../search/states.js";
import { html, useEffect, useMemo, useRef, useState } from "../ui.js";
import { upload, windowsOf } from "./windows.js";

const SHOWN = 12;

export function UploadPanel({ pictures, skipped, collection }) {
  const [state, setState] = useState({ phase: "ready", sent: 0, jobs: [], waiting: null, problem: null });
  const abort = useRef(new AbortController());
  const size = useMemo(() => pictures.reduce((sum, { file }) => sum + file.size, 0), [pictures]);
  const folder = pictures[0].path.includes("/") ? pictures[0].path.split("/")[0] : "";
  useEffect(() => () => abort.current.abort(), []);
  useLeaveWarning(state.phase === "sending");

  async function start() {
    abort.current = new AbortController();
    setState({ phase: "sending", sent: 0, jobs: [], waiting: null, problem: null });
    try {
      await upload(windowsOf(pictures), { collection, name: folder }, abort.current.signal, (change) => setState((now) => ({ ...now, ...change })));
      setState((now) => ({ ...now, phase: "sent" }));
    } catch (problem) {
      setState((now) => ({ ...now, phase: "stopped", problem: abort.current.signal.aborted ? null : problem }));
    }
  }

  return html`<section class="panel is-wide">
    <div class="panel-head"><h2>${folder || t("n_pictures", { count: pictures.length })}</h2><small>${folder && `${t("n_pictures", { count: pictures.length })} · `}${bytes(size)}</small></div>
    <${Strip} pictures=${pictures} />
    <p class="muted">${t("path_becomes_id")} ${skipped > 0 && t("n_skipped", { count: skipped })}</p>
    ${state.phase !== "ready" && html`<${Sending} state=${state} total=${pictures.length} />`}
    ${state.problem && html`<p class="notice is-trouble" role="alert">${state.problem instanceof ApiProblem ? state.problem.message : titleOf(state.problem)}</p>`}
    <div class="page-actions">
      ${state.phase === "sending"
        ? html`<button type="button" class="button" onClick=${() => abort.current.abort()}><${Icon} name="stop" />${t("stop_upload")}</button>`
        : state.phase !== "sent" && html`<button type="button" class="button is-primary" onClick=${start}><${Icon} name="upload" />${t("upload_n", { count: pictures.length })}</button>`}
      ${state.phase === "sent" && html`<a class="button is-primary" href=${collection === "photos" ? "#/" : `#/?collection=${encodeURIComponent(collection)}`}><${Icon} name="search" />${t("search_them")}</a>`}
    </div>
  </section>`;
}

function Strip({ pictures }) {
  const shown = useMemo(() => pictures.slice(0, SHOWN).map(({ file, path }) => ({ path, url: URL.createObjectURL(file) })), [pictures]);
  useEffect(() => () => shown.forEach(({ url }) => URL.revokeObjectURL(url)), [shown]);
  return html`<ul class="strip">${shown.map(({ path, url }) => html`<li key=${path}><img src=${url} alt="" /><small>${path.split("/").at(-1)}</small></li>`)}</ul>`;
}

/** Bytes on their way, and what the workers have made of those that arrived. */
function Sending({ state, total }) {
  const jobs = useJobs(state.jobs);
  const sum = (name) => jobs.reduce((count, job) => count + job.progress[name], 0);
  const progress = { total, stored: sum("stored"), unchanged: sum("unchanged"), failed: sum("failed") };
  progress.pending = total - progress.stored - progress.unchanged - progress.failed;
  const withFailures = jobs.filter((job) => job.progress.failed);
  return html`<div class="sending" role="status">
    <p>${state.waiting ? t("upload_waits", { why: titleOf(state.waiting) }) : t("n_sent", { count: state.sent, total })}</p>
    <${ProgressBar} progress=${progress} label=${t("progress")} />
    <ul class="legend">
      ${["stored", "unchanged", "failed", "pending"].filter((name) => progress[name]).map((name) => html`<li key=${name} class=${`is-${name}`}><i aria-hidden="true"></i>${t(`n_${name}`, { count: progress[name] })}</li>`)}
    </ul>
    ${withFailures.length > 0 && html`<p>${t("failures_in")} ${withFailures.map((job) => html` <a key=${job.id} href=${`#/jobs/${job.id}`}>${job.id}</a>`)}</p>`}
  </div>`;
}

/** The jobs as they change; those that have ended are not asked for again. */
function useJobs(submitted) {
  const [jobs, setJobs] = useState(new Map());
  const latest = useRef(submitted);
  latest.current = submitted;
  const seen = useRef(jobs);
  usePolling(
    async (signal) => {
      for (const { id } of latest.current) {
        const known = seen.current.get(id);
        if (known?.finished_at) continue;
        const job = await call(`v1/jobs/${id}`, { signal }).catch(() => null);
        if (job) seen.current = new Map(seen.current).set(id, job);
      }
      if (!signal.aborted) setJobs(seen.current);
    },
    1,
    [],
  );
  return submitted.map(({ id, ...job }) => jobs.get(id) ?? { id, ...job });
}

function useLeaveWarning(active) {
  useEffect(() => {
    if (!active) return undefined;
    const ask = (event) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [active]);
}
