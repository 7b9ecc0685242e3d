// The longest task of the main thread. Chromium tells those from 50 ms on; 0 is less than that.

export function longestTask() {
  let longest = 0;
  const see = (list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  };
  const observer = new PerformanceObserver(see);
  observer.observe({ type: "longtask" });
  return {
    async end() {
      await new Promise((told) => setTimeout(told, 100));
      see({ getEntries: () => observer.takeRecords() });
      observer.disconnect();
      return longest;
    },
  };
}
