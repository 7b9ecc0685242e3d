// A service worker that asks for another address than the page did, as `?do=` says.

const query = new URLSearchParams(location.search);
const CHANGES = {
  nothing: (url) => url,
  // A download link is signed as it is.
  query: (url) => (url.includes("?") ? url : `${url}?v=1`),
  fragment: (url) => `${url}#v1`,
  // The same API on the same store, without the scenario.
  path: (url) => url.replace(/\/s[0-9a-z]+-\d+\/v1\//, "/v1/"),
};
const change = CHANGES[query.get("do")];

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event;
  if (new URL(request.url).origin === location.origin) return;
  event.respondWith(pass(request));
});

async function pass(request) {
  const { method, redirect } = request;
  const body = method === "GET" || method === "DELETE" ? undefined : await request.arrayBuffer();
  return fetch(change(request.url), { method, headers: request.headers, body, redirect, credentials: "omit" });
}
