/** Whether a text can be a MongoDB connection string at all; what is wrong with its options the driver says. */
export function isMongoUri(text: string): boolean {
  return /^mongodb(\+srv)?:\/\/[^/?]/.test(text);
}

/** The database in the path of a MongoDB URI; undefined without one. */
export function databaseOf(uri: string): string | undefined {
  const path = /^mongodb(?:\+srv)?:\/\/[^/?]*\/([^?]*)/.exec(uri)?.[1];
  if (path === undefined || path === '') return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    // Not percent-encoded: the driver refuses such a URI, or takes it as it stands.
    return path;
  }
}

/** The databases that are asked for: those named, else the one in the URI's path (not `admin`, where users live), else none by name, which means all. */
export function askedDatabases(named: readonly string[], pathDatabase: string | undefined): readonly string[] {
  return named.length > 0 || pathDatabase === undefined || pathDatabase === 'admin' ? named : [pathDatabase];
}
