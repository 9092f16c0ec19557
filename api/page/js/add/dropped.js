/** Files of a drop or a pick, with the paths in their folder. */

const LISTS = /\.(tsv|csv|txt|ndjson|jsonl|json|parquet)(\.gz)?$/i;
const PICTURES = /\.(jpe?g|png|webp|gif|bmp|tiff?|avif)$/i;
const MAX_FILES = 200_000;

/** `{list}`, a file; or `{pictures, skipped}`, pictures as `{file, path}` and the number of other files. */
export function sortFiles(found) {
  const list = found.length === 1 && LISTS.test(found[0].path) ? found[0].file : null;
  if (list) return { list };
  const pictures = found.filter(({ file, path }) => PICTURES.test(path) || file.type.startsWith("image/"));
  return { pictures, skipped: found.length - pictures.length };
}

export const fromInput = (files) => [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));

/** The files of a drop, those in folders included. Call it within the event: its items are gone afterwards. */
export async function fromDrop(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return fromInput(transfer.files);
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found.sort((one, other) => (one.path < other.path ? -1 : 1));
}

async function walk(entry, found) {
  if (found.length >= MAX_FILES) return;
  if (entry.isFile) {
    const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
    if (file) found.push({ file, path: entry.fullPath.replace(/^\//, "") });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // A reader returns a hundred entries at a time, and none at the end.
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) return;
    for (const child of some) await walk(child, found);
  }
}
