/** Adding photos: a list of addresses, pictures, or a folder; a look before anything is sent; then the job. */

import { ApiProblem, call } from "../api.js";
import { t } from "../i18n.js";
import { Icon } from "../icons.js";
import { go } from "../route.js";
import { titleOf } from "../search/states.js";
import { html, useEffect, useRef, useState } from "../ui.js";
import { fromDrop, fromInput, sortFiles } from "./dropped.js";
import { ListPreview } from "./list_preview.js";
import { readHead, readingParameters } from "./table.js";
import { UploadPanel } from "./upload_panel.js";
import { randomKey } from "./windows.js";

export function AddView({ query }) {
  const [chosen, setChosen] = useState(null);
  const [problem, setProblem] = useState("");
  // The rest of a request that was refused for bad rows, to send the other rows.
  const [refused, setRefused] = useState(null);
  const [collection, setCollection] = useState(query.get("collection") || "photos");
  const over = useDropZone((found) => take(found));

  const clear = () => (setProblem(""), setRefused(null));

  async function take(found) {
    clear();
    const { list, pictures, skipped } = sortFiles(found);
    if (list) return takeList(list, list.name);
    if (!pictures.length) return setProblem(t("nothing_to_add"));
    setChosen({ kind: "pictures", pictures, skipped });
  }

  async function takeList(file, name) {
    const head = await readHead(file, name).catch(() => ({ problem: "list_not_text" }));
    if (head.problem) return setProblem(t(head.problem, { name: asArgument(name) }));
    setChosen({ kind: "list", file, name, head });
  }

  async function send({ preflight, head, onBadRow = "refuse" }) {
    clear();
    try {
      const parameters = new URLSearchParams({ collection, on_bad_row: onBadRow, ...readingParameters(head) });
      if (preflight) parameters.set("preflight", String(preflight));
      if (chosen.name) parameters.set("name", chosen.name.slice(0, 100));
      const headers = { "Content-Type": head.type, "Idempotency-Key": `"${randomKey()}"`, ...(head.gzipped && { "Content-Encoding": "gzip" }) };
      const job = await call(`v1/ingest?${parameters}`, { method: "POST", body: chosen.file, headers });
      // Back leads to the list, as it was chosen, to start it after the preflight.
      kept = { ...chosen, head };
      go(`#/jobs/${encodeURIComponent(job.id)}`);
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error.message : titleOf(error));
      const lines = (error.faults ?? []).filter((fault) => fault.line);
      if (lines.length && onBadRow === "refuse") setRefused({ lines, again: { preflight, head, onBadRow: "fail_item" } });
    }
  }

  useEffect(() => {
    if (kept) setChosen(kept);
    kept = null;
  }, []);

  return html`<main class="page is-add" id="main">
    <div class="page-head"><h1>${t("add_title")}</h1></div>
    ${problem && html`<p class="notice is-trouble" role="alert">${problem}</p>`}
    ${refused && chosen?.kind === "list" && html`<${BadRows} ...${refused} onSend=${send} />`}
    ${!chosen && html`<${Choose} onFiles=${take} onText=${(text) => takeList(new Blob([text]), "")} />`}
    ${chosen && html`<${Target} collection=${collection} onCollection=${setCollection} onBack=${() => (setChosen(null), clear())} />`}
    ${chosen?.kind === "list" && html`<${ListPreview} name=${chosen.name} size=${chosen.file.size} head=${chosen.head} onSend=${send} />`}
    ${chosen?.kind === "pictures" && html`<${UploadPanel} pictures=${chosen.pictures} skipped=${chosen.skipped} collection=${collection} />`}
    ${over && html`<div class="drop-over" aria-hidden="true"><div><${Icon} name="upload" /><p>${t("drop_to_add")}</p></div></div>`}
  </main>`;
}

const SHOWN_ROWS = 8;

/** A file's name as an argument of a command. */
const asArgument = (name) => (/^[\w.,-]+$/.test(name) ? name : `'${name}'`);

