/** Where the gateway is: `?endpoint=…`, else the one that `cargo xtask demo` starts. */
const endpoint = new URLSearchParams(location.search).get("endpoint") ?? "http://127.0.0.1:8787/v1";

/** Opens a session. A page of yours asks your own server, which knows who may have one. */
export async function getSession() {
  const answer = await fetch(`${endpoint}/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  if (!answer.ok) throw new Error(`No session: the gateway answered ${answer.status}.`);
  const { sessionId, credentials } = await answer.json();
  return { endpoint, sessionId, token: credentials.token };
}
