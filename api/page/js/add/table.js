/**
 * A list as people have it: what its first rows show, which columns are id and URL, and how it is sent.
 *
 * The API reads TSV, CSV and NDJSON with the columns `photo_id` and `url`. Other names are renamed in the first line; a list
 * without ids, or of bare addresses, is rewritten line by line.
 */

const HEAD_BYTES = 256 * 1024;
const ROWS = 5;
const ID_NAMES = ["photo_id", "id"];
const URL_NAMES = ["url", "photo_image_url"];
const MEDIA = { csv: "text/csv", tsv: "text/tab-separated-values", ndjson: "application/x-ndjson", json: "application/json" };
const SEPARATORS = { csv: ",", tsv: "\t" };

export const NO_ID = -1;

/**
 * What the list's head shows: `{format, columns, rows, idColumn, urlColumn, hasHeader}`, or `{problem}`, a message's key.
 * `file` is a Blob; one whose name ends in `.gz` is unpacked first.
 */
export async function readHead(file, name = "") {
  if (/\.(parquet|zip)$/i.test(name)) return { problem: "list_parquet" };
  const head = await file.slice(0, HEAD_BYTES).text();
  const text = head.replace(/^\uFEFF/, "");
  const first = text.split(/\r?\n/).find((line) => line.trim()) ?? "";
  if (!first) return { problem: "list_empty" };
  if (text.includes("\u0000")) return { problem: "list_not_text" };
  if (/^\s*[{[]/.test(first)) return jsonHead(text, first);
  const whole = file.size <= HEAD_BYTES;
  if (isAddress(first.trim())) return { format: "urls", columns: ["url"], rows: lines(text, whole).slice(0, ROWS).map((line) => [line]), idColumn: NO_ID, urlColumn: 0, hasHeader: false };
  const format = first.includes("\t") ? "tsv" : "csv";
  const rows = parseRows(text, SEPARATORS[format], ROWS + 1);
  if (rows[0].length < 2) return { problem: first.includes(";") ? "list_semicolons" : "list_unknown" };
  const hasHeader = !rows[0].some(isAddress);
  const columns = hasHeader ? rows.shift().map((cell) => cell.trim()) : rows[0].map((_, at) => `column_${at + 1}`);
  return { format, columns, rows: rows.slice(0, ROWS), hasHeader, ...guess(columns, rows) };
}

/** `file` unpacked, if its name says that it is compressed. */
export async function unpacked(file, name) {
  if (!/\.gz$/i.test(name)) return file;
  return new Response(file.stream().pipeThrough(new DecompressionStream("gzip"))).blob();
}

/** `{body, type}` to send: the file itself where the API can read it as it is. */
export async function listBody(file, head) {
  const { format, columns, idColumn, urlColumn, hasHeader } = head;
  if (format === "urls") return rewritten(file, (text) => lines(text, true).map((url) => ({ photo_id: idOf(url), url })));
  if (format === "ndjson" || format === "json") return { body: file, type: MEDIA[format] };
  if (idColumn === NO_ID) return rewritten(file, (text) => itemsOf(text, head));
  const isReady = hasHeader && ID_NAMES.includes(columns[idColumn]) && URL_NAMES.includes(columns[urlColumn]);
  const others = columns.filter((_, at) => at !== idColumn && at !== urlColumn);
  if (isReady && !others.some((name) => ID_NAMES.includes(name) || URL_NAMES.includes(name))) return { body: file, type: MEDIA[format] };
  const names = columnNames(columns, idColumn, urlColumn);
  const header = `${names.map((name) => cell(name, format)).join(SEPARATORS[format])}\n`;
  const rest = hasHeader ? file.slice(await headerBytes(file)) : file;
  return { body: new Blob([header, rest]), type: MEDIA[format] };
}

function jsonHead(text, first) {
  const isLines = (() => {
    try {
      return typeof JSON.parse(first) === "object" && !Array.isArray(JSON.parse(first)) && !("items" in JSON.parse(first));
    } catch {
      return false;
    }
  })();
  if (!isLines) {
    return /^\s*\{\s*"items"/.test(text) ? { format: "json", columns: ["items"], rows: [], idColumn: 0, urlColumn: 0, hasHeader: true } : { problem: "list_json" };
  }
  const items = [];
  for (const line of text.split("\n").slice(0, ROWS)) {
    try {
      items.push(JSON.parse(line));
    } catch {
      break;
    }
  }
  const columns = [...new Set(items.flatMap(Object.keys))];
  const idColumn = columns.findIndex((name) => ID_NAMES.includes(name));
  const urlColumn = columns.findIndex((name) => URL_NAMES.includes(name));
  if (idColumn < 0 || urlColumn < 0) return { problem: "list_keys" };
  const shown = (value) => (value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));
  return { format: "ndjson", columns, rows: items.map((item) => columns.map((name) => shown(item[name]))), idColumn, urlColumn, hasHeader: true };
}

/** The columns that are named as ids and addresses, else those whose values look so. */
function guess(columns, rows) {
  const named = (names) => columns.findIndex((name) => names.includes(name.toLowerCase()));
  const looksLikeUrl = columns.findIndex((_, at) => rows.length > 0 && rows.every((row) => isAddress(row[at] ?? "")));
  const urlColumn = named(URL_NAMES) >= 0 ? named(URL_NAMES) : looksLikeUrl;
  const looksLikeId = columns.findIndex((name, at) => at !== urlColumn && /(^|[_\s-])(id|key|uuid|name|file|filename)$/i.test(name));
  return { urlColumn, idColumn: named(ID_NAMES) >= 0 ? named(ID_NAMES) : looksLikeId };
}

/** Names for the first line: another column that has one of the two names is given a different one. */
function columnNames(columns, idColumn, urlColumn) {
  return columns.map((name, at) => {
    if (at === idColumn) return "photo_id";
    if (at === urlColumn) return "url";
    return ID_NAMES.includes(name) || URL_NAMES.includes(name) ? `${name}_` : name;
  });
}

function itemsOf(text, { format, columns, urlColumn, hasHeader }) {
  const rows = parseRows(text, SEPARATORS[format], Infinity);
  return rows.slice(hasHeader ? 1 : 0).map((row) => {
    const attributes = {};
    columns.forEach((name, at) => {
      if (at !== urlColumn && row[at]) attributes[name] = row[at];
    });
    return { photo_id: idOf(row[urlColumn] ?? ""), url: row[urlColumn] ?? "", attributes };
  });
}

async function rewritten(file, items) {
  const text = (await file.text()).replace(/^\uFEFF/, "");
  return { body: new Blob(items(text).map((item) => `${JSON.stringify(item)}\n`)), type: MEDIA.ndjson };
}

/** An id from an address: the address itself, shortened where it is longer than an id may be. */
function idOf(url) {
  const plain = url.trim().replace(/^https?:\/\//i, "");
  if (new TextEncoder().encode(plain).length <= 256) return plain;
  let hash = 2166136261;
  for (let at = 0; at < plain.length; at += 1) hash = Math.imul(hash ^ plain.charCodeAt(at), 16777619);
  return `${plain.replace(/[^\x20-\x7e]/g, "_").slice(0, 200)}~${(hash >>> 0).toString(16)}`;
}

/** Where the first line ends, in bytes. A quoted name may contain a line break. */
async function headerBytes(file) {
  const bytes = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  let quoted = false;
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] === 34) quoted = !quoted;
    if (bytes[at] === 10 && !quoted) return at + 1;
  }
  return bytes.length;
}

/** Up to `most` rows of cells; quotes as in RFC 4180, in TSV, too. */
export function parseRows(text, separator, most) {
  const rows = [];
  let row = [];
  let value = "";
  let quoted = false;
  for (let at = 0; at < text.length && rows.length < most; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character !== '"') value += character;
      else if (text[at + 1] === '"') (value += '"'), (at += 1);
      else quoted = false;
    } else if (character === '"' && value === "" && separator === ",") quoted = true;
    else if (character === separator) row.push(value), (value = "");
    else if (character === "\n") {
      row.push(value.replace(/\r$/, ""));
      if (row.length > 1 || row[0]) rows.push(row);
      [row, value] = [[], ""];
    } else value += character;
  }
  if (rows.length < most && (value || row.length)) rows.push([...row, value]);
  return rows;
}

const cell = (name, format) => (format === "csv" && /[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);

/** Lines that are not empty; the last one of a part of a file may be cut. */
function lines(text, whole) {
  const all = text.split(/\r?\n/);
  return (whole ? all : all.slice(0, -1)).map((line) => line.trim()).filter(Boolean);
}

const isAddress = (text) => /^https?:\/\/\S+$/i.test(text.trim());
