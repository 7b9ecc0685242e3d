// Uppy before its rewrite: six parts at a time.

import Uppy from "@uppy/core";
import AwsS3 from "@uppy/aws-s3";
import { address } from "../s3.js";
import { race } from "../uppy-race.js";

const text = async (answer) => {
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.text();
};

export async function prepare({ files, s3, settings: { slice, limit } }) {
  const options = {
    shouldUseMultipart: (file) => (file.size ?? 0) > 100 * 1024 * 1024,
    getUploadParameters: (file) => ({ method: "PUT", url: address(s3, { key: file.name }), headers: {} }),
    async createMultipartUpload(file) {
      const answer = await text(await fetch(address(s3, { key: file.name, uploads: true }), { method: "POST" }));
      return { key: file.name, uploadId: /<UploadId>([^<]*)</.exec(answer)[1] };
    },
    signPart: (_, { key, uploadId, partNumber }) => ({ url: address(s3, { key, uploadId, partNumber }) }),
    listParts: () => [],
    async abortMultipartUpload() {},
    async completeMultipartUpload(_, { key, uploadId, parts }) {
      const list = parts.map(({ PartNumber, ETag }) => `<Part><PartNumber>${PartNumber}</PartNumber><ETag>${ETag}</ETag></Part>`);
      const body = `<CompleteMultipartUpload>${list.join("")}</CompleteMultipartUpload>`;
      await text(await fetch(address(s3, { key, uploadId }), { method: "POST", body }));
      return {};
    },
  };
  const isLarge = ({ size }) => size > slice;
  const best = slice ? { getChunkSize: () => slice, shouldUseMultipart: isLarge, limit } : {};
  return race(Uppy, AwsS3, { ...options, ...best }, files);
}
