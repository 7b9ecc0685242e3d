// The suites of the element.

import { run } from "/contract/runner.js";

await run();
