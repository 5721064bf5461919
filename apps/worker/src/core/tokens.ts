/** Injects the WorkerCore: `@Inject(CORE) core: WorkerCore`. */
export const CORE = Symbol('CORE');
/** Injects the WorkerParts; only where everything outside was reached. */
export const PARTS = Symbol('PARTS');
