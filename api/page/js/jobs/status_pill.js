/** The status of a job: a sign and a word, never colour alone. */

import { t } from "../i18n.js";
import { html } from "../ui.js";

export function StatusPill({ job }) {
  const failed = job.progress?.failed ?? 0;
  const look = job.status === "succeeded" && failed ? "partly" : job.status;
  return html`<span class=${`pill is-${look}`}><i aria-hidden="true"></i>${t(`status_${look}`)}</span>`;
}

/** What the job is, in a few words: its own name, if it has one. */
export function jobTitle(job) {
  if (job.name) return job.name;
  if (job.preflight_of) return t("job_preflight", { collection: job.collection });
  if (job.parent_id) return t("job_retry", { collection: job.collection });
  return t(`job_${job.kind}`, { collection: job.collection });
}
