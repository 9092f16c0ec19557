/** The justified grid: rows of equal height that fill the width, from the shapes alone. */

/**
 * Where each picture goes: `{cells: [{left, top, width, height, row}], height}`, in pixels.
 *
 * `ratios` are width over height; `foot` is the height below each picture for its caption. While more pictures are to
 * come the last row is left out (`open`), so that no picture moves once it is shown.
 */
export function justify(ratios, width, { target, gap, foot = 0, open = false }) {
  const cells = [];
  let top = 0;
  let row = 0;
  let from = 0;
  let sum = 0;
  for (let at = 0; at < ratios.length; at += 1) {
    const ratio = bounded(ratios[at]);
    sum += ratio;
    const gaps = gap * (at - from);
    const height = (width - gaps) / sum;
    if (height > target) continue;
    // Close the row with or without this picture, whichever is nearer to the target.
    const before = at > from ? (width - gap * (at - from - 1)) / (sum - ratio) : Infinity;
    const without = before - target < target - height;
    const end = without ? at : at + 1;
    place(from, end, without ? before : height);
    from = end;
    sum = without ? ratio : 0;
  }
  if (from < ratios.length && !(open && row > 0)) {
    const gaps = gap * (ratios.length - from - 1);
    place(from, ratios.length, Math.min(target, (width - gaps) / sum));
  }
  return { cells, height: Math.max(0, top - gap) };

  function place(start, end, height) {
    let left = 0;
    for (let at = start; at < end; at += 1) {
      const wide = bounded(ratios[at]) * height;
      cells.push({ left, top, width: Math.min(wide, width - left), height, row });
      left += wide + gap;
    }
    top += height + foot + gap;
    row += 1;
  }
}

/** Panoramas and strips are cropped, or they would take a row, or a sliver of one. */
const bounded = (ratio) => Math.min(2.6, Math.max(0.55, ratio));

/** The cell that an arrow key leads to, or `from` at an edge. */
export function neighbour(cells, from, key) {
  const here = cells[from];
  if (!here) return Math.min(from, cells.length - 1);
  if (key === "ArrowLeft") return Math.max(0, from - 1);
  if (key === "ArrowRight") return Math.min(cells.length - 1, from + 1);
  if (key === "Home") return 0;
  if (key === "End") return cells.length - 1;
  const row = here.row + (key === "ArrowDown" ? 1 : -1);
  const centre = here.left + here.width / 2;
  let best = from;
  let nearest = Infinity;
  cells.forEach((cell, at) => {
    const distance = Math.abs(cell.left + cell.width / 2 - centre);
    if (cell.row === row && distance < nearest) [best, nearest] = [at, distance];
  });
  return best;
}
