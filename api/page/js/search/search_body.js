/** From the state of a search to the body of `POST /v1/search`. */

import { activeTerms, filterBody } from "./query_state.js";
import { base64Of, findPicture } from "./pictures.js";

export const PAGE = 40;
/** `offset + top_k` is at most this. */
export const WINDOW = 5000;

/**
 * `{body, terms}`: the body, and the terms in it, in their order; or null if no term is left, because all are switched
 * off, or their pictures are not in this browser.
 */
export async function searchBody(state, offset) {
  const sent = [];
  const terms = [];
  for (const term of activeTerms(state)) {
    const written = await writeTerm(term);
    if (!written) continue;
    sent.push(term);
    terms.push(written);
  }
  if (!terms.length) return null;
  const body = { terms, top_k: Math.min(PAGE, WINDOW - offset), offset, collection: state.collection };
  const filter = filterBody(state.filters);
  if (filter) body.filter = filter;
  if (state.maxDistance !== null) body.max_distance = state.maxDistance;
  if (state.fold !== null) body.group_distance = state.fold;
  if (state.exact) body.exact = true;
  return { body, terms: sent };
}

async function writeTerm({ kind, value, weight }) {
  if (kind !== "image") return { [kind]: value, weight };
  const picture = await findPicture(value);
  return picture && { image: await base64Of(picture.blob), weight };
}
