// A page of its own in a frame, which tests reload and leave.

import "/pkg/element/index.js";

window.ready = true;
