/** Conditions on attributes, built from what the collection's photos have. */

import { call } from "../api.js";
import { number, t } from "../i18n.js";
import { html, useEffect, useState } from "../ui.js";

const SHOWN = 8;
const MAX_FACETS = 24;
/** Attributes whose values are nearly all different, such as descriptions, make no useful choice. */
const MAX_DISTINCT = 200;

const known = new Map();

/** The attributes of a collection: null until they are there; asked for once per visit. */
export function useFacets(collection, wanted) {
  const [facets, setFacets] = useState(known.get(collection) ?? null);
  useEffect(() => {
    setFacets(known.get(collection) ?? null);
    if (!wanted || known.has(collection)) return undefined;
    const abort = new AbortController();
    call(`v1/collections/${encodeURIComponent(collection)}/attributes`, { signal: abort.signal }).then(
      (answer) => (known.set(collection, answer), setFacets(answer)),
      () => {}, // The panel then has no facets; the search itself shows what is wrong.
    );
    return () => abort.abort();
  }, [collection, wanted]);
  return facets;
}

export function Facets({ facets, filters, onFilters }) {
  const useful = facets.attributes.filter(isUseful).slice(0, MAX_FACETS);
  if (!useful.length) return null;
  const sampled = facets.sampled_photos < facets.photos;
  return html`<div class="facets">
    ${useful.map((facet) => (isRange(facet) ? html`<${Range} key=${facet.name} facet=${facet} filters=${filters} onFilters=${onFilters} />` : html`<${Values} key=${facet.name} facet=${facet} filters=${filters} onFilters=${onFilters} />`))}
    ${sampled && html`<p class="facets-note">${t("facets_sampled", { count: facets.sampled_photos })}</p>`}
  </div>`;
}

const isRange = (facet) => facet.kind === "number" && facet.distinct_values > 12 && facet.min !== facet.max;

function isUseful(facet) {
  if (isRange(facet)) return true;
  return facet.values.length > 0 && facet.distinct_values > 1 && facet.distinct_values <= MAX_DISTINCT;
}

/** The most frequent values, each of which can be chosen; several mean any of them. */
function Values({ facet, filters, onFilters }) {
  const [all, setAll] = useState(false);
  const chosen = chosenValues(filters, facet.name);
  const isChosen = (value) => chosen.includes(value);
  const toggle = (value) => onFilters(withValues(filters, facet.name, isChosen(value) ? chosen.filter((one) => one !== value) : [...chosen, value]));
  const values = all ? facet.values : facet.values.slice(0, SHOWN);
  return html`<fieldset class="facet">
    <legend>${facet.name}</legend>
    <ul>
      ${values.map(({ value, photos }) => html`<li key=${String(value)}><button type="button" class="value" aria-pressed=${isChosen(value)} onClick=${() => toggle(value)}>${String(value)}<small>${number(photos)}</small></button></li>`)}
      ${facet.values.length > SHOWN && html`<li><button type="button" class="value is-more" aria-expanded=${all} onClick=${() => setAll(!all)}>${all ? t("fewer_values") : t("more_values", { count: facet.values.length - SHOWN })}</button></li>`}
    </ul>
  </fieldset>`;
}

function Range({ facet, filters, onFilters }) {
  const bound = (op) => filters.find((filter) => filter.name === facet.name && filter.op === op)?.value ?? "";
  const set = (op, text) => {
    const others = filters.filter((filter) => filter.name !== facet.name || filter.op !== op);
    onFilters(text === "" || Number.isNaN(Number(text)) ? others : [...others, { name: facet.name, op, value: Number(text) }]);
  };
  const field = (op, placeholder, label) =>
    html`<input type="number" step="any" class="field" value=${bound(op)} placeholder=${String(placeholder)} aria-label=${t(label, { name: facet.name })} onChange=${(event) => set(op, event.target.value)} />`;
  return html`<fieldset class="facet"><legend>${facet.name}</legend><div class="range">${field("gte", facet.min, "at_least")}<span aria-hidden="true">–</span>${field("lte", facet.max, "at_most")}</div></fieldset>`;
}

const isOfValues = (filter, name) => filter.name === name && (filter.op === "eq" || filter.op === "in");

function chosenValues(filters, name) {
  const filter = filters.find((one) => isOfValues(one, name));
  if (!filter) return [];
  return filter.op === "in" ? filter.value : [filter.value];
}

function withValues(filters, name, values) {
  const others = filters.filter((filter) => !isOfValues(filter, name));
  if (!values.length) return others;
  return [...others, values.length === 1 ? { name, op: "eq", value: values[0] } : { name, op: "in", value: values }];
}
