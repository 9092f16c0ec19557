/** The items that failed, as a table, and all of them as a file. */

import { call, problemOf, request } from "../api.js";
import { t } from "../i18n.js";
import { Icon } from "../icons.js";
import { safeLink } from "../search/naming.js";
import { html, useEffect, useState } from "../ui.js";

const PAGE = 50;

export function Failures({ jobId, failed, final }) {
  const [state, setState] = useState({ items: [], cursor: null, loading: false });
  // While the job runs, its first page is read again as failures are counted; further pages only once it has ended.
  const round = final ? "final" : Math.min(PAGE, failed);
  useEffect(() => {
    let current = true;
    load(jobId, null).then((page) => current && setState({ ...page, loading: false }), () => {});
    return () => (current = false);
  }, [jobId, round]);

  async function more() {
    setState({ ...state, loading: true });
    const page = await load(jobId, state.cursor).catch(() => null);
    setState((now) => (page ? { items: [...now.items, ...page.items], cursor: page.cursor, loading: false } : { ...now, loading: false }));
  }

  if (!state.items.length) return null;
  return html`<section class="panel is-wide">
    <div class="panel-head">
      <h2>${t("failed_items")}</h2>
      <button type="button" class="button is-quiet" onClick=${() => download(jobId)}><${Icon} name="down" />${t("download_all")}</button>
    </div>
    <div class="table-frame" role="region" aria-label=${t("failed_items")} tabindex="0">
      <table class="table">
        <thead><tr><th scope="col">${t("photo_id")}</th><th scope="col">${t("code")}</th><th scope="col">${t("detail")}</th><th scope="col">${t("url")}</th></tr></thead>
        <tbody>
          ${state.items.map((item) => html`<tr key=${item.photo_id}><td>${item.photo_id}</td><td><code>${item.code}</code></td><td class="is-wide">${item.detail}</td><td class="is-url"><${Address} url=${item.url} /></td></tr>`)}
        </tbody>
      </table>
    </div>
    ${state.cursor && html`<p class="end"><button type="button" class="button" disabled=${state.loading} onClick=${more}>${t("more_of", { name: t("failed_items") })}</button> <small>${t("of_total", { done: state.items.length, total: failed })}</small></p>`}
  </section>`;
}

function Address({ url }) {
  const link = /^https?:/.test(url) && safeLink(url);
  return link ? html`<a href=${link} target="_blank" rel="noopener noreferrer">${url}</a>` : url;
}

async function load(jobId, cursor) {
  const query = new URLSearchParams({ limit: PAGE });
  if (cursor) query.set("cursor", cursor);
  const page = await call(`v1/jobs/${encodeURIComponent(jobId)}/errors?${query}`);
  return { items: page.items, cursor: page.next_cursor };
}

async function download(jobId) {
  const response = await request(`v1/jobs/${encodeURIComponent(jobId)}/errors`, { headers: { Accept: "application/x-ndjson" } });
  if (!response.ok) throw await problemOf(response);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = `lichtbild-${jobId}-failed.ndjson`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
