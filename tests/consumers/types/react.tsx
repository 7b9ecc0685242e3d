// Everything of `react.d.ts`, as a strict program uses it. It is compiled, never run. What must be refused says so.

import { createRef, useState, type ReactElement } from "react";
import type { PartwayBucket as BucketElement, PartwayUploader as UploaderElement } from "partway/element";
import { PartwayBucket, PartwayUploader } from "partway/react";

export function Uploads(): ReactElement {
  const [done, setDone] = useState<string[]>([]);
  const uploader = createRef<UploaderElement>();
  const list = createRef<BucketElement>();
  return (
    <form>
      <PartwayUploader
        ref={uploader}
        id="uploader"
        className="wide"
        style={{ maxWidth: 600 }}
        endpoint="https://api.example/v1"
        sessionId="id"
        names="partway"
        partSize={8 << 20}
        parallel={4}
        multiple
        directory={false}
        accept="image/*"
        capture="environment"
        maxFiles={10}
        maxSize={1 << 30}
        manual
        paste="document"
        drop="self"
        noResume
        disabled={done.length > 3}
        required
        name="files"
        label="Files"
        lang="de"
        dir="ltr"
        getSession={async () => ({ token: "token" })}
        bucket={null}
        validate={(file, name) => (file.size > 0 ? null : `${name} is empty`)}
        messages={{ browse: "Choose" }}
        onAdd={(event) => event.preventDefault()}
        onReject={({ detail }) => console.warn(detail.code)}
        onStart={({ detail }) => console.log(detail.id)}
        onProgress={({ detail }) => console.log(detail.sent / detail.total)}
        onDone={({ detail }) => setDone((done) => [...done, detail.entry.key])}
        onError={({ detail }) => console.warn(detail.error?.message)}
        onComplete={({ detail }) => console.log(detail.done)}
        onSessionExpired={({ detail }) => detail.respondWith({ token: "token" })}
        onClick={() => uploader.current?.openPicker()}
      />
      <PartwayUploader />
      <PartwayBucket ref={list} for="uploader" readonly bucket={null} onClick={() => void list.current?.refresh()} />
      {/* @ts-expect-error there is no token */}
      <PartwayUploader token="token" />
      {/* @ts-expect-error a session has a token */}
      <PartwayUploader getSession={() => ({})} />
      {/* @ts-expect-error progress tells totals, no file */}
      <PartwayUploader onProgress={({ detail }) => detail.id} />
      {/* @ts-expect-error no such scheme */}
      <PartwayUploader names="rot13" />
    </form>
  );
}
