import { rm, statfs, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import {
  AppError,
  doubtful,
  found,
  messageOf,
  randomSuffix,
  systemCode,
  wrong,
  type Finding,
  type Random,
} from '#contracts';

const mebibyte = 1024 * 1024;
/** test/e2e/memory.spec.ts holds backups below 300 MB and restores below 400; documents of 16 MB take more. */
const leastMemoryBytes = 512 * mebibyte;
const leastHeapBytes = 256 * mebibyte;
/** mongorestore's configuration and the like: small files. */
const leastTemporaryBytes = 16 * mebibyte;

export interface ProcessMemory {
  /** What V8 may take for its heap. */
  readonly heapLimitBytes: number;
  /** What the process may take: the limit of its container, else the machine's memory. */
  readonly limitBytes: number;
  readonly isContained: boolean;
}

export function processMemory(): ProcessMemory {
  const machine = totalmem();
  const constrained = process.constrainedMemory();
  const isContained = constrained > 0 && constrained < machine;
  return {
    heapLimitBytes: getHeapStatistics().heap_size_limit,
    limitBytes: isContained ? constrained : machine,
    isContained,
  };
}

/** Whether backups and restores fit into this process. */
export function memoryFinding({ heapLimitBytes, limitBytes, isContained }: ProcessMemory): Finding {
  const name = 'memory';
  const text = `${inMebibytes(limitBytes)} ${isContained ? 'in this container' : 'on this machine'}, heap up to ${inMebibytes(heapLimitBytes)}`;
  if (limitBytes < leastMemoryBytes)
    return doubtful(
      name,
      text,
      `A backup takes up to 450 MB, a restore up to 400, whatever the size of the database: give it ${inMebibytes(leastMemoryBytes)}`,
    );
  if (heapLimitBytes < leastHeapBytes)
    return doubtful(name, text, `Raise NODE_OPTIONS=--max-old-space-size to ${leastHeapBytes / mebibyte} or more`);
  return found(name, text);
}

/** Whether the folder of temporary files takes one. */
export async function temporaryFinding(folder: string, random: Random): Promise<Finding> {
  const name = 'temporary folder';
  const file = join(folder, `hazina-doctor-${randomSuffix(random, 8)}`);
  try {
    await writeFile(file, 'x', { mode: 0o600, flag: 'wx' });
    await rm(file);
    const { bavail, bsize } = await statfs(folder);
    const text = `${folder}, ${inMebibytes(bavail * bsize)} free`;
    if (bavail * bsize >= leastTemporaryBytes) return found(name, text);
    return doubtful(name, text, 'Make room, or point TMPDIR at another folder');
  } catch (error) {
    return wrong(
      name,
      new AppError({
        code: 'engine/failed',
        stage: 'probe',
        message: `${folder} takes no file (${systemCode(error) ?? messageOf(error)}): mongodump and mongorestore cannot be given their configuration`,
        hint: 'Make it writable, or point TMPDIR at another folder',
      }),
    );
  }
}

function inMebibytes(bytes: number): string {
  return `${Math.floor(bytes / mebibyte)} MiB`;
}
