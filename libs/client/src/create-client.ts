import createFetchClient, { type Client as FetchClient } from 'openapi-fetch';
import type { paths } from './schema.js';

/** Speaks the HTTP API: every path, parameter, body and reply is typed by docs/openapi.json, so that drift breaks the build. */
export type Client = FetchClient<paths>;

export interface ClientOptions {
  /** Scheme, host and port; a path where a proxy serves the API below one. */
  readonly baseUrl: string;
  /** The bearer token; a function is asked for it at each request. Without one only the open routes answer. */
  readonly token?: string | (() => string);
  /** Default: the platform's. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** `const { data, error } = await client.GET('/api/admin/backups', { params: { query: { limit: 5 } } })`: `error` is the problem document. */
export function createClient({ baseUrl, token, fetch }: ClientOptions): Client {
  const client = createFetchClient<paths>({ baseUrl, ...(fetch === undefined ? {} : { fetch }) });
  if (token !== undefined)
    client.use({
      onRequest: ({ request }) => {
        request.headers.set('Authorization', `Bearer ${typeof token === 'string' ? token : token()}`);
        return request;
      },
    });
  return client;
}
