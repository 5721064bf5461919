export { createClient, type Client, type ClientOptions } from './create-client.js';
export type { components, paths } from './schema.js';
