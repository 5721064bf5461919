/** Injection tokens of what the whole API stands on (core.module.ts): `@Inject(CATALOG) catalog: Catalog`. */
export { METRICS } from '#metrics';
export { JOB_QUEUE } from '#queue';
export const API_CONFIG = Symbol('API_CONFIG');
export const CATALOG = Symbol('CATALOG');
export const STORE = Symbol('STORE');
export const CLOCK = Symbol('CLOCK');
export const RANDOM = Symbol('RANDOM');
export const CHANNELS = Symbol('CHANNELS');
export const RATE_LIMITS = Symbol('RATE_LIMITS');
export const VERSION = Symbol('VERSION');
export const STARTED = Symbol('STARTED');
/** The Reload of the configuration. */
export const CONFIG_RELOAD = Symbol('CONFIG_RELOAD');
