/** `#/jobs` and `#/jobs/ID`. */

import { html } from "../ui.js";
import { JobView } from "./job.js";
import { JobList } from "./list.js";

export function JobsView({ path, query }) {
  const jobId = decodeURIComponent(path.split("/")[1] ?? "");
  return jobId ? html`<${JobView} key=${jobId} jobId=${jobId} />` : html`<${JobList} query=${query} />`;
}
