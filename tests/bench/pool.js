// Does `work` to every item, `most` of them at a time.

export async function pool(items, most, work) {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await work(items[next++]);
  };
  await Promise.all(Array.from({ length: most }, worker));
}
