export type * from './contract/alerts.js';
export type * from './contract/backups.js';
export type * from './contract/catalog.js';
export type * from './contract/claims.js';
export type * from './contract/service-state.js';
export type * from './contract/stats.js';
export type * from './contract/tasks.js';
export { catalogOn, connectionOptions, openCatalog, type CatalogOptions } from './open-catalog.js';
