/** An environment variable as users know it. */
export interface Variable {
  readonly name: string;
  readonly secret?: true;
  /** As text, as a user would write it; absent: no default. */
  readonly default?: string;
  readonly meaning: string;
}
