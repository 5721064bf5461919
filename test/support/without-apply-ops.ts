import { it } from '@jest/globals';
import { services } from '../services/services.js';

/** A test that needs a server without `applyOps`, such as FerretDB. */
export const withoutApplyOps = services().mongodbKind === 'mongod' ? it.skip : it;
