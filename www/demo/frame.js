/** Gathers many reasons to draw into one drawing: at most one a frame, and not more often than a given interval. */

/**
 * @param {() => void} draw
 * @param {number} [interval] Least milliseconds between two drawings.
 * @returns {() => void} Call it as often as you like; `draw` runs once for all calls.
 */
export function throttled(draw, interval = 0) {
  let last = -Infinity;
  let pending = false;
  let timer = 0;
  let frame = 0;

  function run() {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    pending = false;
    last = performance.now();
    draw();
  }

  function nextFrame() {
    frame = requestAnimationFrame(run);
    // A hidden page gets no frames, and its list must still be right for whoever reads it.
    timer = window.setTimeout(run, 250);
  }

  return () => {
    if (pending) return;
    pending = true;
    const wait = last + interval - performance.now();
    if (wait <= 0) nextFrame();
    else timer = window.setTimeout(nextFrame, wait);
  };
}

/** Lets the browser paint and take input before the next slice of a long job. @returns {Promise<void>} */
export const breath = () => new Promise((done) => setTimeout(done, 0));
