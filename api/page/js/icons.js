/** The page's icons: strokes of one weight on a field of 24. They are decoration; buttons have names. */

import { html } from "./ui.js";

const PATHS = {
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16.2 16.2 20.5 20.5",
  picture: "M4 5.5h16v13H4zM4 15.5l4.2-4 3.6 3.4 3-2.6 5.2 4.6M15.6 9.4h.01",
  close: "M6 6l12 12M18 6 6 18",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  options: "M4 7h9M17 7h3M4 17h3M11 17h9M13 4.6v4.8M7 14.6v4.8",
  copy: "M9 9h10v11H9zM5 15V4h10",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-.8.8M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l.8-.8",
  out: "M14 5h5v5M19 5l-8 8M17 14v5H5V7h5",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 11v5M13.5 11v5",
  alike: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13.5 16.5h6M16.5 13.5v6",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
  system: "M12 3.5a8.5 8.5 0 1 0 0 17zM12 3.5a8.5 8.5 0 0 1 0 17",
  stack: "M4 8h13v12H4zM7 8V4.5h13V17h-3",
  upload: "M12 16V5M7.5 9.5 12 5l4.5 4.5M5 19.5h14",
  folder: "M3.5 6.5h6l2 2.5h9v10.5h-17z",
  list: "M8 6.5h12M8 12h12M8 17.5h12M4 6.5h.01M4 12h.01M4 17.5h.01",
  pause: "M9 5.5v13M15 5.5v13",
  play: "M8 5.5v13l10-6.5z",
  stop: "M6.5 6.5h11v11h-11z",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3M19.5 3.5v4h-4",
  down: "M12 5v11M7.5 11.5 12 16l4.5-4.5M5 19.5h14",
  key: "M14.5 4.5a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM11 13l-7 7M6 18l2 2",
  check: "M5 12.5l4.5 4.5L19 7",
  filter: "M4 6h16M7 12h10M10 18h4",
  dice: "M5 5h14v14H5zM9 9h.01M15 9h.01M12 12h.01M9 15h.01M15 15h.01",
};

export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
}

/** A slide in its mount, the page's sign: with a sun where there is a picture, empty where there is none. */
export function Slide({ name = "sun" }) {
  return html`<svg class="slide" viewBox="0 0 120 100" aria-hidden="true" focusable="false">
    <rect class="slide-mount" x="4" y="4" width="112" height="92" rx="10" />
    <rect class="slide-window" x="20" y="22" width="80" height="56" rx="3" />
    ${name === "sun" && html`<path class="slide-sun" d="M40 78a20 20 0 0 1 40 0z" />`}
    ${name === "broken" && html`<path class="slide-line" d="M34 70l16-18 10 10 8-8 18 16M44 34l32 32" />`}
  </svg>`;
}
