/** A term of the query as a chip: what it is, its weight (a slider), and a button that removes it. */

import { number, t } from "../i18n.js";
import { Icon } from "../icons.js";
import { html, useEffect, useRef, useState } from "../ui.js";
import { findPicture, pictureInMemory } from "./pictures.js";
import { MAX_WEIGHT, MIN_WEIGHT, clampWeight } from "./query_state.js";
import { usePhoto } from "./photos.js";
import { smallPicture } from "./shapes.js";
import { hostOf, photoName } from "./naming.js";

const PIXELS_PER_STEP = 7;
const STEPS = { ArrowLeft: -0.1, ArrowDown: -0.1, ArrowRight: 0.1, ArrowUp: 0.1, PageDown: -0.5, PageUp: 0.5 };

export function Chip({ term, collection, onWeight, onRemove, onEdit }) {
  const drag = useDrag(term.weight, onWeight);
  const { name, picture, missing } = useLook(term, collection);
  const { weight } = term;

  function keyDown(event) {
    if (event.key in STEPS) onWeight(clampWeight(weight + STEPS[event.key]));
    else if (event.key === "Home") onWeight(MIN_WEIGHT);
    else if (event.key === "End") onWeight(MAX_WEIGHT);
    else if (event.key === "Delete" || event.key === "Backspace") onRemove();
    else if (event.key === "Enter" && term.kind === "text") onEdit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const classes = ["chip", weight < 0 && "is-negative", weight === 0 && "is-off", missing && "is-missing"];
  return html`<li class=${classes.filter(Boolean).join(" ")}>
    <span
      class="chip-body"
      role="slider"
      tabindex="0"
      aria-label=${t("weight_of", { name })}
      aria-valuemin=${MIN_WEIGHT}
      aria-valuemax=${MAX_WEIGHT}
      aria-valuenow=${weight}
      aria-valuetext=${signed(weight)}
      title=${missing ? t("picture_not_here") : t("drag_to_weigh")}
      onKeyDown=${keyDown}
      onDblClick=${() => term.kind === "text" && onEdit()}
      ...${drag}
    >
      <${Fill} weight=${weight} />
      ${picture
        ? html`<img class="chip-picture" src=${picture} alt="" draggable=${false} referrerpolicy="no-referrer" />`
        : term.kind !== "text" && html`<span class="chip-picture is-empty"><${Icon} name="picture" /></span>`}
      <span class="chip-name">${missing ? t("picture_missing") : name}</span>
      ${!missing && html`<span class="chip-weight">${signed(weight)}</span>`}
    </span>
    <button type="button" class="chip-remove" aria-label=${t("remove", { name })} onClick=${onRemove}><${Icon} name="close" /></button>
  </li>`;
}

/** The weight as a filled part of the chip: to the right of zero, or to its left. */
function Fill({ weight }) {
  const zero = -MIN_WEIGHT / (MAX_WEIGHT - MIN_WEIGHT);
  const at = (weight - MIN_WEIGHT) / (MAX_WEIGHT - MIN_WEIGHT);
  const style = { left: `${Math.min(zero, at) * 100}%`, width: `${Math.abs(at - zero) * 100}%` };
  return html`<span class="chip-scale" aria-hidden="true"><i style=${style}></i></span>`;
}

export const signed = (weight) => (weight < 0 ? `−${number(-weight, 1)}` : number(weight, 1));

/** `{name, picture, missing}` of a term. */
function useLook({ kind, value }, collection) {
  const photo = usePhoto(kind === "photo_id" ? value : null, collection);
  const [picture, setPicture] = useState(() => (kind === "image" ? pictureInMemory(value) : null));
  const [missing, setMissing] = useState(false);
  useEffect(() => {
    if (kind !== "image") return undefined;
    let current = true;
    findPicture(value).then((found) => {
      if (!current) return;
      setPicture(found);
      setMissing(!found);
    });
    return () => (current = false);
  }, [kind, value]);
  if (kind === "text") return { name: value };
  if (kind === "image_url") return { name: hostOf(value) || value, picture: value };
  if (kind === "image") return { name: picture?.name || t("a_picture"), picture: picture?.url, missing };
  return { name: photo ? photoName(photo) : value, picture: photo && smallPicture(photo) };
}

/** Pointer handlers that turn a sideways drag into a weight. */
function useDrag(weight, onWeight) {
  const start = useRef(null);
  return {
    onPointerDown(event) {
      if (event.button) return;
      start.current = { x: event.clientX, weight };
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove(event) {
      if (!start.current) return;
      const steps = Math.round((event.clientX - start.current.x) / PIXELS_PER_STEP);
      const next = clampWeight(start.current.weight + steps / 10);
      if (next !== weight) onWeight(next);
    },
    onPointerUp: () => (start.current = null),
    onPointerCancel: () => (start.current = null),
  };
}
