/** A value that views observe. */

import { useEffect, useState } from "./ui.js";

export function createStore(initial) {
  let value = initial;
  const observers = new Set();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const observer of [...observers]) observer(value);
    },
    update(change) {
      this.set({ ...value, ...change });
    },
    observe(observer) {
      observers.add(observer);
      return () => observers.delete(observer);
    },
  };
}

/** The store's value; the component is drawn again when it changes. */
export function useStore(store) {
  const [, draw] = useState(0);
  useEffect(() => {
    const seen = store.get();
    const stop = store.observe(() => draw((count) => count + 1));
    // It may have changed between the first drawing and this moment.
    if (!Object.is(seen, store.get())) draw((count) => count + 1);
    return stop;
  }, [store]);
  return store.get();
}
