// A tus server, of @tus/server, whose store throws bytes away and counts them. `POST /runs/N` opens one at
// `/run/N/files` with the faults of its body; `GET /runs/N` tells what came. Prints its port.

import { createServer } from "node:http";
import { DataStore, Server, Upload } from "@tus/server";

const runs = new Map();

/** Keeps of an upload how much of it came. */
class Sink extends DataStore {
  extensions = ["creation", "creation-with-upload"];
  uploads = new Map();
  constructor(run) {
    super();
    this.run = run;
  }
  async create(upload) {
    this.uploads.set(upload.id, new Upload({ ...upload, creation_date: undefined, offset: 0 }));
    return upload;
  }
  async getUpload(id) {
    const upload = this.uploads.get(id);
    if (!upload) throw { status_code: 404, body: "no such upload\n" };
    return new Upload({ ...upload });
  }
  async write(stream, id, offset) {
    const upload = this.uploads.get(id);
    upload.offset = offset;
    for await (const { length } of stream) {
      upload.offset += length;
      this.run.bytes += length;
      this.run.last = Date.now();
    }
    return upload.offset;
  }
}

function open(id, { late = 0, failEvery = 0, outage = null }) {
  const run = { bytes: 0, last: 0, requests: 0, late, failEvery, outage, downUntil: 0 };
  run.store = new Sink(run);
  run.server = new Server({ path: `/run/${id}/files`, datastore: run.store });
  runs.set(id, run);
}

/** Whether all connections are to be cut now. */
function isDown(run) {
  if (run.outage && !run.downUntil && run.bytes >= run.outage.after) run.downUntil = Date.now() + run.outage.millis;
  return Date.now() < run.downUntil;
}

const sockets = new Set();
const http = createServer(async (req, res) => {
  const [, place, id] = req.url.split("/");
  if (place === "runs") {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    if (req.method === "POST") open(id, JSON.parse(Buffer.concat(chunks)));
    const { bytes, last, store } = runs.get(id);
    const files = [...store.uploads.values()].map(({ size, offset }) => ({ size, offset }));
    return res.end(JSON.stringify({ bytes, last, files }));
  }
  const run = runs.get(id);
  if (!run) return res.writeHead(404).end();
  if (isDown(run)) return req.socket.destroy();
  if (run.outage && !run.downUntil) {
    const watch = setInterval(() => isDown(run) && req.socket.destroy(), 5);
    res.once("close", () => clearInterval(watch));
  }
  if (req.method !== "OPTIONS") {
    run.requests += 1;
    if (run.failEvery && run.requests % run.failEvery === 7) {
      for await (const { length } of req) run.bytes += length;
      const headers = { "Access-Control-Allow-Origin": "*", "Tus-Resumable": "1.0.0" };
      return res.writeHead(503, headers).end();
    }
  }
  if (run.late) await new Promise((over) => setTimeout(over, run.late));
  return run.server.handle(req, res);
});
http.on("connection", (socket) => {
  socket.setNoDelay(true);
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
});
http.keepAliveTimeout = 60_000;
http.listen(0, "127.0.0.1", () => console.log(http.address().port));
