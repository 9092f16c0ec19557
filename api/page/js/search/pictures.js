/**
 * Pictures that a query contains: dropped, pasted or picked. They are kept in this browser (IndexedDB), so that an
 * address with one works again here; elsewhere the picture is missing, and its chip tells so.
 */

const DATABASE = "lichtbild";
const STORE = "pictures";
/** A picture beyond this size is reduced before it is sent; models look at 224 to 448 pixels. */
const MAX_BYTES = 1_500_000;
const MAX_SIDE = 1024;
const MAX_KEPT = 60;

const known = new Map();

/** Keep a file; its name in the address is a digest of its bytes. */
export async function keepPicture(file) {
  const blob = file.size > MAX_BYTES ? await reduced(file) : file;
  const bytes = await blob.arrayBuffer();
  const picture = { digest: await digestOf(bytes), name: file.name || "", blob: new Blob([bytes], { type: blob.type }) };
  remember(picture);
  await save(picture).catch(() => {}); // Private windows may have no database: the picture then lives with the page.
  return picture.digest;
}

/** `{digest, name, blob, url}`, or null where this browser does not have it. */
export async function findPicture(digest) {
  if (known.has(digest)) return known.get(digest);
  const stored = await load(digest).catch(() => null);
  return stored ? remember(stored) : null;
}

/** The picture if it is in memory already. */
export const pictureInMemory = (digest) => known.get(digest) ?? null;

export async function base64Of(blob) {
  const url = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(",") + 1);
}

function remember(picture) {
  const kept = { ...picture, url: URL.createObjectURL(picture.blob) };
  known.set(kept.digest, kept);
  return kept;
}

async function digestOf(bytes) {
  // Without TLS, `crypto.subtle` exists on loopback only.
  if (globalThis.crypto?.subtle) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return [...digest.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  let hash = 2166136261;
  for (const byte of new Uint8Array(bytes)) hash = Math.imul(hash ^ byte, 16777619);
  return `${(hash >>> 0).toString(16)}-${bytes.byteLength.toString(16)}`;
}

async function reduced(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return file; // A format that this browser cannot read; the API may.
  }
  const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob || file), "image/jpeg", 0.92));
}

function open() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "digest" }).createIndex("at", "at");
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

async function within(mode, act) {
  const database = await open();
  try {
    const store = database.transaction(STORE, mode).objectStore(STORE);
    return await new Promise((resolve, reject) => {
      const asked = act(store);
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  } finally {
    database.close();
  }
}

async function save(picture) {
  await within("readwrite", (store) => store.put({ ...picture, at: Date.now() }));
  const digests = await within("readonly", (store) => store.index("at").getAllKeys());
  for (const digest of digests.slice(0, -MAX_KEPT)) await within("readwrite", (store) => store.delete(digest));
}

const load = (digest) => within("readonly", (store) => store.get(digest));