/** The list of the last visit, for the way back from its preflight. */
let kept = null;

function Choose({ onFiles, onText }) {
  const [text, setText] = useState("");
  const inputs = { list: useRef(null), pictures: useRef(null), folder: useRef(null) };
  const picked = (event) => {
    const files = fromInput(event.target.files);
    event.target.value = "";
    if (files.length) onFiles(files);
  };
  const ways = [
    ["list", "list", { accept: ".tsv,.csv,.txt,.ndjson,.jsonl,.json,.gz" }],
    ["pictures", "picture", { accept: "image/*", multiple: true }],
    ["folder", "folder", { webkitdirectory: true, multiple: true }],
  ];
  return html`<div class="ways">
      ${ways.map(
        ([name, icon, attributes]) => html`<div key=${name} class="way">
          <button type="button" class="way-button" onClick=${() => inputs[name].current.click()}>
            <${Icon} name=${icon} /><b>${t(`way_${name}`)}</b><span>${t(`way_${name}_how`)}</span>
          </button>
          <input ref=${inputs[name]} class="is-hidden" type="file" tabindex="-1" aria-hidden="true" data-way=${name} ...${attributes} onChange=${picked} />
        </div>`,
      )}
    </div>
    <p class="muted is-centred">${t("or_drop")}</p>
    <form class="paste" onSubmit=${(event) => (event.preventDefault(), text.trim() && onText(text))}>
      <label for="pasted">${t("paste_list")}</label>
      <textarea id="pasted" rows="5" spellcheck=${false} placeholder=${"https://example.org/1.jpg\nhttps://example.org/2.jpg"} value=${text} onInput=${(event) => setText(event.target.value)}></textarea>
      <button class="button is-primary" disabled=${!text.trim()}>${t("look_at_it")}</button>
    </form>`;
}

/** The rows for which a list was refused, and the way to ingest the others. */
function BadRows({ lines, again, onSend }) {
  return html`<section class="panel is-wide" aria-label=${t("bad_rows")}>
    <ul class="bad-rows">${lines.slice(0, SHOWN_ROWS).map((fault, at) => html`<li key=${at}><b>${t("line_n", { count: fault.line })}</b> ${fault.message}${fault.hint ? ` ${fault.hint}` : ""}</li>`)}</ul>
    ${lines.length > SHOWN_ROWS && html`<p class="muted">${t("more_bad_rows", { count: lines.length - SHOWN_ROWS })}</p>`}
    <div class="page-actions"><button type="button" class="button" onClick=${() => onSend(again)}>${t("send_others")}</button></div>
  </section>`;
}

function Target({ collection, onCollection, onBack }) {
  return html`<div class="target">
    <button type="button" class="button is-quiet" onClick=${onBack}><${Icon} name="left" />${t("choose_other")}</button>
    <label>${t("into_collection")} <input class="field" value=${collection} pattern="[a-z][a-z0-9_]*" maxlength="63" spellcheck=${false} onInput=${(event) => onCollection(event.target.value)} /></label>
  </div>`;
}

function useDropZone(onFound) {
  const [over, setOver] = useState(false);
  const latest = useRef(onFound);
  latest.current = onFound;
  useEffect(() => {
    let depth = 0;
    const isFiles = (event) => event.dataTransfer.types.includes("Files");
    const handlers = {
      dragenter: (event) => isFiles(event) && (event.preventDefault(), (depth += 1), setOver(true)),
      dragover: (event) => isFiles(event) && event.preventDefault(),
      dragleave: () => {
        depth = Math.max(0, depth - 1);
        if (!depth) setOver(false);
      },
      drop: async (event) => {
        depth = 0;
        setOver(false);
        if (!isFiles(event)) return;
        event.preventDefault();
        latest.current(await fromDrop(event.dataTransfer));
      },
    };
    for (const [name, handler] of Object.entries(handlers)) addEventListener(name, handler);
    return () => {
      for (const [name, handler] of Object.entries(handlers)) removeEventListener(name, handler);
    };
  }, []);
  return over;
}
