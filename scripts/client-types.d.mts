export function clientTypes(document: string): Promise<string>;
