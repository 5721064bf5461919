const tasks = new Set<() => void>();

/**
 * What must not outlive this process even when it ends in the middle (a second Ctrl-C, an exception that nobody caught): runs synchronously at its exit.
 * Returns the way to take it back.
 */
export function atExit(task: () => void): () => void {
  if (tasks.size === 0) process.on('exit', runAll);
  tasks.add(task);
  return () => {
    tasks.delete(task);
    if (tasks.size === 0) process.off('exit', runAll);
  };
}

function runAll(): void {
  for (const task of tasks) task();
}
