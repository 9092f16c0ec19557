/** The drawing library: Preact with htm's templates. A value in a template is text or a property, never markup. */

import { Fragment, createContext, h, render } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export { useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
export { Fragment, createContext, render };

export const html = htm.bind(h);
