export function testPatterns(names: readonly string[], root: string): string[];
