/** The page's language: the browser's, or the one chosen here. Texts in `messages/`, numbers and dates by `Intl`. */

import { createStore } from "./store.js";
import de from "./messages/de.js";
import en from "./messages/en.js";

const NAME = "lichtbild.language";
const MESSAGES = { en, de };
export const LANGUAGES = { en: "English", de: "Deutsch" };

export const language = createStore(localStorage.getItem(NAME) || preferred());
apply();

function preferred() {
  for (const tag of navigator.languages) {
    const base = tag.slice(0, 2).toLowerCase();
    if (base in MESSAGES) return base;
  }
  return "en";
}

export function chooseLanguage(chosen) {
  localStorage.setItem(NAME, chosen);
  language.set(chosen);
  apply();
}

function apply() {
  document.documentElement.lang = language.get();
}

/**
 * The text of `key`. `{name}` is replaced by `values.name`, numbers in the language's form. A text with plural forms is
 * chosen by `values.count`.
 */
export function t(key, values = {}) {
  const message = MESSAGES[language.get()][key];
  if (message === undefined) throw new Error(`no message ${key} in ${language.get()}`);
  const text = typeof message === "string" ? message : (message[plural(values.count)] ?? message.other);
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : String(value);
  });
}

/** The text of `key` if there is one, else `otherwise`: for codes that the API may add. */
export function known(key, otherwise) {
  return key in MESSAGES[language.get()] ? t(key) : otherwise;
}

const made = new Map();

/** `Intl` formatters are expensive to make and cheap to keep. */
function formatter(kind, options) {
  const name = `${language.get()} ${kind} ${JSON.stringify(options)}`;
  if (!made.has(name)) made.set(name, new Intl[kind](language.get(), options));
  return made.get(name);
}

const plural = (count) => formatter("PluralRules", {}).select(count);

export const number = (value, digits = 0) =>
  formatter("NumberFormat", { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);

export const percent = (share) =>
  formatter("NumberFormat", { style: "percent", maximumFractionDigits: share > 0 && share < 0.1 ? 1 : 0 }).format(share);

export const dateTime = (iso) =>
  formatter("DateTimeFormat", { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));

/** "5 minutes ago". */
export function ago(iso) {
  const seconds = (Date.parse(iso) - Date.now()) / 1000;
  const relative = formatter("RelativeTimeFormat", { numeric: "auto" });
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  }
  return relative.format(Math.min(0, Math.round(seconds)), "second");
}

/** "2 min 5 s", from seconds. */
export function duration(seconds) {
  const unit = (value, name) =>
    formatter("NumberFormat", { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: 0 }).format(value);
  if (seconds < 90) return unit(Math.round(seconds), "second");
  if (seconds < 5400) return unit(Math.round(seconds / 60), "minute");
  return `${unit(Math.floor(seconds / 3600), "hour")} ${unit(Math.round((seconds % 3600) / 60), "minute")}`;
}

export function bytes(count) {
  for (const [name, size] of [["gigabyte", 1e9], ["megabyte", 1e6]]) {
    if (count >= size) return sized(count / size, name);
  }
  return sized(count / 1e3, "kilobyte");
}

const sized = (value, unit) =>
  formatter("NumberFormat", { style: "unit", unit, unitDisplay: "short", maximumSignificantDigits: 3 }).format(value);
