/** A job as it changes: Server-Sent Events, read with `fetch`, since `EventSource` cannot send a key. */

import { ApiProblem, call, problemOf, request } from "../api.js";
import { useEffect, useState } from "../ui.js";

const RECONNECT_MS = [500, 1000, 2000, 4000, 8000];
const FINAL = new Set(["succeeded", "failed", "cancelled"]);
/** How many rates are kept for the curve. */
const MAX_RATES = 160;

export const isFinal = (job) => FINAL.has(job.status);

/** `{job, rates, problem, lost}`: `lost` while the connection is being made again. */
export function useJob(jobId) {
  const [state, setState] = useState({ job: null, rates: [], problem: null, lost: false });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    follow(jobId, abort.signal, (change) => setState((now) => ({ ...now, ...merge(now, change) })));
    return () => abort.abort();
  }, [jobId, round]);
  // A paused or retried job changes at once, not with its next event; one that was final begins to move again.
  const set = (job) => {
    setState((now) => ({ ...now, job }));
    setRound((count) => count + 1);
  };
  return { ...state, set };
}

function merge(now, change) {
  if (!change.job?.progress || change.job.status !== "running") return change;
  return { ...change, rates: [...now.rates, change.job.progress.items_per_second].slice(-MAX_RATES) };
}

async function follow(jobId, signal, show) {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const last = await stream(jobId, signal, (job) => {
        attempt = 0;
        show({ job, problem: null, lost: false });
      });
      if (last && isFinal(last)) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiProblem && error.status === 404) return show({ problem: error, lost: false });
      show({ lost: true });
    }
    await pause(RECONNECT_MS[Math.min(attempt, RECONNECT_MS.length - 1)], signal);
  }
}

/** Read one connection to its end; the last job that it named. */
async function stream(jobId, signal, onJob) {
  const response = await request(`v1/jobs/${encodeURIComponent(jobId)}/events`, { signal, headers: { Accept: "text/event-stream" } });
  if (!response.ok) throw await problemOf(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let last = null;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return last;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.split("\n").find((line) => line.startsWith("data: "));
      if (data) onJob((last = JSON.parse(data.slice(6))));
    }
  }
}

const pause = (milliseconds, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });

/** Calls `load` now and every `seconds` while the tab is seen; `load` gets a signal. */
export function usePolling(load, seconds, inputs) {
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    const tick = async () => {
      clearTimeout(timer);
      if (document.visibilityState === "visible") await load(abort.signal);
      if (!abort.signal.aborted) timer = setTimeout(tick, seconds * 1000);
    };
    const seen = () => document.visibilityState === "visible" && tick();
    tick();
    document.addEventListener("visibilitychange", seen);
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, inputs);
}

export const command = (jobId, name) => call(`v1/jobs/${encodeURIComponent(jobId)}/${name}`, { method: "POST" });
