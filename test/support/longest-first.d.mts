export default class LongestFirst {
  constructor(options: unknown);
  sort<T extends { readonly path: string }>(tests: T[]): T[];
}
