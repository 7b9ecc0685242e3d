// Bytes of the WebAssembly's memory, which never shrinks; `null` for who has none.

export async function memory(who) {
  if (who !== "partway") return null;
  const { default: loaded } = await import("/pkg/partway_wasm.js");
  // The glue's loader gives what it loaded before.
  return (await loaded()).memory.buffer.byteLength;
}
