// A lock on a folder that dies with the process, however it dies. It is an advisory lock of the kernel on a file in the
// folder, taken through SQLite since Node itself offers none: no process id to be mistaken for another's, no race in
// taking over, and it holds between containers that share the folder.
import { DatabaseSync } from 'node:sqlite';

export interface ExclusiveLock extends Disposable {
  release(): void;
}

const SQLITE_BUSY = 5;

/** The lock, or undefined when somebody else holds it. */
export function tryLock(file: string): ExclusiveLock | undefined {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive');
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  const release = () => {
    if (database.isOpen) database.close();
  };
  return { release, [Symbol.dispose]: release };
}
