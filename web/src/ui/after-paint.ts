/** Of more spans than this, what passes over every one waits until the rows are on screen. */
export const MANY_SPANS = 10_000;

/**
 * Runs a task when the frame that is in the making is on screen, and whatever waits for the next one has had its turn.
 * @returns takes it back
 */
export function afterPaint(task: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let frame = requestAnimationFrame(() => {
    frame = requestAnimationFrame(() => {
      timer = setTimeout(task);
    });
  });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
