/** Starts the page: the head, and the view that the address names. */

import { Header } from "./header.js";
import { language, t } from "./i18n.js";
import { KeyPrompt } from "./key_prompt.js";
import { route } from "./route.js";
import { SearchView } from "./search/view.js";
import { useStore } from "./store.js";
import { html, render, useEffect } from "./ui.js";

function App() {
  const { path, query } = useStore(route);
  const tongue = useStore(language);
  const view = { add: "add", jobs: "jobs", status: "status" }[path.split("/")[0]] ?? "search";
  useEffect(() => void (document.title = view === "search" ? "Lichtbild" : `${t(`view_${view}`)} · Lichtbild`), [view, tongue]);
  return html`<${Header} view=${view} />
    <${SearchView} key=${tongue} query=${query} />
    <${KeyPrompt} />`;
}

render(html`<${App} />`, document.getElementById("app"));
