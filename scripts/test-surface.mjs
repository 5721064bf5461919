// npm run test:surface: what the HTTP surface withstands (test/surface/): every request that its OpenAPI document allows or forbids, planted secrets, load.
// The last line is `N passed, N failed[, N skipped]`.
import { runSuite } from './run-suite.mjs';

await runSuite('surface', ['--runInBand']);
