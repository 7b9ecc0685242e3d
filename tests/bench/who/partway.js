// Partway, by its package. The address is no import of a bundler's: what is raced is what is served.

const address = "/pkg/partway.js";

export async function prepare({ files, api, session, settings: { resume = true, progress = false } }) {
  const { openBucket } = await import(address);
  const bucket = await openBucket({ endpoint: api, token: "token", sessionId: session, resume });
  await bucket.rules();
  return async () => {
    let events = 0;
    const options = progress ? { onProgress: () => (events += 1) } : {};
    const done = await Promise.allSettled(files.map((file) => bucket.upload(file, options).done));
    bucket.close();
    const failed = done.find(({ status }) => status === "rejected");
    if (failed) throw failed.reason;
    if (progress && events === 0) throw new Error("no progress was told");
  };
}
