// npm run build: compile everything to dist/, bundle the programs.
import { ensureBuilt } from './bootstrap.mjs';

await ensureBuilt();
