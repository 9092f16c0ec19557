/** The head of the page: the name, the views, language and theme. */

import { LANGUAGES, chooseLanguage, language, t } from "./i18n.js";
import { Icon } from "./icons.js";
import { useStore } from "./store.js";
import { nextTheme, theme } from "./theme.js";
import { html } from "./ui.js";

const THEME_ICONS = { system: "system", light: "sun", dark: "moon" };

export function Header({ view }) {
  const tongue = useStore(language);
  const shade = useStore(theme);
  const other = Object.keys(LANGUAGES).find((tag) => tag !== tongue);
  const link = (name, path) =>
    html`<a class="nav-link" href=${`#/${path}`} aria-current=${view === name ? "page" : undefined}>${t(`view_${name}`)}</a>`;
  return html`<header class="header">
    <a class="skip" href="#main" onClick=${skip}>${t("skip")}</a>
    <a class="wordmark" href="#/" aria-label=${t("home")}>
      <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false"><rect x="1" y="3" width="30" height="26" rx="5" /><rect class="wordmark-window" x="6" y="9" width="20" height="14" rx="1" /><path d="M10.5 23a5.5 5.5 0 0 1 11 0z" /></svg>
      <span>Lichtbild</span>
    </a>
    <nav class="nav" aria-label=${t("views")}>${link("search", "")}${link("add", "add")}${link("jobs", "jobs")}${link("status", "status")}</nav>
    <div class="header-end">
      <button type="button" class="button is-quiet is-language" lang=${other} aria-label=${LANGUAGES[other]} title=${LANGUAGES[other]} onClick=${() => chooseLanguage(other)}>${other.toUpperCase()}</button>
      <button type="button" class="button is-quiet is-round" aria-label=${t("theme_is", { theme: t(`theme_${shade}`) })} title=${t(`theme_${shade}`)} onClick=${nextTheme}><${Icon} name=${THEME_ICONS[shade]} /></button>
    </div>
  </header>`;
}

/** The address belongs to the search, so the link moves the focus instead of changing it. */
function skip(event) {
  event.preventDefault();
  const main = document.getElementById("main");
  main.tabIndex = -1;
  main.focus();
}
