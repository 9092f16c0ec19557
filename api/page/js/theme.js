/** Light or dark: the system's choice until one is made here. */

import { createStore } from "./store.js";

const NAME = "lichtbild.theme";
const THEMES = ["system", "light", "dark"];

export const theme = createStore(localStorage.getItem(NAME) || "system");

export function nextTheme() {
  const chosen = THEMES[(THEMES.indexOf(theme.get()) + 1) % THEMES.length];
  if (chosen === "system") {
    localStorage.removeItem(NAME);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(NAME, chosen);
    document.documentElement.dataset.theme = chosen;
  }
  theme.set(chosen);
}
