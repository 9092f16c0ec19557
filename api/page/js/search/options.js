/** Behind the bar's last button: filters by attributes, exact search, the largest distance, folding of near-duplicates. */

import { number, t } from "../i18n.js";
import { html } from "../ui.js";
import { Facets, useFacets } from "./facets.js";
import { EMPTY, FOLD } from "./query_state.js";

const FOLDS = [
  ["off", null],
  ["same", 0],
  ["alike", FOLD],
  ["wide", 0.05],
];

export function optionsSet(state) {
  return state.filters.length + Number(state.exact) + Number(state.maxDistance !== null) + Number(state.fold !== EMPTY.fold);
}

export function Options({ state, onChange }) {
  const facets = useFacets(state.collection, true);
  const within = state.maxDistance ?? 2;
  const set = (change) => onChange({ ...state, ...change }, { coalesce: true });
  return html`<section class="options" id="options" aria-label=${t("options")}>
    ${facets && html`<${Facets} facets=${facets} filters=${state.filters} onFilters=${(filters) => set({ filters })} />`}
    <div class="settings">
    <label class="option">
      <span>${t("max_distance")} <output>${state.maxDistance === null ? t("any") : number(state.maxDistance, 2)}</output></span>
      <input type="range" min="0" max="2" step="0.05" value=${within}
        onInput=${(event) => set({ maxDistance: Number(event.target.value) >= 2 ? null : Number(event.target.value) })} />
    </label>
    <label class="option">
      <span>${t("fold")}</span>
      <select value=${nameOf(state.fold)} onChange=${(event) => set({ fold: Object.fromEntries(FOLDS)[event.target.value] })}>
        ${FOLDS.map(([name]) => html`<option key=${name} value=${name}>${t(`fold_${name}`)}</option>`)}
        ${!FOLDS.some(([, value]) => value === state.fold) && html`<option value="other">${number(state.fold, 3)}</option>`}
      </select>
    </label>
    <label class="option is-check">
      <input type="checkbox" checked=${state.exact} onChange=${(event) => set({ exact: event.target.checked })} />
      <span>${t("exact")}<small>${t("exact_means")}</small></span>
    </label>
    </div>
  </section>`;
}

const nameOf = (fold) => FOLDS.find(([, value]) => value === fold)?.[0] ?? "other";
