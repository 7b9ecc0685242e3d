import { useState } from "react";
import { PartwayBucket, PartwayUploader } from "partway/react";
import { getSession } from "./session";

export function App() {
  const [done, setDone] = useState<string[]>([]);
  return (
    <main>
      <h1>Partway with React</h1>
      <PartwayUploader
        id="uploader"
        multiple
        getSession={getSession}
        onDone={({ detail: { name, size } }) => setDone((done) => [...done, `${name}: ${size} bytes`])}
      />
      <ul>
        {done.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <PartwayBucket for="uploader" />
    </main>
  );
}
