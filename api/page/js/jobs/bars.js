/** Progress, counts and causes as bars. */

import { duration, known, number, t } from "../i18n.js";
import { html } from "../ui.js";

const STATES = ["stored", "unchanged", "failed"];

/** The job's items by state, on one line. */
export function ProgressBar({ progress, label }) {
  const { total, pending } = progress;
  const settled = total - pending;
  return html`<div class="progress" role="progressbar" aria-label=${label} aria-valuemin="0" aria-valuemax=${total} aria-valuenow=${settled}>
    ${STATES.map((state) => html`<i key=${state} class=${`is-${state}`} style=${{ width: `${total ? (progress[state] / total) * 100 : 0}%` }}></i>`)}
  </div>`;
}

/** Numbers by name as horizontal bars, largest first: `action(name)` is drawn at the end of its line. */
export function Causes({ title, counts, explain, action }) {
  const entries = Object.entries(counts ?? {}).sort((one, other) => other[1] - one[1]);
  if (!entries.length) return null;
  const most = entries[0][1];
  return html`<section class="panel">
    <h2>${title}</h2>
    <ul class="causes">
      ${entries.map(
        ([name, count]) => html`<li key=${name}>
          <span class="cause-name">${name}${explain && html`<small>${known(`code_${name}`, explainStatus(name))}</small>`}</span>
          <span class="cause-count">${number(count)}</span>
          <span class="meter" aria-hidden="true"><i style=${{ width: `${(count / most) * 100}%` }}></i></span>
          ${action?.(name, count)}
        </li>`,
      )}
    </ul>
  </section>`;
}

function explainStatus(code) {
  const status = /^http_(\d+)$/.exec(code)?.[1];
  return status ? t("code_http", { status }) : "";
}

/** The busy time of each stage; the longest one limits the job. */
export function Stages({ seconds, limit }) {
  const most = Math.max(...Object.values(seconds), 0.001);
  return html`<section class="panel">
    <h2>${t("stages")}</h2>
    <ul class="causes">
      ${Object.entries(seconds).map(
        ([stage, busy]) => html`<li key=${stage} class=${stage === limit ? "is-limit" : ""}>
          <span class="cause-name">${known(`stage_${stage}`, stage)}${stage === limit && html`<small>${t("limits")}</small>`}</span>
          <span class="cause-count">${duration(busy)}</span>
          <span class="meter is-plain" aria-hidden="true"><i style=${{ width: `${(busy / most) * 100}%` }}></i></span>
        </li>`,
      )}
    </ul>
  </section>`;
}

/** The rate over the time that this page has watched. */
export function RateCurve({ rates }) {
  if (rates.length < 3) return null;
  const most = Math.max(...rates, 0.001);
  const points = rates.map((rate, at) => [(at / (rates.length - 1)) * 300, 46 - (rate / most) * 42]);
  const line = points.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  return html`<svg class="curve" viewBox="0 0 300 48" preserveAspectRatio="none" role="img" aria-label=${t("rate_curve", { rate: number(most, 1) })}>
    <path class="curve-area" d=${`${line}L300 48L0 48z`} /><path class="curve-line" d=${line} />
  </svg>`;
}
