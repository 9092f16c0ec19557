/** Stored photos by id: those of the hits at hand, others as the API returns them. */

import { call, photoPath } from "../api.js";
import { useEffect, useState } from "../ui.js";

const MAX_KEPT = 5000;
const known = new Map();

export function keepPhotos(photos, collection) {
  if (known.size > MAX_KEPT) known.clear();
  for (const photo of photos) known.set(`${collection}/${photo.photo_id}`, photo);
}

export const knownPhoto = (photoId, collection) => known.get(`${collection}/${photoId}`) ?? null;

export function forgetPhoto(photoId, collection) {
  known.delete(`${collection}/${photoId}`);
}

export async function loadPhoto(photoId, collection) {
  const photo = knownPhoto(photoId, collection) ?? (await call(photoPath(photoId, collection)));
  keepPhotos([photo], collection);
  return photo;
}

/** The photo, or null until it is there; for `photoId` null always null. */
export function usePhoto(photoId, collection) {
  const [photo, setPhoto] = useState(null);
  useEffect(() => {
    let current = true;
    if (photoId !== null) {
      loadPhoto(photoId, collection).then(
        (found) => current && setPhoto(found),
        () => current && setPhoto(null),
      );
    }
    return () => (current = false);
  }, [photoId, collection]);
  if (photoId === null) return null;
  return knownPhoto(photoId, collection) ?? (photo?.photo_id === photoId ? photo : null);
}
