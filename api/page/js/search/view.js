/** The search: bar, grid and sheet, all drawn from the address. */

import { t } from "../i18n.js";
import { Icon } from "../icons.js";
import { address, go } from "../route.js";
import { useStore } from "../store.js";
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../ui.js";
import { Bar } from "./bar.js";
import { CollectionPicker, useCollections } from "./collections.js";
import { useDrop } from "./drop.js";
import { FilterChips } from "./filter_chips.js";
import { Grid } from "./grid.js";
import { Options, optionsSet } from "./options.js";
import { keepPhotos } from "./photos.js";
import { formatState, nudgePhoto, parseState, searchKey, settled } from "./query_state.js";
import { again, clear, dropHit, more, results as resultStore, search } from "./runner.js";
import { Lead, RandomPhotos, Samples, useRandomPhotos } from "./start.js";
import { Sheet } from "./sheet.js";
import { Empty, Skeleton, Slow, Summary, Trouble } from "./states.js";

const COALESCE_MS = 1500;

export function SearchView({ query }) {
  const state = useMemo(() => parseState(query), [query]);
  const results = useStore(resultStore);
  const { list, problem: collectionsProblem } = useCollections();
  const [optionsOpen, setOptionsOpen] = useState(false);
  const change = useChange(state);
  const searching = settled(state).length > 0;
  const [random, drawAgain] = useRandomPhotos(state.collection, !searching && list?.some(({ name }) => name === state.collection));
  const over = useDrop((terms) => change({ ...state, terms: [...settled(state), ...terms], draft: "", open: null }));

  useSearch(state, searching);
  useScroll(results.key);
  useEffect(() => keepPhotos(results.hits.flatMap((hit) => [hit, ...(hit.similar ?? [])]), state.collection), [results.hits]);

  const hrefOf = useCallback((hit) => address("", formatState({ ...state, open: hit.photo_id })), [state]);
  const nudge = useCallback((hit, by) => change({ ...nudgePhoto(state, hit.photo_id, by), open: null }), [state]);
  const collection = list?.find(({ name }) => name === state.collection);
  const hits = searching ? results.hits : random;

  return html`<main class=${searching ? "search" : "search is-start"} id="main">
    ${searching ? html`<h1 class="is-unseen">${t("hits")}</h1>` : html`<${Lead} />`}
    <div class="bar-place" key="bar">
      <${Bar} state=${state} onChange=${change} large=${!searching} optionsOpen=${optionsOpen}
        optionsCount=${optionsSet(state)} onOptions=${() => setOptionsOpen(!optionsOpen)} />
      ${optionsOpen && html`<${Options} state=${state} onChange=${change} />`}
      <i class=${results.loading ? "thread is-moving" : "thread"} aria-hidden="true"></i>
    </div>
    <div class="tools" key="tools">
      ${!searching && html`<${Samples} collection=${collection} onSample=${(text) => change({ ...state, terms: [{ kind: "text", value: text, weight: 1 }] })} />`}
      ${searching ? html`<${Summary} results=${results} />` : random.length > 0 && html`<button type="button" class="button is-quiet" onClick=${drawAgain}><${Icon} name="dice" />${t("other_photos")}</button>`}
      <${FilterChips} state=${state} onChange=${change} waiting=${!searching} />
      <${CollectionPicker} list=${list} value=${state.collection} onChoose=${(name) => change({ ...state, collection: name, open: null })} />
    </div>
    <div class="found" key="found" aria-busy=${results.loading}>
      ${searching
        ? html`<${Found} state=${state} results=${results} hrefOf=${hrefOf} nudge=${nudge} change=${change} />`
        : html`<${Beginning} state=${state} list=${list} problem=${collectionsProblem} photos=${random} hrefOf=${hrefOf} nudge=${nudge} />`}
    </div>
    ${state.open !== null &&
    html`<${Sheet} photoId=${state.open} collection=${state.collection} terms=${results.terms} hits=${hits}
      onClose=${() => close(state)} onOpen=${(photoId) => go(address("", formatState({ ...state, open: photoId })), { replace: true })}
      onNudge=${nudge}
      onAlike=${(photo) => change({ ...state, terms: [{ kind: "photo_id", value: photo.photo_id, weight: 1 }], draft: "", open: null })}
      onFilter=${(filter) => change({ ...state, filters: [...state.filters.filter(({ name }) => name !== filter.name), filter], open: null })}
      onDeleted=${(photoId) => (dropHit(photoId), close(state))} />`}
    ${over && html`<div class="drop-over" aria-hidden="true"><div><${Icon} name="picture" /><p>${t("drop_here")}</p></div></div>`}
  </main>`;
}

