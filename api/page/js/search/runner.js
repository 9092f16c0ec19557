/**
 * Runs searches: the latest query only, page after page.
 *
 * Each query has a number; an answer with an older number is dropped, and its request aborted. The hits of the last
 * answer stay until the next one is there. What passes by itself (429, 503, no connection) is tried again.
 */

import { ApiProblem, Unreachable, call, post } from "../api.js";
import { createStore } from "../store.js";
import { PAGE, WINDOW, searchBody } from "./search_body.js";
import { searchKey } from "./query_state.js";

const DEBOUNCE_MS = 140;
const SLOW_MS = 1500;
const WAIT_SECONDS = 10;
const RETRY_SECONDS = [1, 2, 4, 8, 15];

/**
 * `key` is the query of the hits; `wanted` the one asked for last. `problem` is null, or why there is no answer; `idle`
 * means that no term is left to search with.
 */
const NOTHING = {
  key: null,
  wanted: null,
  hits: [],
  terms: [],
  photos: 0,
  pending: 0,
  took: 0,
  loading: false,
  slow: false,
  complete: false,
  limited: false,
  idle: false,
  problem: null,
  retryAt: null,
};

export const results = createStore(NOTHING);

let current = { number: 0, state: null, abort: new AbortController() };
let timer = 0;
let retry = 0;

/** Show the hits of `state`, soon; `now` skips the pause that waits for further typing. */
export function search(state, { now = false } = {}) {
  const key = searchKey(state);
  if (key === results.get().wanted) return;
  stop();
  current = { number: current.number + 1, state, abort: new AbortController() };
  results.update({ wanted: key, problem: null, retryAt: null, loading: true, slow: false });
  timer = setTimeout(() => load(current, 0), now ? 0 : DEBOUNCE_MS);
}

/** Forget the hits: nothing is searched. */
export function clear() {
  stop();
  current = { number: current.number + 1, state: null, abort: new AbortController() };
  results.set(NOTHING);
}

export function more() {
  const shown = results.get();
  if (shown.loading || shown.complete || shown.problem || shown.key !== shown.wanted || !current.state) return;
  results.update({ loading: true });
  load(current, shown.next);
}

export function again() {
  const shown = results.get();
  clearTimeout(retry);
  results.update({ problem: null, retryAt: null, loading: true });
  load(current, shown.key === shown.wanted ? shown.next : 0);
}

/** A photo is deleted: it leaves the hits at once. */
export function dropHit(photoId) {
  const shown = results.get();
  const hits = shown.hits.filter((hit) => hit.photo_id !== photoId);
  const gone = shown.hits.length - hits.length;
  results.update({ hits, next: Math.max(0, (shown.next ?? 0) - gone) });
}

addEventListener("online", () => results.get().problem && again());

function stop() {
  clearTimeout(timer);
  clearTimeout(retry);
  current.abort.abort();
}

async function load(run, offset, attempt = 0) {
  const slow = setTimeout(() => isCurrent(run) && results.update({ slow: true }), SLOW_MS);
  try {
    const query = await searchBody(run.state, offset);
    if (!isCurrent(run)) return;
    if (!query) {
      results.set({ ...NOTHING, key: searchKey(run.state), wanted: searchKey(run.state), complete: true, idle: true });
      return;
    }
    const result = await answer(query.body, run.abort.signal);
    if (isCurrent(run)) show(run, query.terms, result, offset);
  } catch (error) {
    if (isCurrent(run) && error.name !== "AbortError") fail(run, offset, error, attempt);
  } finally {
    clearTimeout(slow);
  }
}

const isCurrent = (run) => run.number === current.number;

/** The result of a search job, however long it takes. */
async function answer(body, signal) {
  let job = await post("v1/search", body, { signal, headers: { Prefer: `wait=${WAIT_SECONDS}` } });
  while (job.status === "queued" || job.status === "running") {
    job = await call(`v1/jobs/${job.id}?wait=30`, { signal });
  }
  if (job.status === "succeeded") return job.result;
  throw new ApiProblem(422, { ...job.error, request_id: job.request_id }, 0);
}

function show(run, terms, result, offset) {
  const before = offset ? results.get().hits : [];
  const seen = new Set(before.map((hit) => hit.photo_id));
  // Photos that were stored between two pages may shift hits from one to the next.
  const fresh = result.hits.filter((hit) => !seen.has(hit.photo_id));
  const next = offset + result.hits.length;
  const limited = next >= WINDOW;
  results.set({
    ...NOTHING,
    key: searchKey(run.state),
    wanted: searchKey(run.state),
    hits: [...before, ...fresh],
    terms,
    photos: result.searchable_photos,
    pending: result.pending_photos,
    took: Object.values(result.took_ms).reduce((sum, part) => sum + part, 0),
    next,
    complete: result.hits.length < PAGE || limited,
    limited,
  });
}

function fail(run, offset, error, attempt) {
  const passes = error instanceof Unreachable || error.status === 429 || error.status === 503;
  const seconds = error.retrySeconds || RETRY_SECONDS[Math.min(attempt, RETRY_SECONDS.length - 1)];
  if (!passes) {
    results.set({ ...NOTHING, wanted: results.get().wanted, problem: error });
    return;
  }
  results.update({ loading: false, slow: false, problem: error, retryAt: Date.now() + seconds * 1000 });
  retry = setTimeout(() => {
    if (!isCurrent(run)) return;
    results.update({ loading: true });
    load(run, offset, attempt + 1);
  }, seconds * 1000);
}
