import type { AppError, BackupJson } from '#contracts';
import type { ContainerHeader, ReadHeader } from '#crypto';
import type { ObjectStore } from '#storage';
import { backupFolder } from './keys.js';
import {
  inspectStoredHeader,
  isContainerError,
  readStoredHeader,
  warningTexts,
  type StoredHeader,
} from './object-headers.js';

/** What the headers of a backup's objects say without a key, for people: warnings on sidecars, never an error. */
export async function headerWarnings(...objects: readonly StoredHeader[]): Promise<string[]> {
  const warnings: string[] = [];
  for (const stored of objects) {
    try {
      warnings.push(...warningTexts(stored, await inspectStoredHeader(stored)));
    } catch (error) {
      if (!cannotBeRead(stored, error)) throw error;
      warnings.push(`${stored.key}: ${error.message}`);
    }
  }
  return warnings;
}

/** The header of a backup's data as it stands now, the sidecar of a key rotation first, and what is odd about the two; null when neither can be read. Proves nothing. */
export async function readHeaderOf(
  store: ObjectStore,
  backup: BackupJson,
  signal: AbortSignal,
): Promise<{ header: ContainerHeader; warnings: readonly string[] } | null> {
  const key = `${backupFolder(backup.backupId)}${backup.objects.data.key}`;
  const head = await store.head(key, signal);
  if (head === null) return null;
  const stored = await readStoredHeader(store, key, head.bytes, signal);
  let inspected: ReadHeader;
  try {
    inspected = await inspectStoredHeader(stored);
  } catch (error) {
    if (cannotBeRead(stored, error)) return null;
    throw error;
  }
  return { header: inspected.header, warnings: warningTexts(stored, inspected) };
}

function cannotBeRead({ sidecarFailure }: StoredHeader, error: unknown): error is AppError {
  return isContainerError(error) || (error !== undefined && error === sidecarFailure);
}
