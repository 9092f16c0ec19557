/** One job, live: progress, rate, what limits it, what failed and why, and its control. */

import { ApiProblem } from "../api.js";
import { bytes, dateTime, duration, number, percent, t } from "../i18n.js";
import { Icon } from "../icons.js";
import { go } from "../route.js";
import { Empty, titleOf } from "../search/states.js";
import { html, useState } from "../ui.js";
import { Causes, ProgressBar, RateCurve, Stages } from "./bars.js";
import { Failures } from "./failures.js";
import { command, isFinal, useJob } from "./live.js";
import { StatusPill, jobTitle } from "./status_pill.js";

export function JobView({ jobId }) {
  const { job, rates, problem, lost, set } = useJob(jobId);
  const [refusal, setRefusal] = useState(null);
  if (problem) return html`<main class="page" id="main"><${Empty} title=${t("no_such_job")} slide="broken"><p>${t("no_such_job_how")}</p><a class="button" href="#/jobs">${t("all_jobs")}</a><//></main>`;
  if (!job) return html`<main class="page" id="main">${lost ? html`<p class="notice" role="status">${t("connecting")}</p>` : html`<div class="rows-loading"><i></i></div>`}</main>`;

  async function act(name) {
    setRefusal(null);
    try {
      const answer = await command(jobId, name);
      if (name.startsWith("retry")) go(`#/jobs/${encodeURIComponent(answer.id)}`);
      else set(answer);
    } catch (error) {
      setRefusal(error);
    }
  }

  const { progress } = job;
  return html`<main class="page" id="main">
    <p class="crumb"><a href="#/jobs"><${Icon} name="left" />${t("all_jobs")}</a></p>
    <div class="page-head">
      <h1>${jobTitle(job)}</h1>
      <${StatusPill} job=${job} />
      <div class="page-actions"><${Actions} job=${job} act=${act} /></div>
    </div>
    ${lost && html`<p class="notice" role="status">${t("connecting")}</p>`}
    ${refusal && html`<p class="notice is-trouble" role="alert">${refusal instanceof ApiProblem ? refusal.message : titleOf(refusal)}</p>`}
    ${job.error && html`<div class="notice is-trouble" role="status"><div><b>${job.error.code === "too_many_failures" ? t("paused_itself") : job.error.code}</b><p>${job.error.detail}</p></div></div>`}
    ${progress && html`<${Progress} job=${job} progress=${progress} rates=${rates} />`}
    ${job.result?.tried !== undefined && html`<${Report} report=${job.result} />`}
    ${progress &&
    html`<div class="panels">
      <${Causes} title=${t("failed_by_code")} counts=${progress.failed_by_code} explain
        action=${(code, count) => isRetryable(job) && html`<button type="button" class="button is-quiet is-small" aria-label=${t("retry_code", { code, count })} onClick=${() => act(`retry?code=${encodeURIComponent(code)}`)}><${Icon} name="retry" />${t("retry")}</button>`} />
      <${Causes} title=${t("failed_by_host")} counts=${progress.failed_by_host} />
      ${Object.keys(progress.stage_seconds).length > 0 && html`<${Stages} seconds=${progress.stage_seconds} limit=${progress.limited_by} />`}
    </div>`}
    ${progress?.failed > 0 && html`<${Failures} jobId=${jobId} failed=${progress.failed} final=${isFinal(job)} />`}
    <${Facts} job=${job} />
  </main>`;
}

const isRetryable = (job) => isFinal(job) && !job.preflight_of;

