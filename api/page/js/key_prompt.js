/** Asks for the API key when the API wants one. */

import { t } from "./i18n.js";
import { Icon } from "./icons.js";
import { giveKey, keyPrompt } from "./key.js";
import { useStore } from "./store.js";
import { html, useEffect, useRef } from "./ui.js";

export function KeyPrompt() {
  const { open, refused } = useStore(keyPrompt);
  return open ? html`<${Prompt} refused=${refused} />` : null;
}

function Prompt({ refused }) {
  const dialog = useRef(null);
  const input = useRef(null);
  useEffect(() => {
    const element = dialog.current;
    element.showModal();
    return () => element.close();
  }, []);

  function submit(event) {
    event.preventDefault();
    const key = input.current.value.trim();
    if (key) giveKey(key);
  }

  return html`<dialog ref=${dialog} class="prompt" aria-labelledby="key-title" onCancel=${(event) => event.preventDefault()}>
    <form onSubmit=${submit}>
      <h2 id="key-title"><${Icon} name="key" />${t("key_title")}</h2>
      <p id="key-how">${t("key_how")}</p>
      ${refused && html`<p class="is-wrong" role="alert">${t("key_refused")}</p>`}
      <input ref=${input} type="password" autocomplete="off" required aria-label=${t("key")} aria-describedby="key-how" />
      <button class="button is-primary">${t("key_use")}</button>
    </form>
  </dialog>`;
}
