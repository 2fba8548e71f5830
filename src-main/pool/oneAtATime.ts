/** What is done again and again by a clock, and waits while the pool is cut off: once, not once for each time that the clock struck. `task` never rejects. */
export function oneAtATime(task: () => Promise<unknown>): () => void {
  let isRunning = false;
  return () => {
    if (isRunning) return;
    isRunning = true;
    void task().finally(() => (isRunning = false));
  };
}