function Actions({ job, act }) {
  const button = (name, icon, primary) => html`<button type="button" class=${primary ? "button is-primary" : "button"} onClick=${() => act(name)}><${Icon} name=${icon} />${t(name)}</button>`;
  const ingest = job.kind === "ingest";
  const running = job.status === "queued" || job.status === "running";
  return html`${ingest && running && button("pause", "pause")}
    ${job.status === "paused" && button("resume", "play", true)}
    ${(running || job.status === "paused") && button("cancel", "stop")}
    ${isRetryable(job) && job.progress?.failed > 0 && button("retry", "retry", true)}
    ${ingest && job.status === "succeeded" && !job.preflight_of && html`<a class="button" href=${job.collection === "photos" ? "#/" : `#/?collection=${encodeURIComponent(job.collection)}`}><${Icon} name="search" />${t("search_them")}</a>`}`;
}

function Progress({ job, progress, rates }) {
  const settled = progress.total - progress.pending;
  const took = job.started_at && job.finished_at && (Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000;
  const counts = [
    ["stored", progress.stored],
    ["unchanged", progress.unchanged],
    ["failed", progress.failed],
    ["pending", progress.pending],
  ].filter(([name, count]) => count || name === "stored");
  return html`<section class="panel is-wide" aria-label=${t("progress")}>
    <div class="figures">
      <p class="figure is-large"><b>${percent(progress.total ? settled / progress.total : 0)}</b><span>${t("of_total", { done: settled, total: progress.total })}</span></p>
      ${progress.items_per_second > 0 && html`<p class="figure"><b>${number(progress.items_per_second, progress.items_per_second < 10 ? 1 : 0)}</b><span>${t("a_second")}</span></p>`}
      ${progress.eta_seconds !== null && html`<p class="figure"><b>${duration(progress.eta_seconds)}</b><span>${t("left")}</span></p>`}
      ${took && html`<p class="figure"><b>${duration(Math.max(1, took))}</b><span>${t("took")}</span></p>`}
      ${progress.bytes > 0 && html`<p class="figure"><b>${bytes(progress.bytes)}</b><span>${t("downloaded")}</span></p>`}
      <${RateCurve} rates=${rates} />
    </div>
    <${ProgressBar} progress=${progress} label=${jobTitle(job)} />
    <ul class="legend">${counts.map(([name, count]) => html`<li key=${name} class=${`is-${name}`}><i aria-hidden="true"></i>${t(`n_${name}`, { count })}</li>`)}</ul>
    <p class="is-unseen" role="status">${isFinal(job) ? t(`status_${job.status}`) : ""}</p>
  </section>`;
}

/** What a preflight's sample predicts for the whole list. */
function Report({ report }) {
  return html`<section class="panel is-wide">
    <h2>${t("report")}</h2>
    <div class="figures">
      <p class="figure is-large"><b>${percent(report.success_rate)}</b><span>${t("would_be_stored", { tried: report.tried, of: report.of })}</span></p>
      <p class="figure"><b>${bytes(report.estimated_bytes)}</b><span>${t("to_download")}</span></p>
      ${report.estimated_seconds !== null && html`<p class="figure"><b>${duration(report.estimated_seconds)}</b><span>${t("would_take")}</span></p>`}
      <p class="figure"><b>${bytes(report.bytes_per_item)}</b><span>${t("each")}</span></p>
    </div>
  </section>`;
}

function Facts({ job }) {
  const facts = [
    ["photo_id", job.id],
    ["collection", job.collection],
    ["created", dateTime(job.created_at)],
    job.finished_at && ["finished", dateTime(job.finished_at)],
    job.request_id && ["request", job.request_id],
  ].filter(Boolean);
  return html`<dl class="facts is-page">
    ${facts.map(([name, value]) => html`<div key=${name}><dt>${t(name)}</dt><dd>${value}</dd></div>`)}
    ${job.parent_id && html`<div><dt>${t("retries")}</dt><dd><a href=${`#/jobs/${encodeURIComponent(job.parent_id)}`}>${job.parent_id}</a></dd></div>`}
    ${Object.entries(job.metadata ?? {}).map(([name, value]) => html`<div key=${`m ${name}`}><dt>${name}</dt><dd>${typeof value === "object" ? JSON.stringify(value) : String(value)}</dd></div>`)}
  </dl>`;
}
