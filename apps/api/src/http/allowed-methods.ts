import type { Request } from 'express';

interface Route {
  readonly path: string;
  readonly methods: Readonly<Record<string, boolean>>;
}

/** What express keeps of each route; its types leave it out. */
interface Layer {
  readonly route?: Route;
  match(path: string): boolean;
}

/** The methods that the path of a request is served by, for the `Allow` header; none: there is no such path. */
export function allowedMethods({ app, baseUrl, path }: Request): readonly string[] {
  const layers = app.router.stack as unknown as readonly Layer[];
  const routes = layers
    .filter((layer) => layer.route !== undefined && layer.match(baseUrl + path))
    .flatMap(({ route }) => (route === undefined || takesAll(route) ? [] : [route]));
  const methods = nearest(routes).flatMap((route) => Object.keys(route.methods).map((method) => method.toUpperCase()));
  return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))].sort();
}

/** Nest's own for what is not found is registered for every method there is; each of ours for one. */
function takesAll({ methods }: Route): boolean {
  return Object.keys(methods).length > 1;
}

/** `/backups/stats` is a path of its own, and no id of a backup that could be deleted. */
function nearest(routes: readonly Route[]): readonly Route[] {
  const literal = routes.filter(({ path }) => !/[:*{]/.test(path));
  return literal.length > 0 ? literal : routes;
}
