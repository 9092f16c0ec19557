/**
 * What is searched, as it stands in the address.
 *
 * A term is `{kind, value, weight}`; kinds as in the API: `text`, `image_url`, `photo_id`, and `image`, whose value names
 * a picture of `pictures.js`. Plain values in and out; nothing here touches the page.
 */

export const MIN_WEIGHT = -1;
export const MAX_WEIGHT = 2;

/** Near-duplicates are folded up to this cosine distance unless the address says otherwise. */
export const FOLD = 0.01;

export const EMPTY = Object.freeze({
  terms: [],
  draft: "",
  collection: "photos",
  filters: [],
  maxDistance: null,
  fold: FOLD,
  exact: false,
  open: null,
});

const KINDS = { text: "text", image_url: "url", photo_id: "photo", image: "picture" };
const KIND_OF = Object.fromEntries(Object.entries(KINDS).map(([kind, name]) => [name, kind]));

export function parseState(query) {
  const terms = [];
  for (const [name, value] of query) if (name in KIND_OF) terms.push({ kind: KIND_OF[name], value, weight: 1 });
  (query.get("weights") || "").split(",").forEach((weight, index) => {
    if (terms[index] && weight !== "") terms[index].weight = clampWeight(Number(weight) || 0);
  });
  return {
    terms,
    draft: query.get("draft") ?? "",
    collection: query.get("collection") || EMPTY.collection,
    filters: query.getAll("where").map(parseFilter).filter(Boolean),
    maxDistance: positive(query.get("within")),
    fold: query.has("fold") ? positive(query.get("fold")) : FOLD,
    exact: query.has("exact"),
    open: query.get("open"),
  };
}

export function formatState(state) {
  const query = new URLSearchParams();
  for (const { kind, value } of state.terms) query.append(KINDS[kind], value);
  if (state.terms.some(({ weight }) => weight !== 1)) {
    query.set("weights", state.terms.map(({ weight }) => String(weight)).join(","));
  }
  if (state.draft) query.set("draft", state.draft);
  if (state.collection !== EMPTY.collection) query.set("collection", state.collection);
  for (const filter of state.filters) query.append("where", JSON.stringify(filter));
  if (state.maxDistance !== null) query.set("within", String(state.maxDistance));
  if (state.fold !== FOLD) query.set("fold", state.fold === null ? "off" : String(state.fold));
  if (state.exact) query.set("exact", "1");
  if (state.open !== null) query.set("open", state.open);
  return query;
}

export const clampWeight = (weight) => Math.round(Math.min(MAX_WEIGHT, Math.max(MIN_WEIGHT, weight)) * 10) / 10;

/** The state with `change` to the weight of a photo's term, which is added if it is missing. */
export function nudgePhoto(state, photoId, change) {
  const index = state.terms.findIndex(({ kind, value }) => kind === "photo_id" && value === photoId);
  if (index < 0) return { ...state, terms: [...settled(state), { kind: "photo_id", value: photoId, weight: change }], draft: "" };
  const terms = state.terms.map((term, at) =>
    at === index ? { ...term, weight: clampWeight(term.weight + change) } : term,
  );
  return { ...state, terms };
}

/** The terms, with the text that is being typed as the last one. */
export function settled({ terms, draft }) {
  return draft.trim() ? [...terms, { kind: "text", value: draft.trim(), weight: 1 }] : terms;
}

/** The terms that count. */
export const activeTerms = (state) => settled(state).filter(({ weight }) => weight !== 0);

/** What the hits depend on: two states with the same key have the same hits. */
export function searchKey(state) {
  return formatState({ ...state, terms: activeTerms(state), draft: "", open: null }).toString();
}

/** The API's `filter` for the chosen conditions: `{name, op, value}`, of which all must hold. */
export function filterBody(filters) {
  const conditions = filters.map(({ name, op, value }) => ({ [name]: op === "eq" ? value : { [op]: value } }));
  if (!conditions.length) return undefined;
  return conditions.length === 1 ? conditions[0] : { and: conditions };
}

function parseFilter(text) {
  try {
    const { name, op, value } = JSON.parse(text);
    return typeof name === "string" && typeof op === "string" ? { name, op, value } : null;
  } catch {
    return null;
  }
}

function positive(text) {
  const value = Number.parseFloat(text);
  return value >= 0 ? value : null;
}
