// The suites of the element.

import { run } from "/contract/runner.js";
import "./adding.js";
import "./uploading.js";
import "./form.js";
import "./languages.js";

await run();
