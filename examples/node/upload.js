// Uploads a file and lists the bucket: node upload.js FILE [ENDPOINT]
import { openAsBlob } from "node:fs";
import { basename } from "node:path";
import { openBucket } from "partway";

const [path, endpoint = "http://127.0.0.1:8787/v1"] = process.argv.slice(2);
if (path === undefined) throw new Error("Say which file: node upload.js FILE [ENDPOINT]");

const answer = await fetch(`${endpoint}/session`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: "{}",
});
if (!answer.ok) throw new Error(`No session: the gateway answered ${answer.status}.`);
const { sessionId, credentials } = await answer.json();

const bucket = await openBucket({ endpoint, sessionId, token: credentials.token });
// A blob over the file on the disk: it is read part by part, never as a whole.
const upload = bucket.upload(await openAsBlob(path), { name: basename(path) });
await upload.done;
for (const { name, size } of await bucket.list()) console.log(`${name}: ${size} bytes`);
bucket.close();
