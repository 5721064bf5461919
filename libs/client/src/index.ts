export { createClient, type Client, type ClientOptions } from './create-client.js';
export type { Address, BodyOf, Method, ReplyOf } from './routes.js';
export type { components, paths } from './schema.js';
