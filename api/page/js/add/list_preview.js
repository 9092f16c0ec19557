/** The first rows of a list, and which columns are id and URL, before anything is sent. */

import { bytes, t } from "../i18n.js";
import { Icon } from "../icons.js";
import { html, useState } from "../ui.js";
import { NO_ID } from "./table.js";

const SAMPLE = 100;

export function ListPreview({ name, size, head, onSend }) {
  const [idColumn, setId] = useState(head.idColumn);
  const [urlColumn, setUrl] = useState(head.urlColumn);
  const [sending, setSending] = useState("");
  const ready = urlColumn >= 0 && urlColumn !== idColumn;

  async function send(way, preflight) {
    setSending(way);
    await onSend({ preflight, head: { ...head, idColumn, urlColumn } });
    setSending("");
  }

  const choices = (none) => [none && [NO_ID, none], ...head.columns.map((column, at) => [at, column])].filter(Boolean);
  return html`<section class="panel is-wide">
    <div class="panel-head"><h2>${name || t("pasted")}</h2><small>${nameOf(head)} · ${bytes(size)}</small></div>
    ${head.format === "table" &&
    html`<div class="columns">
      <${Choice} label=${t("id_column")} value=${idColumn} choices=${choices(t("id_from_url"))} onChange=${setId} />
      <${Choice} label=${t("url_column")} value=${urlColumn} choices=${choices(urlColumn < 0 && t("choose"))} onChange=${setUrl} />
    </div>`}
    ${head.rows.length > 0 &&
    html`<div class="table-frame" role="region" aria-label=${t("first_rows")} tabindex="0">
      <table class="table">
        <thead><tr>${head.columns.map((column, at) => html`<th scope="col" key=${at} class=${at === idColumn || at === urlColumn ? "is-chosen" : ""}>${column}<small>${roleOf(at, idColumn, urlColumn)}</small></th>`)}</tr></thead>
        <tbody>${head.rows.map((row, at) => html`<tr key=${at}>${head.columns.map((_, column) => html`<td key=${column} class=${column === urlColumn ? "is-url" : ""}>${row[column] ?? ""}</td>`)}</tr>`)}</tbody>
      </table>
    </div>`}
    <p class="muted">${t("others_become_attributes")}</p>
    <div class="page-actions">
      <button type="button" class="button" disabled=${!ready || sending !== ""} onClick=${() => send("preflight", SAMPLE)}><${Icon} name="check" />${sending === "preflight" ? t("sending") : t("try_sample", { count: SAMPLE })}</button>
      <button type="button" class="button is-primary" disabled=${!ready || sending !== ""} onClick=${() => send("all", 0)}><${Icon} name="upload" />${sending === "all" ? t("sending") : t("start")}</button>
    </div>
  </section>`;
}

function nameOf({ format, delimiter }) {
  if (format === "urls") return t("format_urls");
  if (format === "table") return delimiter === "\t" ? "TSV" : "CSV";
  return format.toUpperCase();
}

function roleOf(at, idColumn, urlColumn) {
  if (at === idColumn) return t("role_id");
  if (at === urlColumn) return t("role_url");
  return t("role_attribute");
}

function Choice({ label, value, choices, onChange }) {
  return html`<label class="option"><span>${label}</span>
    <select value=${value} onChange=${(event) => onChange(Number(event.target.value))}>
      ${choices.map(([at, name]) => html`<option key=${at} value=${at}>${name}</option>`)}
    </select>
  </label>`;
}
