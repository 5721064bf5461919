import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '#contracts';

/** Bytes that this user may still write below a folder; the folder itself may not be there yet. */
export async function freeBytesOf(folder: string): Promise<number> {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      return bavail * bsize;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || dirname(at) === at) throw error;
    }
  }
}
