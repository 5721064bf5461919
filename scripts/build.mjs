// npm run build: compile everything to dist/.
import { ensureBuilt } from './bootstrap.mjs';

await ensureBuilt();
