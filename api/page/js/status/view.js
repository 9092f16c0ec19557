/** What runs: the checks, the queues, the workers, and the collections with their indexes. */

import { call, problemOf, request } from "../api.js";
import { bytes, known, number, t } from "../i18n.js";
import { Icon } from "../icons.js";
import { usePolling } from "../jobs/live.js";
import { go } from "../route.js";
import { Trouble } from "../search/states.js";
import { html, useState } from "../ui.js";
import { CollectionCard } from "./collection.js";

const POLL_SECONDS = 3;

export function StatusView() {
  const [state, setState] = useState({ readiness: null, collections: null, problem: null });
  const refresh = async (signal) => {
    try {
      const readiness = await readReadiness(signal);
      setState((now) => ({ ...now, readiness, problem: null }));
      const { collections } = await call("v1/collections", { signal });
      setState((now) => ({ ...now, collections }));
    } catch (problem) {
      if (!signal?.aborted) setState((now) => ({ ...now, problem }));
    }
  };
  usePolling(refresh, POLL_SECONDS, []);
  const { readiness, collections, problem } = state;

  async function index(name, method) {
    const job = await call(`v1/collections/${encodeURIComponent(name)}/index`, { method });
    go(`#/jobs/${encodeURIComponent(job.id)}`);
  }

  async function remove(name) {
    const job = await call(`v1/collections/${encodeURIComponent(name)}`, { method: "DELETE" });
    go(`#/jobs/${encodeURIComponent(job.id)}`);
  }

  return html`<main class="page" id="main">
    <div class="page-head"><h1>${t("view_status")}</h1>${readiness && html`<${Ready} status=${readiness.status} />`}</div>
    ${problem && html`<${Trouble} problem=${problem} onAgain=${() => refresh()} />`}
    ${!readiness && !problem && html`<div class="rows-loading"><i></i><i></i></div>`}
    ${readiness &&
    html`<ul class="checks" aria-label=${t("checks")}>
        ${Object.entries(readiness.checks).map(([name, ok]) => html`<li key=${name} class=${ok ? "is-ok" : "is-wrong"}><${Icon} name=${ok ? "check" : "close"} /><span>${known(`check_${name}`, name)}</span><small>${ok ? t("works") : t("does_not_answer")}</small></li>`)}
      </ul>
      ${readiness.backlog && html`<${Backlog} backlog=${readiness.backlog} />`}
      <h2 class="section">${t("workers")}</h2>
      ${readiness.workers.length ? html`<${Workers} workers=${readiness.workers} />` : html`<p class="muted">${t("no_workers")}</p>`}
      <h2 class="section">${t("collections")}</h2>
      ${!collections ? html`<div class="rows-loading"><i></i></div>` : collections.length ? html`<ul class="cards">${collections.map((collection) => html`<${CollectionCard} key=${collection.name} collection=${collection} onIndex=${index} onDelete=${remove} />`)}</ul>` : html`<p class="muted">${t("no_collections")}</p>`}`}
  </main>`;
}

/** `/readyz` answers 503 with the same body when something is missing. */
async function readReadiness(signal) {
  const response = await request("readyz", { signal });
  if (!response.ok && response.status !== 503) throw await problemOf(response);
  return response.json();
}

function Ready({ status }) {
  return status === "ready"
    ? html`<span class="pill is-succeeded"><i aria-hidden="true"></i>${t("ready")}</span>`
    : html`<span class="pill is-failed"><i aria-hidden="true"></i>${t("not_ready")}</span>`;
}

function Backlog({ backlog }) {
  return html`<div class="panel is-wide"><div class="figures">
    ${["searches", "jobs", "items", "held"].map((name) => html`<p key=${name} class="figure"><b>${number(backlog[name])}</b><span>${t(`backlog_${name}`)}</span></p>`)}
  </div></div>`;
}

const COLUMNS = ["queue", "model", "device", "encoded_per_second", "memory_bytes", "dtype", "batch_size", "passes"];
const MEASURES = { encoded_per_second: (value) => t("per_second", { rate: number(value, 1) }), memory_bytes: bytes };

function Workers({ workers }) {
  return html`<div class="table-frame" role="region" aria-label=${t("workers")} tabindex="0">
    <table class="table">
      <thead><tr><th scope="col">${t("worker")}</th>${COLUMNS.map((name) => html`<th scope="col" key=${name}>${t(`worker_${name}`)}</th>`)}</tr></thead>
      <tbody>${workers.map((worker) => html`<tr key=${worker.name}><td><b>${worker.name}</b></td>${COLUMNS.map((name) => html`<td key=${name}>${shown(worker[name], MEASURES[name])}</td>`)}</tr>`)}</tbody>
    </table>
  </div>`;
}

const shown = (value, measure = number) => (typeof value === "number" ? measure(value) : (value ?? "–"));
