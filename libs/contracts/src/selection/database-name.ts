const mostBytes = 63;

/** As servers have it (those on Windows refuse a few more). */
export function isDatabaseName(name: string): boolean {
  return Buffer.byteLength(name) <= mostBytes && /^[^/\\. "$\0]+$/.test(name);
}
