/** The shapes of photos: as the API knows them, else as seen before in this tab. */

const UNKNOWN = 4 / 3;
const MAX_SEEN = 20_000;
const seen = new Map();

/** Width over height. */
export function ratioOf(photo) {
  const { width, height, attributes } = photo;
  const known = ratio(width, height) ?? ratio(attributes?.width, attributes?.height);
  return known ?? seen.get(photo.photo_id) ?? UNKNOWN;
}

/** Remember the shape of a loaded picture for the next drawing; the present one does not move. */
export function rememberShape(photo, image) {
  if (image.naturalWidth && seen.size < MAX_SEEN) {
    seen.set(photo.photo_id, image.naturalWidth / image.naturalHeight);
  }
}

/** The address of the photo's thumbnail, or of the photo itself where there is none. */
export const smallPicture = (photo) => photo.thumbnail ?? photo.url;

function ratio(width, height) {
  const [wide, high] = [Number(width), Number(height)];
  return wide > 0 && high > 0 ? wide / high : null;
}
