"use client";

import { useState } from "react";
import { PartwayBucket, PartwayUploader } from "partway/react";
import { getSession } from "./session";

export function Uploads() {
  const [sessions, setSessions] = useState(0);
  const [done, setDone] = useState([]);
  return (
    <>
      <PartwayUploader
        id="uploader"
        multiple
        getSession={() => {
          setSessions((sessions) => sessions + 1);
          return getSession();
        }}
        onDone={({ detail: { name, size } }) => setDone((done) => [...done, `${name}: ${size} bytes`])}
      />
      <p>Sessions opened: {sessions}</p>
      <ul>
        {done.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <PartwayBucket for="uploader" />
    </>
  );
}
