/** What the search shows in place of hits, or beside them: loading, slow, empty, failed. */

import { Unreachable, call } from "../api.js";
import { number, t } from "../i18n.js";
import { Slide } from "../icons.js";
import { html, useEffect, useState } from "../ui.js";
import { justify } from "./justify.js";

const SHAPES = [1.5, 1.33, 0.75, 1.5, 1.78, 1, 1.33, 1.5, 0.8, 1.4, 1.6, 1.2, 1.5, 1, 1.33, 1.78, 0.75, 1.5];

/** The grid to come, as empty places. */
export function Skeleton() {
  const gutter = Math.min(40, Math.max(16, 0.032 * innerWidth)); // As in base.css.
  const width = document.documentElement.clientWidth - 2 * gutter;
  const { cells, height } = justify(SHAPES, width, { target: innerWidth < 520 ? 150 : 220, gap: innerWidth < 520 ? 6 : 12, foot: 22 });
  return html`<div class="skeleton" role="status" aria-label=${t("loading")} style=${{ height: `${height}px` }}>
    ${cells.map(
      (cell, at) =>
        html`<i key=${at} style=${{ left: `${cell.left}px`, top: `${cell.top}px`, width: `${cell.width}px`, height: `${cell.height}px` }}></i>`,
    )}
  </div>`;
}

export function Empty({ title, children, slide = "empty" }) {
  return html`<section class="empty">
    <div class="empty-slides"><${Slide} name="empty" /><${Slide} name=${slide} /></div>
    <h2>${title}</h2>
    <div>${children}</div>
  </section>`;
}

/** Why there is no answer, and when the page tries again. */
export function Trouble({ problem, retryAt, onAgain }) {
  const seconds = useCountdown(retryAt);
  return html`<div class="notice is-trouble" role="alert">
    <div>
      <b>${titleOf(problem)}</b>
      <p>${detailOf(problem)}</p>
      ${problem.requestId && html`<small>${t("request_id", { id: problem.requestId })}</small>`}
    </div>
    <div class="notice-actions">
      ${retryAt && html`<span class="notice-when">${seconds > 0 ? t("again_in", { count: seconds }) : t("trying")}</span>`}
      <button type="button" class="button" onClick=${onAgain}>${t("try_now")}</button>
    </div>
  </div>`;
}

export function titleOf(problem) {
  if (problem instanceof Unreachable) return navigator.onLine === false ? t("offline") : t("unreachable");
  if (problem.status === 429) return t("busy");
  if (problem.status === 503) return t("unavailable");
  if (problem.code === "timeout") return t("timed_out");
  return problem.status >= 500 ? t("broken") : t("not_possible");
}

function detailOf(problem) {
  if (problem instanceof Unreachable) return t("unreachable_detail");
  if (problem.status === 429) return t("busy_detail");
  return problem.message;
}

function useCountdown(until) {
  const [, draw] = useState(0);
  useEffect(() => {
    if (!until) return undefined;
    const timer = setInterval(() => draw((count) => count + 1), 500);
    return () => clearInterval(timer);
  }, [until]);
  return until ? Math.max(0, Math.ceil((until - Date.now()) / 1000)) : 0;
}

/** A search that takes longer than people expect, with the reason if the API knows one. */
export function Slow() {
  const [reason, setReason] = useState("");
  useEffect(() => {
    let current = true;
    readiness().then((state) => current && setReason(reasonOf(state)), () => {});
    return () => (current = false);
  }, []);
  return html`<div class="notice" role="status"><div><b>${t("slow")}</b>${reason && html`<p>${reason}</p>`}</div></div>`;
}

/** `/readyz` answers 503 with the same body when something is missing. */
async function readiness() {
  const response = await fetch("readyz", { cache: "no-store" });
  return response.json();
}

function reasonOf({ checks, backlog }) {
  if (!checks.search_worker) return t("no_search_worker");
  if (!checks.catalogue) return t("no_catalogue");
  if (backlog?.searches > 1) return t("searches_waiting", { count: backlog.searches });
  return "";
}

export function Summary({ shown, total, results }) {
  const parts = [];
  if (results.photos) parts.push(t("of_photos", { count: results.photos }));
  if (results.pending) parts.push(t("pending_photos", { count: results.pending }));
  if (results.took) parts.push(`${number(results.took)} ms`);
  return html`<p class="summary"><span role="status">${parts.slice(0, -1).join(" · ")}</span>${results.took > 0 && html` · <span>${parts.at(-1)}</span>`}</p>`;
}
