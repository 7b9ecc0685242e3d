// A page whose service worker asks for another address than the page did: both ways of sending end alike.

import { ok, same, test } from "./test.js";
import { elsewhere, file, scenario, sha256 } from "./service.js";
import { frame } from "./frame.js";

const FOLDER = "/contract/service-worker/";

/** Runs `body` with the API of a page under the service worker that does `what`. */
async function served(what, body) {
  const registration = await navigator.serviceWorker.register(`${FOLDER}worker.js?do=${what}`, { scope: FOLDER });
  try {
    while (!registration.active || registration.active.state !== "activated") await new Promise((resolve) => setTimeout(resolve, 20));
    const page = await frame(`${FOLDER}index.html`);
    ok(page.scope.navigator.serviceWorker.controller, "the page has its service worker");
    await body(await page.import("/pkg/partway.js"));
    page.remove();
  } finally {
    await registration.unregister();
  }
}

const open = (api, service, options) =>
  api.openBucket({ endpoint: service.endpoint, token: service.token, sessionId: service.sessionId, ...options });

for (const what of ["nothing", "query", "fragment", "path"]) {
  test(`under a service worker that changes ${what}, an upload ends alike with and without onProgress`, () =>
    served(what, async (api) => {
      const service = await scenario();
      const bucket = await open(api, service);
      for (const listen of [{}, { onProgress() {} }, {}, { onProgress() {} }]) {
        const { key } = await bucket.upload(file(99), listen).done;
        same(await sha256(await bucket.download(key)), await sha256(file(99)));
        await bucket.remove(key);
      }
      const puts = (await service.log()).filter(({ method }) => method === "PUT");
      same(puts.length, what === "path" ? 0 : 4);
      bucket.close();
    }));
}

test("under a service worker a redirect to another origin is refused", () =>
  served("nothing", async (api) => {
    for (const status of [307, 308, 302]) {
      const service = await scenario([{ match: { method: "PUT" }, do: { status, redirect: `${elsewhere}/sink` } }]);
      const bucket = await open(api, service, { retry: false });
      for (const listen of [{}, { onProgress() {} }]) {
        const error = await bucket.upload(file(3), listen).done.then(() => undefined, (error) => error);
        ok(error?.code === "network" || error?.code === "protocol", `it ended in ${error?.code ?? "success"}`);
      }
    }
  }));
