/** A collection: its photos, its model, its index. */

import { known, number, t } from "../i18n.js";
import { html, useState } from "../ui.js";

export function CollectionCard({ collection, onIndex }) {
  const [problem, setProblem] = useState("");
  const [asked, setAsked] = useState(false);
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
    <p class="card-actions">
      ${!asked && html`<button type="button" class="button" disabled=${index.status === "building"} onClick=${() => act("POST")}>${built ? t("index_extend") : t("index_build")}</button>`}
      ${built && !asked && html`<button type="button" class="button is-quiet" onClick=${() => setAsked(true)}>${t("index_drop")}</button>`}
      ${asked && html`<span>${t("index_drop_sure")}</span><button type="button" class="button is-danger" onClick=${() => act("DELETE")}>${t("index_drop")}</button><button type="button" class="button" onClick=${() => setAsked(false)}>${t("keep")}</button>`}
    </p>
    ${problem && html`<p role="alert" class="is-wrong">${problem}</p>`}
  </li>`;
}
