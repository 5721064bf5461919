import { hostname } from 'node:os';
import { openCatalog, type Catalog } from '#catalog';
import type { CatalogAccess } from '#config';
import { randomSuffix } from '#contracts';
import type { CliContext } from './context.js';

/** The catalogue of CATALOG_MONGODB_URI (`readOnly`: nothing is written, no index built); closed when the action ends, however it ends. */
export async function withCatalog<T>(
  { uri, readOnly = false }: Pick<CatalogAccess, 'uri'> & { readonly readOnly?: boolean },
  { clock, random }: CliContext,
  action: (catalog: Catalog) => Promise<T>,
): Promise<T> {
  const catalog = await openCatalog({ uri, clock, random, appName: 'hazina-cli', readOnly });
  try {
    return await action(catalog);
  } finally {
    await catalog.close();
  }
}

/** Who writes, in the form of workers' names: `<host>/<pid>/<random>`. */
export function ownerOf({ random }: CliContext): string {
  return `${hostname()}/${process.pid}/${randomSuffix(random, 8)}`;
}
