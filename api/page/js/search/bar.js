/** The search bar: the terms as chips, the text that is being typed, pictures by pick, paste or drop. */

import { t } from "../i18n.js";
import { Icon } from "../icons.js";
import { html, useEffect, useRef } from "../ui.js";
import { Chip } from "./chip.js";
import { keepPicture } from "./pictures.js";
import { settled } from "./query_state.js";

const MAX_TERMS = 16;

export function Bar({ state, onChange, onOptions, optionsOpen, optionsCount, large }) {
  const input = useRef(null);
  const file = useRef(null);
  useSlash(input);
  usePaste((term) => add(term));
  const latest = useRef(state);
  latest.current = state;

  function add(...terms) {
    const now = latest.current;
    onChange({ ...now, terms: [...settled(now), ...terms].slice(0, MAX_TERMS), draft: "", open: null });
  }

  function submit(event) {
    event.preventDefault();
    const text = state.draft.trim();
    if (!text) return;
    const term = isWebAddress(text) ? { kind: "image_url", value: text, weight: 1 } : { kind: "text", value: text, weight: 1 };
    onChange({ ...state, terms: [...state.terms, term], draft: "" });
  }

  function change(at, term) {
    onChange({ ...state, terms: state.terms.map((old, index) => (index === at ? term : old)) }, { replace: true });
  }

  function remove(at) {
    onChange({ ...state, terms: state.terms.filter((_, index) => index !== at) });
    input.current.focus();
  }

  function edit(at) {
    const text = state.terms[at].value;
    onChange({ ...state, terms: state.terms.filter((_, index) => index !== at), draft: text });
    input.current.focus();
  }

  function keyDown(event) {
    if (event.key === "Backspace" && !state.draft && state.terms.length) {
      remove(state.terms.length - 1);
      event.preventDefault();
    } else if (event.key === "Escape" && state.draft) {
      onChange({ ...state, draft: "" }, { replace: true });
      event.stopPropagation();
    } else if (event.key === "ArrowDown") {
      document.querySelector(".hit-link[tabindex='0']")?.focus();
      event.preventDefault();
    }
  }

  async function picked(event) {
    const files = [...event.target.files];
    event.target.value = "";
    add(...(await pictureTerms(files)));
  }

  return html`<form class=${large ? "bar is-large" : "bar"} role="search" aria-label=${t("search")} onSubmit=${submit}>
    <div class="bar-field" onClick=${(event) => event.target === event.currentTarget && input.current.focus()}>
      <${Icon} name="search" />
      ${state.terms.length > 0 &&
      html`<ul class="chips" aria-label=${t("terms")}>
        ${state.terms.map(
          (term, at) =>
            html`<${Chip} key=${`${term.kind} ${term.value} ${at}`} term=${term} collection=${state.collection}
              onWeight=${(weight) => change(at, { ...term, weight })} onRemove=${() => remove(at)} onEdit=${() => edit(at)} />`,
        )}
      </ul>`}
      <input
        ref=${input}
        class="bar-input"
        type="text"
        enterkeyhint="search"
        autocomplete="off"
        spellcheck=${false}
        maxlength="1000"
        aria-label=${t("search_text")}
        placeholder=${state.terms.length ? t("add_term") : t(innerWidth < 620 ? "describe_short" : "describe")}
        value=${state.draft}
        onInput=${(event) => onChange({ ...state, draft: event.target.value }, { replace: true })}
        onKeyDown=${keyDown}
      />
      ${!state.terms.length && !state.draft && html`<kbd class="bar-hint" aria-hidden="true">/</kbd>`}
    </div>
    <button type="button" class="bar-button" aria-label=${t("pick_picture")} title=${t("pick_picture")} onClick=${() => file.current.click()}><${Icon} name="picture" /></button>
    <button type="button" class=${`bar-button${optionsOpen ? " is-open" : ""}`} aria-expanded=${optionsOpen} aria-controls="options"
      aria-label=${optionsCount ? t("options_set", { count: optionsCount }) : t("options")} title=${t("options")} onClick=${onOptions}>
      <${Icon} name="options" />${optionsCount > 0 && html`<span class="badge" aria-hidden="true">${optionsCount}</span>`}
    </button>
    <input ref=${file} class="is-hidden" type="file" accept="image/*" multiple tabindex="-1" aria-hidden="true" onChange=${picked} />
  </form>`;
}

/** Terms for files that are pictures. */
export async function pictureTerms(files) {
  const pictures = files.filter(({ type }) => type.startsWith("image/")).slice(0, MAX_TERMS);
  return Promise.all(pictures.map(async (file) => ({ kind: "image", value: await keepPicture(file), weight: 1 })));
}

/** `/` leads to the search text from anywhere. */
function useSlash(input) {
  useEffect(() => {
    function keyDown(event) {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      input.current.focus();
      input.current.select();
    }
    addEventListener("keydown", keyDown);
    return () => removeEventListener("keydown", keyDown);
  }, []);
}

/** A pasted picture, or the pasted address of one, becomes a term. */
function usePaste(add) {
  const latest = useRef(add);
  latest.current = add;
  useEffect(() => {
    async function paste(event) {
      const files = [...event.clipboardData.files];
      const text = event.clipboardData.getData("text/plain").trim();
      if (files.some(({ type }) => type.startsWith("image/"))) {
        event.preventDefault();
        for (const term of await pictureTerms(files)) latest.current(term);
      } else if (isWebAddress(text)) {
        event.preventDefault();
        latest.current({ kind: "image_url", value: text, weight: 1 });
      }
    }
    addEventListener("paste", paste);
    return () => removeEventListener("paste", paste);
  }, []);
}

export const isWebAddress = (text) => /^https?:\/\/\S+$/.test(text);

const isTyping = (element) => element.closest?.("input, textarea, select, [contenteditable]") !== null;