/** Changes of the state: each is an entry of the history, but typing and dragging are one. */
function useChange(state) {
  const last = useRef(0);
  return (next, { replace = false, coalesce = false } = {}) => {
    const flowing = (replace || coalesce) && Date.now() - last.current < COALESCE_MS;
    const sameHits = searchKey(next) === searchKey(state) && next.open === state.open;
    last.current = replace || coalesce ? Date.now() : 0;
    go(address("", formatState(next)), { replace: flowing || sameHits });
  };
}

function useSearch(state, searching) {
  const first = useRef(true);
  const key = searchKey(state);
  useEffect(() => {
    if (searching) search(state, { now: first.current });
    else clear();
    first.current = false;
  }, [key, searching]);
}

/** Other hits begin at the top; those that one goes back to, where they were left. */
function useScroll(key) {
  const restore = useRef(history.state?.scroll ?? 0);
  useEffect(() => {
    const remember = () => (restore.current = history.state?.scroll ?? 0);
    addEventListener("popstate", remember);
    return () => removeEventListener("popstate", remember);
  }, []);
  const before = useRef(undefined);
  useEffect(() => {
    if (before.current === key) return;
    before.current = key;
    scrollTo(0, restore.current);
    restore.current = 0;
  }, [key]);
}

/** Back to where the sheet was opened from; an address with a sheet may have been opened directly. */
function close(state) {
  if (history.state?.mark === "sheet") history.back();
  else go(address("", formatState({ ...state, open: null })), { replace: true });
}

function Found({ state, results, hrefOf, nudge, change }) {
  const { hits, loading, problem, slow, complete, limited, key, wanted } = results;
  const isOld = key !== wanted && hits.length > 0;
  const trouble = problem && html`<${Trouble} problem=${problem} retryAt=${results.retryAt} onAgain=${again} />`;
  if (!hits.length) {
    if (problem) return trouble;
    if (loading || key === null) return html`${slow && html`<${Slow} />`}<${Skeleton} />`;
    return html`<${NoHits} idle=${results.idle} state=${state} change=${change} />`;
  }
  return html`${trouble}${slow && !problem && html`<${Slow} />`}
    <div class=${isOld ? "is-old" : ""}>
      <${Grid} name=${t("hits")} hits=${hits} open=${!complete} hrefOf=${hrefOf} onNudge=${nudge} onNearEnd=${more} />
    </div>
    ${complete && !isOld && html`<p class="end">${limited ? t("end_limited") : t("end", { count: hits.length })}</p>`}`;
}

function NoHits({ idle, state, change }) {
  if (idle) return html`<${Empty} title=${t("all_off")}><p>${t("all_off_how")}</p><//>`;
  const narrowed = state.filters.length > 0 || state.maxDistance !== null;
  return html`<${Empty} title=${t("no_hits")}>
    <p>${narrowed ? t("no_hits_narrowed") : t("no_hits_how")}</p>
    ${narrowed && html`<button type="button" class="button is-primary" onClick=${() => change({ ...state, filters: [], maxDistance: null })}>${t("widen")}</button>`}
  <//>`;
}

function Beginning({ state, list, problem, photos, hrefOf, nudge }) {
  if (!list) return problem ? html`<${Trouble} problem=${problem} onAgain=${() => location.reload()} />` : html`<${Skeleton} />`;
  const known = list.find(({ name }) => name === state.collection);
  if (!known || known.photos === 0) {
    return html`<${Empty} title=${t("nothing_yet")} slide="sun">
      <p>${t("nothing_yet_how")}</p>
      <a class="button is-primary" href="#/add"><${Icon} name="upload" />${t("add_photos")}</a>
    <//>`;
  }
  if (!photos.length) return html`<${Skeleton} />`;
  return html`<${RandomPhotos} photos=${photos} hrefOf=${hrefOf} onNudge=${nudge} />`;
}
