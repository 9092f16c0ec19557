/** A hit in full: the large picture, its attributes, and what can be done with it. */

import { ApiProblem, call, photoPath } from "../api.js";
import { number, t } from "../i18n.js";
import { Icon, Slide } from "../icons.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../ui.js";
import { signed } from "./chip.js";
import { hostOf, photoName, safeLink } from "./naming.js";
import { forgetPhoto, knownPhoto, loadPhoto } from "./photos.js";
import { ratioOf, rememberShape, smallPicture } from "./shapes.js";

export function Sheet({ photoId, collection, terms, hits, onClose, onOpen, onNudge, onAlike, onFilter, onDeleted }) {
  const dialog = useRef(null);
  const { photo, problem } = useLoaded(photoId, collection);
  const at = hits.findIndex((hit) => hit.photo_id === photoId);
  const hit = hits[at];

  useLayoutEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element.showModal();
    return () => {
      element.close();
      before?.focus?.({ preventScroll: true });
    };
  }, []);

  const step = (by) => hits[at + by] && onOpen(hits[at + by].photo_id);
  function keyDown(event) {
    if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "ArrowRight") step(1);
    else return;
    event.preventDefault();
  }

  const shown = photo ?? hit ?? null;
  const name = shown ? photoName(shown) : photoId;
  return html`<dialog ref=${dialog} class="sheet" aria-label=${name} onKeyDown=${keyDown}
    onCancel=${(event) => (event.preventDefault(), onClose())}
    onClick=${(event) => event.target === dialog.current && onClose()}>
    <div class="sheet-inside">
      <div class="sheet-stage">
        ${shown && html`<${Large} key=${photoId} photo=${shown} name=${name} />`}
        ${problem && html`<div class="sheet-problem"><${Slide} name="broken" /><p>${problem}</p></div>`}
        ${at > 0 && html`<button type="button" class="sheet-step is-left" aria-label=${t("previous")} onClick=${() => step(-1)}><${Icon} name="left" /></button>`}
        ${at >= 0 && at < hits.length - 1 && html`<button type="button" class="sheet-step is-right" aria-label=${t("next")} onClick=${() => step(1)}><${Icon} name="right" /></button>`}
      </div>
      <div class="sheet-side">
        <header class="sheet-head">
          <h2>${name}</h2>
          <button type="button" class="button is-quiet is-round" autofocus aria-label=${t("close")} onClick=${onClose}><${Icon} name="close" /></button>
        </header>
        ${hit?.similarities && html`<${Nearness} hit=${hit} terms=${terms} collection=${collection} />`}
        ${shown &&
        html`<div class="sheet-actions">
            <button type="button" class="button is-primary" onClick=${() => onAlike(shown)}><${Icon} name="alike" />${t("more_like_this")}</button>
            <button type="button" class="button" onClick=${() => onNudge(shown, 0.5)}><${Icon} name="plus" />${t("more_of_this")}</button>
            <button type="button" class="button" onClick=${() => onNudge(shown, -0.5)}><${Icon} name="minus" />${t("less_of_this")}</button>
          </div>
          ${hit?.similar?.length > 0 && html`<${Similar} photos=${hit.similar} onOpen=${onOpen} />`}
          <${Attributes} photo=${shown} onFilter=${onFilter} />
          <${Links} photo=${shown} />
          <${Delete} key=${photoId} photo=${shown} collection=${collection} onDeleted=${onDeleted} />`}
      </div>
    </div>
  </dialog>`;
}

function useLoaded(photoId, collection) {
  const [state, setState] = useState({});
  useEffect(() => {
    let current = true;
    loadPhoto(photoId, collection).then(
      (photo) => current && setState({ photoId, photo }),
      (error) => current && setState({ photoId, problem: error.status === 404 ? t("photo_gone") : error.message }),
    );
    return () => (current = false);
  }, [photoId, collection]);
  const known = knownPhoto(photoId, collection);
  return state.photoId === photoId ? state : { photo: known };
}

/** The thumbnail at once, the picture itself over it when it is there. Either may be gone. */
function Large({ photo, name }) {
  const [state, setState] = useState("loading");
  const [small, setSmall] = useState(smallPicture(photo) !== photo.url);
  if (state === "broken" && !small) {
    return html`<div class="sheet-problem"><${Slide} name="broken" /><p>${t("picture_gone")}</p><small>${hostOf(photo.url)}</small></div>`;
  }
  return html`<div class="sheet-picture" style=${{ "--ratio": ratioOf(photo) }}>
    ${small && html`<img class="sheet-small" src=${smallPicture(photo)} alt=${state === "broken" ? name : ""} referrerpolicy="no-referrer" onError=${() => setSmall(false)} />`}
    ${state !== "broken" &&
    html`<img src=${photo.url} alt=${name} referrerpolicy="no-referrer" class=${state === "loading" ? "is-loading" : ""}
      onLoad=${(event) => (rememberShape(photo, event.currentTarget), setState("loaded"))} onError=${() => setState("broken")} />`}
  </div>`;
}

