/** The API key: asked for when the API answers 401, kept until the tab is closed. */

import { createStore } from "./store.js";

const NAME = "lichtbild.key";

/** Whether a key is asked for, and whether the last one was refused. */
export const keyPrompt = createStore({ open: false, refused: false });

let waiting = null;

export function currentKey() {
  return sessionStorage.getItem(NAME);
}

/** A promise of another key than `refused`, the one that the API has just refused. */
export function anotherKey(refused) {
  const current = currentKey();
  if (current && current !== refused) return Promise.resolve(current);
  if (!waiting) {
    waiting = Promise.withResolvers ? Promise.withResolvers() : resolvers();
    keyPrompt.set({ open: true, refused: Boolean(refused) });
  }
  return waiting.promise;
}

export function giveKey(key) {
  sessionStorage.setItem(NAME, key);
  keyPrompt.set({ open: false, refused: false });
  waiting?.resolve(key);
  waiting = null;
}

function resolvers() {
  const made = {};
  made.promise = new Promise((resolve) => (made.resolve = resolve));
  return made;
}
