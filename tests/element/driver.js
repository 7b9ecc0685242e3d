// This page's end of the bridge (xtask/src/browsers/bridge.rs): one command at a time, performed by WebDriver.

let tail = Promise.resolve();
const driver = (window.driver = { command: null, target: null, answer: null });

/** Asks for a command; gives its answer, or fails with the driver's sentence. */
export function ask(command) {
  const turn = tail.then(
    () =>
      new Promise((resolve, reject) => {
        driver.answer = ({ value, error }) => {
          driver.command = null;
          if (error === undefined) resolve(value);
          else reject(new Error(`${error} (the driver, asked for ${JSON.stringify(command).slice(0, 200)})`));
        };
        driver.command = command;
      }),
  );
  tail = turn.catch(() => {});
  return turn;
}

/** A command of the Chrome DevTools protocol; Chromium only. */
export const devtools = (cmd, params = {}) => ask({ path: "/goog/cdp/execute", body: { cmd, params } });
