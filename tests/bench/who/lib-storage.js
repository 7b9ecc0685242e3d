// Amazon's own: @aws-sdk/lib-storage.

import { S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { pool } from "../pool.js";

export async function prepare({ files, s3, settings: { slice, inFlight } }) {
  const client = new S3Client({
    endpoint: s3,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "id", secretAccessKey: "secret" },
    ...(slice && { requestChecksumCalculation: "WHEN_REQUIRED" }),
  });
  const best = slice ? { partSize: slice, queueSize: inFlight } : {};
  const upload = (file) => new Upload({ client, params: { Bucket: "bucket", Key: file.name, Body: file }, ...best }).done();
  return () => pool(files, 6, upload);
}
