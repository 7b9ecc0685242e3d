// The suites of the contract.

import { run } from "./runner.js";
import "./load.js";
import "./calls.js";
import "./options.js";
import "./uploads.js";
import "./control.js";
import "./faults.js";
import "./hostile.js";
import "./pollution.js";
import "./rules.js";
import "./foreign-names.js";
import "./schemes.js";
import "./shown-names.js";
import "./resume.js";
import "./messages.js";
import "./local.js";
import "./freezing.js";
import "./services.js";
import "./resilience.js";
import "./realms.js";
import "./wrappers.js";
import "./service-worker.js";
import "./world.js";
import "./downloads.js";
import "./defaults.js";

await run();
