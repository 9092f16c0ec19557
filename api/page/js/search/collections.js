/** The collections, asked for again when a view needs them fresh. */

import { call } from "../api.js";
import { t } from "../i18n.js";
import { createStore, useStore } from "../store.js";
import { html, useEffect } from "../ui.js";

/** `list` is null until the first answer; `problem` is why there is none. */
export const collections = createStore({ list: null, problem: null });

export async function loadCollections() {
  try {
    const { collections: list } = await call("v1/collections");
    collections.set({ list, problem: null });
  } catch (problem) {
    collections.set({ list: collections.get().list, problem });
  }
}

export function useCollections() {
  const known = useStore(collections);
  useEffect(() => void loadCollections(), []);
  useEffect(() => {
    if (!known.problem) return undefined;
    const timer = setTimeout(loadCollections, 3000);
    return () => clearTimeout(timer);
  }, [known]);
  return known;
}

export function CollectionPicker({ list, value, onChoose }) {
  if (!list || (list.length < 2 && list.some(({ name }) => name === value))) return null;
  return html`<label class="picker">
    <span class="is-unseen">${t("collection")}</span>
    <select value=${value} onChange=${(event) => onChoose(event.target.value)}>
      ${!list.some(({ name }) => name === value) && html`<option value=${value}>${value}</option>`}
      ${list.map(({ name }) => html`<option key=${name} value=${name}>${name}</option>`)}
    </select>
  </label>`;
}
