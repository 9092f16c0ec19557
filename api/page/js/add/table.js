/**
 * A list as people have it: what its first rows show, and what the API is asked to read of it.
 *
 * The API reads lists; this only looks at the head, to show the columns and let people choose. The file is sent as it is.
 */

const HEAD_BYTES = 256 * 1024;
const ROWS = 5;
const ID_NAMES = ["photo_id", "id"];
const URL_NAMES = ["url", "photo_image_url", "image_url", "img_url", "imageurl"];
const ITEM_KEYS = ["photo_id", "id", "url", "photo_image_url", "attributes", "items"];
const DELIMITERS = ["\t", ",", ";", "|"];
const MEDIA = { urls: "text/plain", ndjson: "application/x-ndjson", json: "application/json" };

export const NO_ID = -1;

/**
 * What the list's head shows: `{format, columns, rows, idColumn, urlColumn, hasHeader, type, gzipped}`, or `{problem}`, a
 * message's key.
 */
export async function readHead(file, name = "") {
  if (/\.(parquet|zip|xlsx?)$/i.test(name)) return { problem: "list_parquet" };
  const { bytes, gzipped } = await firstBytes(file);
  const text = decoded(bytes);
  if (text.includes("\u0000")) return { problem: "list_not_text" };
  const first = text.split(/\r\n|\n|\r/).find((line) => line.trim()) ?? "";
  if (!first) return { problem: "list_empty" };
  const head = /^\s*[{[]/.test(first) ? jsonHead(text, first) : tableHead(text, bytes.length < HEAD_BYTES);
  return { gzipped, type: MEDIA[head.format] ?? (head.delimiter === "\t" ? "text/tab-separated-values" : "text/csv"), ...head };
}

/** The parameters of `POST /v1/ingest` that state how to read the list, with the columns that were chosen. */
export function readingParameters({ format, columns, idColumn, urlColumn, hasHeader }) {
  if (format === "ndjson" || format === "json") return columns.every((name) => ITEM_KEYS.includes(name)) ? {} : { extra_keys: "attributes" };
  if (format === "urls") return {};
  const names = hasHeader ? columns : columns.map((_, at) => (at === urlColumn ? "url" : at === idColumn ? "photo_id" : `column_${at + 1}`));
  // The API takes the ids from a column with one of their names, unless another is named: here the addresses.
  const withoutIds = names.some((name) => ID_NAMES.includes(normal(name))) ? { id_column: names[urlColumn] } : {};
  return {
    ...(hasHeader ? {} : { columns: names.join(",") }),
    url_column: names[urlColumn],
    ...(idColumn === NO_ID ? withoutIds : { id_column: names[idColumn] }),
  };
}

/** The beginning of the file, unpacked. */
async function firstBytes(file) {
  const magic = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const gzipped = magic[0] === 0x1f && magic[1] === 0x8b;
  const reader = (gzipped ? file.stream().pipeThrough(new DecompressionStream("gzip")) : file.slice(0, HEAD_BYTES).stream()).getReader();
  const parts = [];
  let length = 0;
  while (length < HEAD_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
  }
  reader.cancel().catch(() => {});
  return { bytes: new Uint8Array(await new Blob(parts).slice(0, HEAD_BYTES).arrayBuffer()), gzipped };
}

/** UTF-8, or UTF-16 by its byte order mark, which is removed. */
function decoded(bytes) {
  const mark = (bytes[0] << 8) | bytes[1];
  return new TextDecoder({ 0xfffe: "utf-16le", 0xfeff: "utf-16be" }[mark] ?? "utf-8").decode(bytes);
}

function jsonHead(text, first) {
  const isLines = (() => {
    try {
      return !Array.isArray(JSON.parse(first)) && !("items" in JSON.parse(first));
    } catch {
      return false;
    }
  })();
  if (!isLines) return { format: "json", columns: ["items"], rows: [], idColumn: 0, urlColumn: 0, hasHeader: true };
  const items = [];
  for (const line of text.split("\n").slice(0, ROWS)) {
    try {
      items.push(JSON.parse(line));
    } catch {
      break;
    }
  }
  const columns = [...new Set(items.flatMap(Object.keys))];
  const named = (names) => columns.findIndex((name) => names.includes(normal(name)));
  const shown = (value) => (value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));
  const [idColumn, urlColumn] = [named(ID_NAMES), named(URL_NAMES)];
  if (urlColumn < 0) return { problem: "list_keys" };
  return { format: "ndjson", columns, rows: items.map((item) => columns.map((name) => shown(item[name]))), idColumn, urlColumn, hasHeader: true };
}

function tableHead(text, whole) {
  const stated = text.match(/^"?sep=(.)"?[\t,; ]*\r?\n/i);
  const body = stated ? text.slice(stated[0].length) : text;
  const delimiter = delimiterOf(body, stated ? [stated[1]] : DELIMITERS);
  const rows = parseRows(body, delimiter, ROWS + 1, whole);
  const hasHeader = !rows[0].some(isAddress);
  if (rows[0].length === 1) {
    if (!hasHeader) return { format: "urls", columns: ["url"], rows: rows.slice(0, ROWS), idColumn: NO_ID, urlColumn: 0, hasHeader };
    if (!URL_NAMES.includes(normal(rows[0][0])) && !rows.slice(1).some((row) => isAddress(row[0]))) return { problem: "list_unknown" };
  }
  const columns = unique(hasHeader ? rows.shift() : rows[0].map(() => ""));
  return { format: "table", delimiter, columns, rows: rows.slice(0, ROWS), hasHeader, ...guess(columns, rows) };
}

/** The delimiter that gives a column of addresses in the first two lines, else the most columns. */
function delimiterOf(text, choices) {
  const score = (delimiter) => {
    const rows = parseRows(text, delimiter, 2, true);
    const names = rows[0]?.length > 1 && rows[0].some((name) => URL_NAMES.includes(normal(name)));
    const addresses = rows.some((row) => row.length > 1 && row.some(isAddress));
    return (names ? 1000 : 0) + (addresses ? 500 : 0) + (rows[0]?.length ?? 0);
  };
  return choices.reduce((best, one) => (score(one) > score(best) ? one : best));
}

/** The columns that are named as ids and addresses, else those whose values look so. */
function guess(columns, rows) {
  const named = (names) => columns.findIndex((name) => names.includes(normal(name)));
  const looksLikeUrl = columns.findIndex((_, at) => rows.length > 0 && rows.every((row) => isAddress(row[at] ?? "")));
  const urlColumn = named(URL_NAMES) >= 0 ? named(URL_NAMES) : looksLikeUrl;
  const looksLikeId = columns.findIndex((name, at) => at !== urlColumn && /(^|[_\s-])(id|key|uuid|name|file|filename)$/i.test(name));
  return { urlColumn, idColumn: named(ID_NAMES) >= 0 ? named(ID_NAMES) : looksLikeId };
}

/** Names for all columns, as the API gives them: an empty one is `column_3`, a second `note` is `note_5`. */
function unique(names) {
  const found = [];
  names.forEach((name, at) => {
    const fresh = name.trim() || `column_${at + 1}`;
    found.push(found.includes(fresh) ? `${fresh}_${at + 1}` : fresh);
  });
  return found;
}

/** Up to `most` rows of cells; a cell that begins with a quotation mark ends at the next single one. */
function parseRows(text, delimiter, most, whole) {
  const rows = [];
  let row = [];
  let value = "";
  let quoted = false;
  const end = () => {
    if (row.length || value) rows.push([...row, value]);
    [row, value] = [[], ""];
  };
  for (let at = 0; at < text.length && rows.length < most; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character !== '"') value += character;
      else if (text[at + 1] === '"') (value += '"'), (at += 1);
      else quoted = false;
    } else if (character === '"' && value === "") quoted = true;
    else if (character === delimiter) row.push(value), (value = "");
    else if (character === "\n" || character === "\r") end();
    else value += character;
  }
  // The last line of a part of a file may be cut.
  if (rows.length < most && (whole || !rows.length)) end();
  return rows.length ? rows : [[""]];
}

const normal = (name) => name.trim().toLowerCase().replace(/[\s_-]+/g, "_");

const isAddress = (text) => /^https?:\/\/\S+/i.test(text.trim());
