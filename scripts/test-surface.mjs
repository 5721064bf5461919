// npm run test:surface [-- NAME…]: what the HTTP surface withstands (test/surface/): every request that its OpenAPI document allows or forbids, planted secrets,
// load. With names only those files. The last line is `N passed, N failed[, N skipped]`.
import { runSuite } from './run-suite.mjs';

await runSuite('surface', ['--runInBand']);
