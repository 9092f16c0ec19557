/**
 * The grid of hits. Only the rows near the window are in the document, so five thousand hits scroll like fifty. One hit
 * can be reached by Tab; arrow keys walk from it.
 */

import { html, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../ui.js";
import { Hit } from "./hit.js";
import { justify, neighbour } from "./justify.js";
import { ratioOf } from "./shapes.js";

const WALK = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);
/** Heights of the window above and below that are drawn, too. */
const MARGIN = 1;
const FOOT = 22;

export function Grid({ name, hits, open, hrefOf, onNudge, onNearEnd, withFoot = true }) {
  const list = useRef(null);
  const width = useWidth(list);
  const [focus, setFocus] = useState(0);
  const shape = useMemo(() => hits.map(ratioOf), [hits]);
  const layout = useMemo(
    () => (width ? justify(shape, width, { ...measures(width), foot: withFoot ? FOOT : 0, open }) : { cells: [], height: 0 }),
    [shape, width, withFoot, open],
  );
  const range = useVisible(list, layout);
  const best = useMemo(() => bestSimilarities(hits), [hits]);

  useEffect(() => setFocus(0), [hits[0]?.photo_id]);
  useEffect(() => {
    if (onNearEnd && layout.cells.length && range.bottom > layout.height - 900) onNearEnd();
  }, [range.bottom, layout, onNearEnd]);

  const walk = useCallback(
    (event) => {
      if (!WALK.has(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
      const next = neighbour(layout.cells, focus, event.key);
      event.preventDefault();
      setFocus(next);
      showCell(list.current, layout.cells[next]);
      const drawn = list.current.querySelector(`.hit[aria-posinset="${next + 1}"] .hit-link`);
      if (drawn) drawn.focus({ preventScroll: true });
      // A hit far away is drawn because it has the focus.
      else requestAnimationFrame(() => list.current?.querySelector(".hit-link[tabindex='0']")?.focus({ preventScroll: true }));
    },
    [layout, focus],
  );

  const shown = [];
  layout.cells.forEach((cell, at) => {
    const near = cell.top + cell.height > range.top && cell.top < range.bottom;
    if (!near && at !== focus) return;
    shown.push(
      html`<${Hit} key=${hits[at].photo_id} hit=${hits[at]} at=${at} total=${hits.length} cell=${cell} best=${best}
        href=${hrefOf(hits[at])} focused=${at === focus} onFocus=${setFocus} onNudge=${onNudge} />`,
    );
  });
  return html`<ul class="grid" ref=${list} aria-label=${name} style=${{ height: `${layout.height + (withFoot ? FOOT : 0)}px` }} onKeyDown=${walk}>${shown}</ul>`;
}

/** The height that rows aim at, and the space between pictures. */
function measures(width) {
  if (width < 520) return { target: 150, gap: 6 };
  if (width < 1000) return { target: 190, gap: 10 };
  return { target: width < 1500 ? 224 : 248, gap: 12 };
}

/** Each term's best similarity. */
function bestSimilarities(hits) {
  const best = [];
  for (const { similarities = [] } of hits) {
    similarities.forEach((similarity, at) => (best[at] = Math.max(best[at] ?? 0, similarity)));
  }
  return best;
}

function useWidth(ref) {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setWidth(Math.floor(ref.current.getBoundingClientRect().width));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return width;
}

/** The part of the grid that is drawn, in its own pixels. It changes in steps, not with every pixel scrolled. */
function useVisible(ref, layout) {
  const [range, setRange] = useState({ top: 0, bottom: 2 * innerHeight });
  useLayoutEffect(() => {
    let asked = 0;
    const measure = () => {
      asked = 0;
      const above = -ref.current.getBoundingClientRect().top;
      const step = innerHeight / 2;
      const at = Math.floor(above / step) * step;
      const next = { top: at - MARGIN * innerHeight, bottom: at + (1.5 + MARGIN) * innerHeight };
      setRange((now) => (now.top === next.top && now.bottom === next.bottom ? now : next));
    };
    const ask = () => (asked ||= requestAnimationFrame(measure));
    measure();
    addEventListener("scroll", ask, { passive: true });
    addEventListener("resize", ask);
    return () => {
      cancelAnimationFrame(asked);
      removeEventListener("scroll", ask);
      removeEventListener("resize", ask);
    };
  }, [layout]);
  return range;
}

function showCell(list, cell) {
  const top = list.getBoundingClientRect().top + cell.top;
  const header = 150;
  if (top < header) scrollBy(0, top - header);
  else if (top + cell.height > innerHeight - 40) scrollBy(0, top + cell.height - innerHeight + 60);
}
