/** A collection: its photos, its model, its index. */

import { known, number, t } from "../i18n.js";
import { Icon } from "../icons.js";
import { html, useEffect, useRef, useState } from "../ui.js";

export function CollectionCard({ collection, onIndex, onDelete }) {
  const [problem, setProblem] = useState("");
  /** What is asked for at the moment: "" or "drop", the index, or "delete", the collection. */
  const [asked, setAsked] = useState("");
  const { name, photos, model, dimension, index } = collection;
  const act = (method) => onIndex(name, method).catch((error) => setProblem(error.message));
  const built = index.status === "built" || index.status === "error";
  return html`<li class="card">
    <h3><a href=${name === "photos" ? "#/" : `#/?collection=${encodeURIComponent(name)}`}>${name}</a></h3>
    <p class="card-count">${t("n_photos", { count: photos })}</p>
    <dl class="facts">
      <div><dt>${t("model")}</dt><dd>${model}</dd></div>
      <div><dt>${t("dimension")}</dt><dd>${number(dimension)}</dd></div>
      <div><dt>${t("index")}</dt><dd>${known(`index_${index.status}`, index.status)}${index.type && ` · ${index.type}`}${built && ` · ${t("covers", { count: index.photos })}`}${index.reason && html`<br /><small>${index.reason}</small>`}</dd></div>
    </dl>
    ${!asked &&
    html`<p class="card-actions">
      <button type="button" class="button" disabled=${index.status === "building"} onClick=${() => act("POST")}>${built ? t("index_extend") : t("index_build")}</button>
      ${built && html`<button type="button" class="button is-quiet" onClick=${() => setAsked("drop")}>${t("index_drop")}</button>`}
      <button type="button" class="button is-quiet is-danger" aria-label=${t("collection_delete_named", { name })} onClick=${() => setAsked("delete")}><${Icon} name="trash" />${t("delete")}</button>
    </p>`}
    ${asked === "drop" && html`<p class="card-actions"><span>${t("index_drop_sure")}</span><button type="button" class="button is-danger" onClick=${() => act("DELETE")}>${t("index_drop")}</button><button type="button" class="button" onClick=${() => setAsked("")}>${t("keep")}</button></p>`}
    ${asked === "delete" && html`<${Deletion} name=${name} photos=${photos} onDelete=${() => onDelete(name).catch((error) => setProblem(error.message))} onKeep=${() => (setAsked(""), setProblem(""))} />`}
    ${problem && html`<p role="alert" class="is-wrong">${problem}</p>`}
  </li>`;
}

/** Deletes once the collection's name was typed: there is no way back. */
function Deletion({ name, photos, onDelete, onKeep }) {
  const [typed, setTyped] = useState("");
  const [running, setRunning] = useState(false);
  const field = useRef(null);
  useEffect(() => field.current.focus(), []);

  async function remove(event) {
    event.preventDefault();
    if (typed !== name || running) return;
    setRunning(true);
    await onDelete();
    setRunning(false);
  }

  return html`<form class="card-deletion" onSubmit=${remove}>
    <label for=${`delete-${name}`}>${t("collection_delete_sure", { count: photos })} ${t("type_name")} <code>${name}</code></label>
    <input id=${`delete-${name}`} ref=${field} class="field" value=${typed} autocomplete="off" autocapitalize="off" spellcheck=${false} onInput=${(event) => setTyped(event.target.value)} onKeyDown=${(event) => event.key === "Escape" && onKeep()} />
    <p class="card-actions">
      <button class="button is-danger" disabled=${typed !== name || running}>${t("collection_delete")}</button>
      <button type="button" class="button" onClick=${onKeep}>${t("keep")}</button>
    </p>
  </form>`;
}
