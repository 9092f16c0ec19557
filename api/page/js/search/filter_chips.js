/** The chosen conditions on attributes, each with a button that removes it. */

import { t } from "../i18n.js";
import { Icon } from "../icons.js";
import { html } from "../ui.js";

const SIGNS = { eq: "=", ne: "≠", gt: ">", gte: "≥", lt: "<", lte: "≤", in: "=", exists: "" };

export function FilterChips({ state, onChange, waiting }) {
  if (!state.filters.length) return null;
  return html`<ul class="filters" aria-label=${t("filters")}>
    ${state.filters.map((filter, at) => {
      const name = filterName(filter);
      const remove = () => onChange({ ...state, filters: state.filters.filter((_, index) => index !== at) });
      return html`<li key=${`${filter.name} ${filter.op}`} class="filter"><span>${name}</span><button type="button" aria-label=${t("remove", { name })} onClick=${remove}><${Icon} name="close" /></button></li>`;
    })}
    ${waiting && html`<li class="muted">${t("filters_wait")}</li>`}
  </ul>`;
}

function filterName({ name, op, value }) {
  const shown = Array.isArray(value) ? value.join(", ") : String(value);
  return `${name} ${SIGNS[op] ?? op} ${shown}`;
}
