// Uppy, newest: its parts go one after the other.

import Uppy from "@uppy/core";
import AwsS3 from "@uppy/aws-s3";
import { address } from "../s3.js";
import { race } from "../uppy-race.js";

export async function prepare({ files, s3, settings: { slice, limit } }) {
  const signRequest = ({ method, key, uploadId, partNumber }) => ({
    url: address(s3, { key, uploadId, partNumber, uploads: method === "POST" && !uploadId }),
  });
  const isLarge = ({ size }) => size > slice;
  const best = slice ? { getChunkSize: () => slice, shouldUseMultipart: isLarge, limit } : {};
  return race(Uppy, AwsS3, { signRequest, ...best }, files);
}
