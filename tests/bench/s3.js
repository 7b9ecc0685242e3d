// Addresses of S3 as a client signs them for itself: no request is needed for that.

export function address(s3, { key, uploadId, partNumber, uploads = false }) {
  const url = new URL(`${s3}/bucket/${encodeURIComponent(key)}`);
  if (uploads) url.searchParams.set("uploads", "");
  if (uploadId) url.searchParams.set("uploadId", uploadId);
  if (partNumber) url.searchParams.set("partNumber", partNumber);
  return url.href;
}
