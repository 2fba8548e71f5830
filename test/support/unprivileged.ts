/** Root may read everything: a test of what may not be read is nobody for a moment. */
const NOBODY = 65_534;

/** Runs `work` as a user whom a file's or folder's mode binds. Folders on the way to it must be open to all. Not for Windows. */
export async function unprivileged<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