/** How near the photo is to the query, and to each of its terms. */
function Nearness({ hit, terms, collection }) {
  const most = Math.max(...hit.similarities, 0.0001);
  return html`<section class="near" aria-label=${t("nearness")}>
    <p class="near-distance"><span>${t("distance")}</span><b>${number(hit.distance, 4)}</b></p>
    <ul>
      ${hit.similarities.map(
        (similarity, at) => html`<li key=${at} class=${terms[at]?.weight < 0 ? "is-negative" : ""}>
          <span class="near-name">${termName(terms[at], collection)}</span>
          <span class="near-value">${number(similarity, 3)}${terms[at] && terms[at].weight !== 1 && html`<small> × ${signed(terms[at].weight)}</small>`}</span>
          <span class="meter" aria-hidden="true"><i style=${{ width: `${Math.max(0, similarity / most) * 100}%` }}></i></span>
        </li>`,
      )}
    </ul>
  </section>`;
}

function termName(term, collection) {
  if (!term) return "";
  if (term.kind === "image") return t("a_picture");
  if (term.kind === "image_url") return hostOf(term.value);
  const photo = term.kind === "photo_id" && knownPhoto(term.value, collection);
  return photo ? photoName(photo) : term.value;
}

function Similar({ photos, onOpen }) {
  return html`<section class="similar">
    <h3>${t("similar_photos", { count: photos.length })}</h3>
    <ul>
      ${photos.map(
        (photo) => html`<li key=${photo.photo_id}>
          <button type="button" aria-label=${photoName(photo)} onClick=${() => onOpen(photo.photo_id)}><img src=${smallPicture(photo)} alt="" loading="lazy" referrerpolicy="no-referrer" /></button>
        </li>`,
      )}
    </ul>
  </section>`;
}

function Attributes({ photo, onFilter }) {
  const entries = Object.entries(photo.attributes ?? {});
  return html`<dl class="facts">
    <div><dt>${t("photo_id")}</dt><dd><${Copy} text=${photo.photo_id} name=${t("copy_id")}>${photo.photo_id}<//></dd></div>
    ${entries.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd><${Value} name=${name} value=${value} onFilter=${onFilter} /></dd></div>`)}
  </dl>`;
}

function Value({ name, value, onFilter }) {
  if (typeof value === "object") return html`<code>${JSON.stringify(value)}</code>`;
  const text = String(value);
  const link = /^https?:/.test(text) && safeLink(text);
  if (link) return html`<a href=${link} target="_blank" rel="noopener noreferrer">${text}</a>`;
  if (text.length > 80) return text;
  return html`<button type="button" class="fact" title=${t("only_these")} aria-label=${t("only_these_with", { name, value: text })} onClick=${() => onFilter({ name, op: "eq", value })}>${text}</button>`;
}

function Links({ photo }) {
  const link = safeLink(photo.url);
  return html`<p class="sheet-links">
    ${link && html`<a class="button is-quiet" href=${link} target="_blank" rel="noopener noreferrer"><${Icon} name="out" />${t("original")}</a>`}
    ${link && html`<${Copy} text=${link} name=${t("copy_link")} button>${t("copy_link")}<//>`}
  </p>`;
}

function Copy({ text, name, button, children }) {
  const [done, setDone] = useState(false);
  async function copy() {
    await writeClipboard(text);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  }
  return html`<button type="button" class=${button ? "button is-quiet" : "fact is-copy"} title=${name} aria-label=${button ? undefined : `${name}: ${text}`} onClick=${copy}>
    ${button && html`<${Icon} name=${done ? "check" : "link"} />`}<span>${done && button ? t("copied") : children}</span>
    ${!button && html`<${Icon} name=${done ? "check" : "copy"} />`}
    <span class="is-unseen" role="status">${done ? t("copied") : ""}</span>
  </button>`;
}

/** Without TLS and beyond loopback there is no `navigator.clipboard`. */
async function writeClipboard(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  return undefined;
}

/** Asks before it deletes. */
function Delete({ photo, collection, onDeleted }) {
  const [state, setState] = useState("idle");
  const [problem, setProblem] = useState("");
  const keep = useRef(null);
  useEffect(() => {
    if (state === "asked") keep.current.focus();
  }, [state]);

  async function remove() {
    setState("running");
    try {
      await call(photoPath(photo.photo_id, collection), { method: "DELETE" });
      forgetPhoto(photo.photo_id, collection);
      onDeleted(photo.photo_id);
    } catch (error) {
      setProblem(error instanceof ApiProblem ? error.message : t("unreachable"));
      setState("asked");
    }
  }

  if (state === "idle") {
    return html`<p class="sheet-delete"><button type="button" class="button is-quiet is-danger" onClick=${() => setState("asked")}><${Icon} name="trash" />${t("delete")}</button></p>`;
  }
  return html`<div class="sheet-delete is-asking" role="group" aria-label=${t("delete_sure")}>
    <p>${t("delete_sure")}</p>
    <button type="button" class="button is-danger" disabled=${state === "running"} onClick=${remove}>${t("delete")}</button>
    <button type="button" class="button" ref=${keep} onClick=${() => setState("idle")}>${t("keep")}</button>
    ${problem && html`<p role="alert">${problem}</p>`}
  </div>`;
}
