import { Uploads } from "./uploads";

// Rendered on the server: the elements are in the HTML, and come to life when the page hydrates.
export default function Page() {
  return (
    <main>
      <h1>Partway with Next</h1>
      <Uploads />
    </main>
  );
}
