// The suites of the element.

import { run } from "/contract/runner.js";
import "./adding.js";
import "./uploading.js";

await run();
