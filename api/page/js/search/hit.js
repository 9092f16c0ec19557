/** One place in the grid: the picture, a bar per term, the distance, and what can be done with it. */

import { number, t } from "../i18n.js";
import { Icon, Slide } from "../icons.js";
import { html, useState } from "../ui.js";
import { hostOf, photoName } from "./naming.js";
import { rememberShape, smallPicture } from "./shapes.js";

export const PHOTO_TYPE = "application/x-lichtbild-photo";

export function Hit({ hit, at, total, cell, best, href, focused, onFocus, onNudge }) {
  const name = photoName(hit);
  const place = { left: `${cell.left}px`, top: `${cell.top}px`, width: `${cell.width}px` };
  return html`<li class="hit" style=${place} aria-posinset=${at + 1} aria-setsize=${total} data-photo=${hit.photo_id}>
    <a
      class="hit-link"
      href=${href}
      data-mark="sheet"
      style=${{ height: `${cell.height}px` }}
      tabindex=${focused ? 0 : -1}
      aria-label=${label(hit, name)}
      onFocus=${() => onFocus(at)}
      draggable="true"
      onDragStart=${(event) => {
        event.dataTransfer.setData(PHOTO_TYPE, hit.photo_id);
        event.dataTransfer.effectAllowed = "copy";
      }}
    >
      <${Picture} photo=${hit} />
      ${hit.similar?.length > 0 &&
      html`<span class="hit-fold" aria-hidden="true"><${Icon} name="stack" />${number(hit.similar.length + 1)}</span>`}
    </a>
    ${onNudge &&
    html`<div class="hit-nudge">
      <button type="button" tabindex="-1" aria-label=${t("less_of", { name })} title=${t("less_of_this")} onClick=${() => onNudge(hit, -0.5)}><${Icon} name="minus" /></button>
      <button type="button" tabindex="-1" aria-label=${t("more_of", { name })} title=${t("more_of_this")} onClick=${() => onNudge(hit, 0.5)}><${Icon} name="plus" /></button>
    </div>`}
    ${hit.distance !== undefined &&
    html`<div class="hit-foot" aria-hidden="true">
      <${Bars} similarities=${hit.similarities} best=${best} />
      <span class="hit-distance">${number(hit.distance, 3)}</span>
    </div>`}
  </li>`;
}

function label(hit, name) {
  if (hit.distance === undefined) return name;
  const similar = hit.similar?.length ?? 0;
  const parts = [name, t("distance_is", { distance: number(hit.distance, 3) })];
  if (similar) parts.push(t("similar_photos", { count: similar }));
  return parts.join(", ");
}

/** A bar per term: its similarity, relative to the best hit's. */
export function Bars({ similarities, best }) {
  return html`<span class="bars">
    ${similarities.map((similarity, at) => {
      const share = best[at] > 0 ? Math.max(0, similarity) / best[at] : 0;
      return html`<span class="bar" key=${at}><i style=${{ width: `${Math.min(100, share * 100)}%` }}></i></span>`;
    })}
  </span>`;
}

/** The picture on its placeholder; a slide with a crack where it cannot be loaded. */
export function Picture({ photo }) {
  const url = smallPicture(photo);
  const [state, setState] = useState({ url, is: "loading" });
  const is = state.url === url ? state.is : "loading";
  if (is === "broken") {
    return html`<span class="hit-broken"><${Slide} name="broken" /><span>${t("picture_gone")}</span><small>${hostOf(photo.url)}</small></span>`;
  }
  return html`<img
    class=${is === "loading" ? "is-loading" : ""}
    src=${url}
    alt=""
    loading="lazy"
    decoding="async"
    draggable=${false}
    referrerpolicy="no-referrer"
    style=${{ backgroundColor: tint(photo.photo_id) }}
    onLoad=${(event) => {
      rememberShape(photo, event.currentTarget);
      setState({ url, is: "loaded" });
    }}
    onError=${() => setState({ url, is: "broken" })}
  />`;
}

/** A quiet colour of its own for each photo, until it is there. */
function tint(photoId) {
  let hash = 0;
  for (let at = 0; at < photoId.length; at += 1) hash = (hash * 31 + photoId.charCodeAt(at)) | 0;
  return `oklch(var(--placeholder-light) 0.025 ${Math.abs(hash) % 360})`;
}
