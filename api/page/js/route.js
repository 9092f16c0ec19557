/**
 * The address: `#/PATH?PARAMETERS`. What follows `#` stays in the browser, so a query is in no server's log, and the
 * page works below any prefix of a proxy.
 */

import { createStore } from "./store.js";

export const route = createStore(read());

function read() {
  const [path, query = ""] = decodePath(location.hash.replace(/^#\/?/, ""));
  return { path, query: new URLSearchParams(query) };
}

function decodePath(text) {
  const at = text.indexOf("?");
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

export function address(path, query) {
  const text = query?.toString() ?? "";
  return `#/${path}${text ? `?${text}` : ""}`;
}

/**
 * Go to an address; `replace` changes the present entry of the history instead of adding one. `mark` is kept with the
 * entry, as `history.state.mark`.
 */
export function go(hash, { replace = false, mark = null } = {}) {
  if (hash === (location.hash || "#/")) return;
  history.replaceState({ ...history.state, scroll: scrollY }, "");
  if (replace) history.replaceState({ ...history.state, mark: mark ?? history.state?.mark }, "", hash);
  else history.pushState({ mark, scroll: 0 }, "", hash);
  route.set(read());
}

addEventListener("popstate", () => route.set(read()));
addEventListener("hashchange", () => route.set(read()));
history.scrollRestoration = "manual";

/** Links of the page change the address without a request. */
addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#/"]');
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go(link.getAttribute("href"), { mark: link.dataset.mark ?? null });
});
