/**
 * Uploads many pictures in windows: each request has a part of them and a key of its own, so that it can be sent again
 * after a broken line without a second job.
 */

import { ApiProblem, Unreachable, call } from "../api.js";

const MAX_FILES = 64;
const MAX_BYTES = 24e6;
const RETRY_SECONDS = [1, 2, 4, 8, 15, 30];

export function windowsOf(pictures) {
  const windows = [];
  let size = Infinity;
  for (const picture of pictures) {
    const last = windows.at(-1);
    if (!last || last.length >= MAX_FILES || size + picture.file.size > MAX_BYTES) {
      windows.push([picture]);
      size = picture.file.size;
    } else {
      last.push(picture);
      size += picture.file.size;
    }
  }
  return windows;
}

/**
 * Send all windows, one after the other. `onChange` gets `{sent, jobs, waiting}`: pictures sent, the jobs made of them, and
 * why it waits, if it does. Raises ApiProblem for what waiting does not mend.
 */
export async function upload(windows, { collection, name }, signal, onChange) {
  const jobs = [];
  let sent = 0;
  for (const pictures of windows) {
    const job = await sendWindow(pictures, { collection, name }, signal, (waiting) => onChange({ sent, jobs: [...jobs], waiting }));
    jobs.push(job);
    sent += pictures.length;
    onChange({ sent, jobs: [...jobs], waiting: null });
  }
}

async function sendWindow(pictures, { collection, name }, signal, onWait) {
  const query = new URLSearchParams({ collection });
  if (name) query.set("name", name);
  const key = `"${randomKey()}"`;
  for (let attempt = 0; ; attempt += 1) {
    const body = new FormData();
    for (const { file, path } of pictures) body.append("images", file, path);
    try {
      return await call(`v1/ingest?${query}`, { method: "POST", body, signal, headers: { "Idempotency-Key": key } });
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      onWait(error);
      const seconds = error.retrySeconds || RETRY_SECONDS[Math.min(attempt, RETRY_SECONDS.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      signal.throwIfAborted();
    }
  }
}

const isPassing = (error) =>
  error instanceof Unreachable || (error instanceof ApiProblem && (error.status === 429 || error.status === 503));

/** `crypto.randomUUID` exists with TLS and on loopback only. */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
