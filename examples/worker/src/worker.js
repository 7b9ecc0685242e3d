import { isPartwayError, openBucket } from "partway";

let bucket;

addEventListener("message", async ({ data: { session, file } }) => {
  try {
    bucket ??= await openBucket(session);
    const upload = bucket.upload(file, {
      onProgress: ({ sent, total }) => postMessage({ progress: total === 0 ? 1 : sent / total }),
    });
    await upload.done;
    const entries = await bucket.list();
    postMessage({ entries: entries.map(({ name, size }) => ({ name, size })) });
  } catch (error) {
    postMessage({ error: isPartwayError(error) ? `${error.code}: ${error.message}` : String(error) });
  }
});
