/** How much a dry run looks at. What is beyond is told, and not known. */
export interface ConflictBounds {
  /** Documents in all. */
  readonly documents: number;
  /** BSON bytes in all. */
  readonly bytes: number;
  /** Values of unique indexes that are remembered: at most 24 bytes each. */
  readonly keys: number;
  /** Documents of a collection that validators are asked about. */
  readonly validated: number;
  readonly ms: number;
}

export const conflictBounds: ConflictBounds = {
  ...{ documents: 500_000, bytes: 512 << 20, keys: 2_000_000 },
  ...{ validated: 10_000, ms: 120_000 },
};
