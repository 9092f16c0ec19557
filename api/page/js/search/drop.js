/** Dropping onto the page: picture files, a picture of another page, or a hit of this one. */

import { useEffect, useRef, useState } from "../ui.js";
import { isWebAddress, pictureTerms } from "./bar.js";
import { PHOTO_TYPE } from "./hit.js";

/** Whether something that can be dropped is over the page; `onTerms` gets what was dropped. */
export function useDrop(onTerms) {
  const [over, setOver] = useState(false);
  const latest = useRef(onTerms);
  latest.current = onTerms;
  useEffect(() => {
    let depth = 0;
    const enter = (event) => {
      if (!isWelcome(event.dataTransfer)) return;
      event.preventDefault();
      depth += 1;
      setOver(true);
    };
    const leave = () => {
      depth = Math.max(0, depth - 1);
      if (!depth) setOver(false);
    };
    const move = (event) => {
      if (isWelcome(event.dataTransfer)) event.preventDefault();
    };
    const drop = async (event) => {
      depth = 0;
      setOver(false);
      if (!isWelcome(event.dataTransfer)) return;
      event.preventDefault();
      const terms = await termsOf(event.dataTransfer);
      if (terms.length) latest.current(terms);
    };
    const handlers = { dragenter: enter, dragleave: leave, dragover: move, drop };
    for (const [name, handler] of Object.entries(handlers)) addEventListener(name, handler);
    return () => {
      for (const [name, handler] of Object.entries(handlers)) removeEventListener(name, handler);
    };
  }, []);
  return over;
}

const isWelcome = ({ types }) => ["Files", PHOTO_TYPE, "text/uri-list"].some((type) => types.includes(type));

/** What was dropped is readable only until the event ends, so everything is taken out first. */
function termsOf(transfer) {
  const photoId = transfer.getData(PHOTO_TYPE);
  const address = transfer.getData("text/uri-list").split("\n").find((line) => isWebAddress(line.trim()));
  const files = [...transfer.files];
  if (photoId) return [{ kind: "photo_id", value: photoId, weight: 1 }];
  if (files.length) return pictureTerms(files);
  return address ? [{ kind: "image_url", value: address.trim(), weight: 1 }] : [];
}
