/** What a photo is called, for people who cannot see it, and for captions. */

const NAMES = [
  "description", "caption", "title", "alt", "name", "text",
  "photo_description", "ai_description", "ai_generated_description",
];

/** The first attribute that describes the photo, else its id. */
export function photoName({ photo_id: photoId, attributes }) {
  for (const name of NAMES) {
    const value = attributes?.[name];
    if (typeof value === "string" && value.trim()) return value.trim();
  }
  return photoId;
}

/** The host of a URL, or an empty text. */
export function hostOf(url) {
  try {
    return new URL(url, document.baseURI).host;
  } catch {
    return "";
  }
}

/** A URL that may become a link: http and https only, never `javascript:` or `data:`. */
export function safeLink(url) {
  try {
    const parsed = new URL(url, document.baseURI);
    return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed.href : null;
  } catch {
    return null;
  }
}
