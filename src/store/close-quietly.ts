// Closes a database that may be damaged or on a full disk: there is nothing to do about what fails then.

import type { DatabaseSync } from 'node:sqlite';

export function closeQuietly(database: DatabaseSync | undefined): void {
  try {
    if (database?.isOpen) database.close();
  } catch {
    // What could not be written back stays in its log.
  }
}
