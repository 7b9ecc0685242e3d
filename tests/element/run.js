// The suites of the element.

import { run } from "/contract/runner.js";
import "./adding.js";
import "./uploading.js";
import "./accessibility.js";
import "./form.js";
import "./languages.js";
import "./safety.js";
import "./theme.js";
import "./scale.js";

await run();
