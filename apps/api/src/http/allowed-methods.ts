import type { Request } from 'express';

/** What express keeps of each route; `methods` is there, its types leave it out. */
interface Layer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/** The methods that the path of a request is served by, for the `Allow` header; none: there is no such path. */
export function allowedMethods({ app, baseUrl, path }: Request): readonly string[] {
  const layers = app.router.stack as unknown as readonly Layer[];
  const methods = layers
    .filter((layer) => layer.route !== undefined && layer.match(baseUrl + path))
    .flatMap(({ route }) => Object.keys(route?.methods ?? {}).map((method) => method.toUpperCase()));
  return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))].sort();
}
