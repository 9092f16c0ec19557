/** Starts the page: the head, and the view that the address names. */

import { AddView } from "./add/view.js";
import { Header } from "./header.js";
import { language, t } from "./i18n.js";
import { JobsView } from "./jobs/view.js";
import { KeyPrompt } from "./key_prompt.js";
import { route } from "./route.js";
import { SearchView } from "./search/view.js";
import { StatusView } from "./status/view.js";
import { useStore } from "./store.js";
import { html, render, useEffect } from "./ui.js";

const VIEWS = { search: SearchView, add: AddView, jobs: JobsView, status: StatusView };

function App() {
  const { path, query } = useStore(route);
  const tongue = useStore(language);
  const first = path.split("/")[0];
  const view = Object.hasOwn(VIEWS, first) ? first : "search";
  useEffect(() => void (document.title = view === "search" ? "Lichtbild" : `${t(`view_${view}`)} · Lichtbild`), [view, tongue]);
  return html`<${Header} view=${view} />
    <${VIEWS[view]} key=${`${view} ${tongue}`} path=${path} query=${query} />
    <${KeyPrompt} />`;
}

render(html`<${App} />`, document.getElementById("app"));
