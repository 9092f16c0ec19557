/** Where nothing is searched yet: random photos to start from, and queries that work with the demo's photos. */

import { call } from "../api.js";
import { t } from "../i18n.js";
import { html, useEffect, useState } from "../ui.js";
import { Grid } from "./grid.js";
import { keepPhotos } from "./photos.js";

const COUNT = 24;
const DEMO_MODEL = "lichtbild-demo";
const SAMPLES = ["a man standing on the beach", "two red boats at sunset", "a cat in the snow", "balloons over the mountains", "a house in the forest at night"];

const drawn = new Map();

/** Photos drawn at random, the same ones until the page is loaded again or `again` is called. */
export function useRandomPhotos(collection, wanted) {
  const [photos, setPhotos] = useState(drawn.get(collection) ?? []);
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (!wanted || drawn.has(collection)) return setPhotos(drawn.get(collection) ?? []);
    const abort = new AbortController();
    drawPhotos(collection, abort.signal).then(
      (found) => {
        drawn.set(collection, found);
        keepPhotos(found, collection);
        setPhotos(found);
      },
      () => {}, // The state of the page shows what is wrong.
    );
    return () => abort.abort();
  }, [collection, wanted, round]);
  return [photos, () => (drawn.delete(collection), setRound(round + 1))];
}

async function drawPhotos(collection, signal) {
  const query = new URLSearchParams({ collection, count: COUNT });
  return (await call(`v1/photos/random?${query}`, { signal })).photos;
}

export function Lead() {
  return html`<div class="lead">
    <h1>${t("lead")}</h1>
    <p>${t("lead_how")}</p>
  </div>`;
}

/** Queries that the demo's model understands and its photos answer. */
export function Samples({ collection, onSample }) {
  if (!collection?.model.startsWith(DEMO_MODEL)) return null;
  return html`<ul class="samples" aria-label=${t("samples")}>
    ${SAMPLES.map((sample) => html`<li key=${sample}><button type="button" class="sample" lang="en" onClick=${() => onSample(sample)}>${sample}</button></li>`)}
  </ul>`;
}

export function RandomPhotos({ photos, hrefOf, onNudge }) {
  return html`<${Grid} name=${t("random_photos")} hits=${photos} open=${false} hrefOf=${hrefOf} onNudge=${onNudge} withFoot=${false} />`;
}
