/** Requests to the API: JSON in and out, problems as errors, the key where one is needed. */

import { anotherKey, currentKey } from "./key.js";

/** The API answered with a problem (RFC 9457). */
export class ApiProblem extends Error {
  constructor(status, problem, retrySeconds) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.status = status;
    this.code = problem.code || "";
    this.requestId = problem.request_id || "";
    this.faults = problem.faults || [];
    this.retrySeconds = retrySeconds;
  }
}

/** No answer: the API is down, or the network is. */
export class Unreachable extends Error {}

/** `fetch` with the key. Asks for a key and repeats the request while the answer is 401. */
export async function request(path, { signal, headers = {}, ...options } = {}) {
  for (;;) {
    const key = currentKey();
    const response = await send(path, {
      ...options,
      signal,
      headers: key ? { ...headers, Authorization: `Bearer ${key}` } : headers,
    });
    if (response.status !== 401) return response;
    await anotherKey(key);
    signal?.throwIfAborted();
  }
}

/** The JSON of an answer, or null where it has none. Raises ApiProblem and Unreachable. */
export async function call(path, options) {
  const response = await request(path, options);
  if (!response.ok) throw await problemOf(response);
  return response.status === 204 ? null : response.json();
}

export function post(path, body, { headers, ...options } = {}) {
  return call(path, {
    method: "POST",
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
    ...options,
  });
}

export async function problemOf(response) {
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // A proxy's page, not a problem of the API.
  }
  return new ApiProblem(response.status, problem, Number(response.headers.get("Retry-After")) || 0);
}

async function send(path, options) {
  try {
    // Relative: below the prefix of a proxy, too.
    return await fetch(path, { cache: "no-store", ...options });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Unreachable(String(error.message));
  }
}

export const photoPath = (photoId, collection) =>
  `v1/photos/${encodeURIComponent(photoId)}?collection=${encodeURIComponent(collection)}`;
