/** The number of a server's error; undefined for any other error. */
export function serverCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}

/** Codes of server errors that a dump decides by (MongoDB's error_codes.yml). */
export const serverCodes = {
  badValue: 2,
  failedToParse: 9,
  unauthorized: 13,
  illegalOperation: 20,
  namespaceNotFound: 26,
  invalidOptions: 72,
  commandNotFound: 59,
  queryPlanKilled: 175,
  snapshotTooOld: 239,
  snapshotUnavailable: 246,
  noQueryExecutionPlans: 291,
} as const;
