interface Suite {
  readonly name: string;
  readonly args: readonly string[];
  readonly fixedMs: number;
  readonly share: number;
  readonly untilMs: number;
}
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
export const budgetMs: { readonly matrix: number; readonly all: number };
export const longSuites: readonly Suite[];
export function estimateMs(suite: Pick<Suite, 'fixedMs' | 'share'>, testMs: number): number;
export function fits(
  suite: Pick<Suite, 'fixedMs' | 'share' | 'untilMs'>,
  time: { readonly elapsedMs: number; readonly testMs: number },
): boolean;
export function readCounts(output: string): Counts | null;
